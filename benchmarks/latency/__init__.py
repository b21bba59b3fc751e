"""How long a personalised search takes, and how many the engine answers, against the re-ranking an app would do."""
