"""Words of the synthetic demo shop. All brands and lines are invented."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BRANDS", "CATEGORIES", "COLOURS", "LINES", "Category"]


@dataclass(frozen=True)
class Category:
    """A kind of goods: its name as people type it, its field of use, materials, usual price, and if it is used up."""

    name: str
    use: str
    materials: tuple[str, ...]
    price: float
    consumable: bool = False


MESH = ("mesh", "knit", "leather")
SHELL = ("nylon", "polyester", "recycled polyester")
ROAST = ("light roast", "medium roast", "dark roast")
STEEL = ("steel", "aluminium", "ceramic")
SNACK = ("oat", "almond", "date")

CATEGORIES = (
    Category("running shoes", "running", MESH, 110),
    Category("trail shoes", "running", MESH, 125),
    Category("running shorts", "running", SHELL, 38),
    Category("running socks", "running", ("merino", "cotton", "polyester"), 14),
    Category("sports watch", "running", ("resin", "steel", "titanium"), 190),
    Category("running vest", "running", SHELL, 75),
    Category("hiking boots", "outdoor", ("leather", "suede", "nylon"), 150),
    Category("rain jacket", "outdoor", SHELL, 120),
    Category("fleece jacket", "outdoor", ("wool", "polyester", "recycled polyester"), 70),
    Category("backpack", "outdoor", ("canvas", "nylon", "recycled polyester"), 85),
    Category("tent", "outdoor", SHELL, 240),
    Category("sleeping bag", "outdoor", ("down", "polyester", "wool"), 130),
    Category("water bottle", "outdoor", ("steel", "glass", "plastic"), 22),
    Category("headlamp", "outdoor", ("plastic", "aluminium"), 35),
    Category("coffee grinder", "coffee", STEEL, 95),
    Category("coffee mug", "coffee", ("ceramic", "enamel", "glass"), 16),
    Category("coffee beans", "coffee", ROAST, 13, consumable=True),
    Category("ground coffee", "coffee", ROAST, 9, consumable=True),
    Category("energy bar", "running", SNACK, 3, consumable=True),
    Category("energy gel", "running", ("berry", "lemon", "cola"), 2, consumable=True),
)

BRANDS = {
    "running": ("Nordvik", "Fleetwing", "Solara", "Quickstep", "Pacemark", "Ostrya"),
    "outdoor": ("Granitpeak", "Wildfen", "Nordvik", "Tarnhollow", "Corrie", "Larchwood"),
    "coffee": ("Morgenrot", "Casa Bruma", "Kopje", "Alta Loma", "Brunello Roasters", "Fjordkaffe"),
}

LINES = (
    *("Falcon", "Comet", "Ridge", "Harbour", "Pilot", "Cedar", "Ember", "Drift", "Summit", "Willow"),
    *("Aurora", "Vale", "Breeze", "Boulder", "Meadow", "Raven", "Tempo", "Lumen", "Delta", "Canyon"),
)

COLOURS = ("black", "blue", "red", "green", "grey", "orange", "purple", "white", "yellow", "pink")
