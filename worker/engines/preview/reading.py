"""Reading a prompt: which place, light, weather and subjects it names, in whatever language or
emoji.

Latin words are matched whole, in singular or plural; other scripts and emoji, which set no spaces
or bend their words, wherever they stand. An underscore is a space. What is not here is not shown: a
scene without its subject, or an abstract composition, is better than a wrong one.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

_TABLES: Final = {
    "place": """
        sea: sea ocean beach wave coast shore island 海 波 🌊 🏝 🏖; lake: lake river pond stream
        waterfall lagoon reflection 湖 川 河 池 🏞; underwater: underwater reef coral aquarium
        seabed deep_water deep_sea submarine undersea 海底 水中 深海 水下 🪸; forest: forest wood
        woods jungle woodland 森 林 樹林 🌲 🏕; meadow: meadow field grass garden park hill farm
        valley 草原 野原 花園 花园 庭 草 🌿 🌱 🍀 🌾 🏡; mountains: mountain mountains peak alps
        glacier 山 富士 🏔 ⛰ 🗻; desert: desert dune sahara sand oasis 砂漠 沙漠 砂 沙丘 🏜; city:
        city town street skyline skyscraper cyberpunk alley 街 都市 城市 都会 東京 东京 🏙 🌃 🌆 🌇
        🚦; space: space galaxy cosmos universe nebula planet planets cosmic 宇宙 太空 银河 銀河 🌌
        ☄ 🪐; volcano: volcano lava magma 火山 熔岩 溶岩 🌋; room: room bedroom kitchen living_room
        indoors interior couch sofa table desk bed cafe window 部屋 屋内 房间 🛏 🪟; sky: sky skies
        flying above_the_clouds 空 天空; abstract: abstract fractal psychedelic kaleidoscope
        pattern liquid ink""",
    "light": """
        day: day daylight sunny noon summer bright 昼 晴れ ☀ 🌞; sunset: sunset dusk evening
        twilight golden_hour autumn fall 夕日 夕焼け 夕陽 黄昏 日落 🌅 🌇 🌆; dawn: dawn sunrise
        morning spring pastel dreamy 朝 夜明け 日の出 清晨 日出 🌄; night: night midnight dark
        moonlight moonlit starry cyberpunk nocturnal noche 夜 🌃 🌙 🌌 🌠; storm: storm stormy
        thunder lightning 嵐 暴風 风暴 雷 ⛈ 🌩 ⚡ 🌪; grey: fog foggy mist misty overcast cloudy haze
        gloomy grey_sky 霧 雾 曇 🌫 ☁""",
    "weather": """
        rain: rain rainy raining storm stormy 雨 嵐 🌧 ⛈ ☔; snow: snow snowy snowing winter
        blizzard snowfall snowflake frozen ice icy 雪 冬 氷 ❄ ☃ ⛄ 🎄; fog: fog foggy mist misty
        haze hazy smoke steam 霧 雾 🌫; clouds: cloud cloudy clouds overcast 雲 云 ☁ ⛅ 🌥; petals:
        petal blossom sakura cherry_blossom cherry_blossoms 桜 樱花 花びら 🌸 💮; leaves: leaf
        leaves autumn fall maple foliage 紅葉 落ち葉 枫叶 秋 🍂 🍁 🍃; embers: fire flame ember
        made_of_fire on_fire fire_bird fiery flaming phoenix 火焰 lava spark burning blaze volcano
        火 炎 焰 🔥 🌋; fireflies: firefly fireflies fairy fairies lanterns 蛍 萤火虫; sparkles:
        magic magical sparkle glitter glittering stardust wizard enchanted spell party confetti
        魔法 ✨ 🎇 🎆 🎉 🪄; stars: milky_way star starry stars 星 ⭐ 🌟 🌠 ✨; bubbles: bubble
        soap_bubbles 泡 🫧""",
    "body": """
        sun: sun sunshine sunrise sunset 太陽 太阳 夕日 日の出 ☀ 🌞 🌅 🌄; moon: moon moonlight
        moonlit lunar 月 🌙 🌕; planet: planet saturn jupiter earth 惑星 行星 土星 地球 🪐 🌍 🌎
        🌏""",
    "matter": """
        fire: made_of_fire on_fire fire_bird fiery flaming burning phoenix; neon: neon cyberpunk
        holographic hologram synthwave ネオン 霓虹; paper: paper paper_boat origami papercraft 紙
        折り紙 纸; gold: made_of_gold solid_gold gold_statue 黄金; ice: made_of_ice crystal glass
        made_of_glass; ghost: ghost ghostly spirit spectral phantom 幽霊 👻""",
    "hue": """
        c8352b: red 赤 红 紅; e8802a: orange amber 橙; f2c53d: yellow 黄色; 4f9d52: green 緑 绿;
        2b9c9a: teal turquoise cyan; 3c74c9: blue 青 蓝 藍; 7d4fb0: purple violet lavender 紫;
        ee86ae: pink magenta rose 桃色 ピンク 粉色; f2efe9: white 白; 2b2b33: black 黒 黑; 7d5438:
        brown 茶色 棕; a9b2bc: silver gray grey metallic chrome 銀色 银色; e0ac3f: gold golden
        金色""",
    "thing": """
        fox: fox zorro 狐 キツネ きつね 🦊; cat: cat kitten gato 猫 ネコ ねこ 🐱 🐈 😺 😸; dog: dog
        puppy wolf 犬 狗 イヌ 狼 🐶 🐕 🐺 🐩; bird: bird eagle seagull dove phoenix fire_bird 鳥 鸟
        鶴 🐦 🦅 🕊 🦜 🦢; fish: fish goldfish koi clownfish 魚 鱼 金魚 鯉 🐟 🐠 🐡 🎏; dragon:
        dragon 竜 龍 龙 ドラゴン 🐉 🐲; astronaut: astronaut spaceman 宇宙飛行士 宇航员 👨‍🚀 👩‍🚀
        🧑‍🚀; boat: boat paper_boat 舟 ボート 🛶; rocket: rocket spaceship spacecraft ロケット
        火箭 🚀; balloon: balloon hot_air_balloon 気球 热气球 🎈; car: car taxi automobile 車 车
        汽车 🚗 🚙 🏎; lighthouse: lighthouse 灯台 灯塔; house: house cottage cabin hut home village
        家 小屋 房子 🏠 🏡 🏚 🛖; castle: castle 城堡 城が お城 🏰; tree: tree palm 木 樹 树 🌳 🌴
        🎋; flower: flower rose tulip sunflower daisy lotus lily poppy 花 🌷 🌹 🌺 🌻 🌼 🪷 💐;
        cup: coffee tea cup mug latte コーヒー 咖啡 茶 ☕ 🍵 🫖; camel: camel ラクダ 骆驼 🐪
        🐫""",
    "not shown": """
        other: hot_dog sea_lion sea_horse star_fish house_fly fire_truck fire_fighter paper_work
        熊猫 猫头鹰 河马 海豚 海狮 木星 火星 水星 金星 人魚 火車 火车""",
}
VOCABULARY: Final = {
    aspect: {
        name.strip(): tuple(words.split())
        for name, words in (entry.split(":") for entry in table.split(";"))
    }
    for aspect, table in _TABLES.items()
}
"""For each aspect of a scene what can be named of it, with its words; a hue is named by its hex
digits. What is not shown would else be taken for something by a part of its word."""

HOMES: Final = {
    name: place
    for place, names in {
        "underwater": "fish", "space": "rocket astronaut planet", "city": "car neon",
        "volcano": "dragon embers fire", "forest": "fox snow leaves fireflies fog",
        "mountains": "balloon castle moon stars night sunset", "room": "cup",
        "sky": "bird clouds day grey", "sea": "boat lighthouse rain storm", "desert": "camel",
        "lake": "petals sun dawn",
    }.items()
    for name in names.split()
}  # fmt: skip
"""Where a subject is shown when the prompt names no place, or weather when it names neither."""

_NIGHTLY: Final = frozenset({"stars", "fireflies", "moon", "neon"})
_LIGHT_RANK: Final = ("storm", "night", "sunset", "dawn", "grey", "day")
_NUMBERS: Final = {"two": 2, "three": 3, "four": 4, "several": 4, "five": 5, "many": 5, "herd": 5}

_Concept = tuple[str, str]  # an aspect and what is named of it


@dataclass(frozen=True, slots=True)
class Reading:
    """What a prompt asks to see; what it leaves open is ``None`` or empty."""

    place: str
    light: str | None = None
    weather: frozenset[str] = frozenset()
    bodies: frozenset[str] = frozenset()
    matter: str | None = None
    hue: str | None = None
    things: tuple[tuple[str, int], ...] = ()
    """The subjects, main one first, with how many of each."""


def read(prompt: str, unwanted: str = "") -> Reading:
    """What a prompt names, less what the negative prompt names."""
    spoken = _normal(prompt)
    refused = set(_found(_normal(unwanted)))
    found = [concept for concept in _found(spoken) if concept not in refused]
    named: dict[str, list[str]] = {aspect: [] for aspect in VOCABULARY}
    for aspect, name in found:
        named[aspect].append(name)
    light = next((light for light in _LIGHT_RANK if light in named["light"]), None)
    nightly = light is None and not _NIGHTLY.isdisjoint(name for _, name in found)
    return Reading(
        place=_place(named["place"], named["thing"], [name for _, name in found]),
        light="night" if nightly else light,
        weather=frozenset(named["weather"]),
        bodies=frozenset(named["body"]),
        matter=next(iter(named["matter"]), None),
        hue=next(iter(named["hue"]), None),
        things=tuple((thing, _how_many(thing, spoken)) for thing in named["thing"][:3]),
    )


def _place(named: Sequence[str], things: Sequence[str], names: Sequence[str]) -> str:
    certain = [place for place in named if place not in {"sky", "abstract"} or not things]
    if certain:
        in_water = certain[0] in {"sea", "lake"} and things[:1] == ["fish"]
        return "underwater" if in_water else certain[0]
    telling = things or sorted(names, key=_LIGHT_RANK.__contains__)
    homes = (HOMES[name] for name in telling if name in HOMES)
    return next(homes, "meadow" if things else "abstract")


def _found(spoken: str) -> list[_Concept]:
    """Every concept that the words name, in the order of their first mention; longer words win over
    shorter ones."""
    taken = bytearray(len(spoken))
    first: dict[_Concept, int] = {}
    for pattern, concepts in _dictionary():
        for hit in pattern.finditer(spoken):
            start, end = hit.span(1)
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                for concept in concepts:
                    first[concept] = min(first.get(concept, start), start)
    return sorted(first, key=first.__getitem__)


@cache
def _dictionary() -> list[tuple[re.Pattern[str], tuple[_Concept, ...]]]:
    """One pattern for every word, the longest first."""
    concepts: dict[str, list[_Concept]] = {}
    for aspect, names in VOCABULARY.items():
        for name, words in names.items():
            for word in words:
                plain = re.escape(_normal(word).replace("_", " "))
                pattern = rf"\b({plain})(?:s|es)?\b" if plain.isascii() else f"({plain})"
                concepts.setdefault(pattern, []).append((aspect, name))
    longest_first = sorted(concepts, key=lambda word: (-len(word), word))
    return [(re.compile(word), tuple(concepts[word])) for word in longest_first]


def _how_many(thing: str, spoken: str) -> int:
    """How many of a subject: as a number word shortly before it says, three for a plural, else
    one."""
    for word in filter(str.isascii, VOCABULARY["thing"][thing]):
        hit = re.search(rf"\b{word.replace('_', ' ')}(s|es)?\b", spoken)
        if hit is not None:
            before = spoken[max(0, hit.start() - 32) : hit.start()].split()[-2:]
            counted = (_NUMBERS[part] for part in before if part in _NUMBERS)
            return next(counted, 3 if hit.group(1) else 1)
    return 1


def _normal(text: str) -> str:
    """One spelling for what reads the same: no accents on Latin letters, no case, no variation
    selectors."""
    kept: list[str] = []
    for mark in unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold()):
        latin_accent = unicodedata.combining(mark) and kept and kept[-1].isascii()
        if not latin_accent and mark not in "\ufe0e\ufe0f":
            kept.append(mark)
    return unicodedata.normalize("NFC", "".join(kept))
