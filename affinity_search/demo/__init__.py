"""The demonstration: a shop taken all the way into the engine, and two shoppers who ask it the same thing."""

from affinity_search.demo.compare import Comparison, compare
from affinity_search.demo.deployed import Demo, deploy_demo

__all__ = ["Comparison", "Demo", "compare", "deploy_demo"]
