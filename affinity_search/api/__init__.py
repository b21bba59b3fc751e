"""The public functions, one argument order for all: engine, state, configuration, input, then options by name.

Each is one call of the library function behind the command of the same name. `affinity_search` offers them by name and
imports a module of this package only when one of its names is asked for.
"""
