"""What a prompt can name that the preview engine knows how to show."""

from enum import StrEnum


class Place(StrEnum):
    """Where a scene is set."""

    SEA = "sea"
    LAKE = "lake"
    UNDERWATER = "underwater"
    FOREST = "forest"
    MEADOW = "meadow"
    MOUNTAINS = "mountains"
    DESERT = "desert"
    CITY = "city"
    SPACE = "space"
    LUNAR = "lunar"
    VOLCANO = "volcano"
    ROOM = "room"
    SKY = "sky"
    ABSTRACT = "abstract"


class Light(StrEnum):
    """The light that a scene is seen in."""

    DAY = "day"
    SUNSET = "sunset"
    DAWN = "dawn"
    NIGHT = "night"
    STORM = "storm"
    GREY = "grey"


class Weather(StrEnum):
    """What moves through the air, several at once."""

    RAIN = "rain"
    SNOW = "snow"
    FOG = "fog"
    CLOUDS = "clouds"
    PETALS = "petals"
    LEAVES = "leaves"
    EMBERS = "embers"
    FIREFLIES = "fireflies"
    SPARKLES = "sparkles"
    STARS = "stars"
    AURORA = "aurora"
    BUBBLES = "bubbles"


class Body(StrEnum):
    """What stands in the sky."""

    SUN = "sun"
    MOON = "moon"
    PLANET = "planet"


class Matter(StrEnum):
    """What the subject is made of, when that changes its looks."""

    FIRE = "fire"
    NEON = "neon"
    PAPER = "paper"
    GOLD = "gold"
    ICE = "ice"
    GHOST = "ghost"


class Hue(StrEnum):
    """A named colour."""

    RED = "#c8352b"
    ORANGE = "#e8802a"
    YELLOW = "#f2c53d"
    GREEN = "#4f9d52"
    TEAL = "#2b9c9a"
    BLUE = "#3c74c9"
    PURPLE = "#7d4fb0"
    PINK = "#ee86ae"
    WHITE = "#f2efe9"
    BLACK = "#2b2b33"
    BROWN = "#7d5438"
    SILVER = "#a9b2bc"
    GOLDEN = "#e0ac3f"


class Thing(StrEnum):
    """A subject with a shape of its own."""

    FOX = "fox"
    CAT = "cat"
    DOG = "dog"
    RABBIT = "rabbit"
    BEAR = "bear"
    DEER = "deer"
    HORSE = "horse"
    PENGUIN = "penguin"
    OWL = "owl"
    BIRD = "bird"
    BUTTERFLY = "butterfly"
    FISH = "fish"
    WHALE = "whale"
    JELLYFISH = "jellyfish"
    TURTLE = "turtle"
    DRAGON = "dragon"
    PERSON = "person"
    ASTRONAUT = "astronaut"
    ROBOT = "robot"
    SNOWMAN = "snowman"
    BOAT = "boat"
    SAILBOAT = "sailboat"
    ROCKET = "rocket"
    BALLOON = "balloon"
    PLANE = "plane"
    UFO = "ufo"
    CAR = "car"
    LIGHTHOUSE = "lighthouse"
    HOUSE = "house"
    CASTLE = "castle"
    TREE = "tree"
    FLOWER = "flower"
    MUSHROOM = "mushroom"
    CACTUS = "cactus"
    SOFA = "sofa"
    LANTERN = "lantern"
    CUP = "cup"
    HEART = "heart"


Concept = Place | Light | Weather | Body | Matter | Hue | Thing
