"""Which words name what: English first, the commonest of a few other languages, and emoji.

Latin words are matched whole, in singular or plural; other scripts and emoji, which set no spaces
or bend their words, wherever they stand. An underscore is a space.
"""

from collections.abc import Mapping
from typing import Any, Final

from worker.engines.preview.words.concepts import (
    Body,
    Concept,
    Hue,
    Light,
    Matter,
    Place,
    Thing,
    Weather,
)

_PLACES: Final = {
    Place.SEA: (
        "sea ocean beach wave tide coast shore surf seascape island mar meer mer 海 波 바다 "
        "море 🌊 🏝 🏖"
    ),
    Place.LAKE: "lake river pond stream waterfall lagoon reflection lago fluss 湖 川 河 池 호수 озер 🏞",
    Place.UNDERWATER: """underwater reef coral aquarium seabed deep_water deep_sea submarine undersea 海底 水中
        深海 水下 바닷속 🪸""",
    Place.FOREST: (
        "forest wood woods jungle woodland grove rainforest bosque wald foret 森 林 樹林 "
        "숲 лес 🌲 🏕"
    ),
    Place.MEADOW: """meadow field grass garden park hill farm prairie countryside pasture lawn valley wiese
        pradera 草原 野原 花園 花园 庭 草 들판 полян 🌿 🌱 🍀 🌾 🏡""",
    Place.MOUNTAINS: """mountain mountains peak alps summit ridge cliff glacier fuji himalaya canyon montana
        berg montagne 山 富士 산 вершин 🏔 ⛰ 🗻""",
    Place.DESERT: (
        "desert dune sahara sand oasis pyramid wasteland desierto wuste 砂漠 沙漠 砂 沙丘 "
        "사막 пустын 🏜"
    ),
    Place.CITY: """city town street downtown skyline tokyo paris metropolis urban skyscraper cyberpunk alley
        york london hongkong shanghai building rooftop traffic ciudad stadt ville 街 都市 城市 都会 도시 東京
        东京 город 🏙 🌃 🌆 🌇 🚦""",
    Place.SPACE: """space galaxy cosmos universe nebula orbit planet planets asteroid comet
        interstellar cosmic espacio weltraum 宇宙 太空 银河 銀河 우주 космос 🌌 ☄ 🪐""",
    Place.LUNAR: "lunar crater moon_surface mars martian 月面 月球 火星",
    Place.VOLCANO: """volcano lava magma eruption inferno hell underworld volcan vulkan 火山 熔岩 溶岩 화산
        вулкан 🌋""",
    Place.ROOM: """room bedroom kitchen living_room indoors interior couch sofa table desk bed fireplace library
        cafe office window piano zimmer 部屋 屋内 房间 방 комнат 🛏 🪟""",
    Place.SKY: "sky skies heaven flying above_the_clouds cielo himmel ciel 空 天空 하늘 небо небе",
    Place.ABSTRACT: "abstract fractal psychedelic kaleidoscope pattern liquid ink",
}

_LIGHTS: Final = {
    Light.DAY: "day daylight sunny noon summer bright 昼 晴れ ☀ 🌞",
    Light.SUNSET: """sunset dusk evening twilight golden_hour autumn fall atardecer sonnenuntergang 夕日 夕焼け
        夕陽 黄昏 日落 노을 закат 🌅 🌇 🌆""",
    Light.DAWN: """dawn sunrise morning spring pastel dreamy amanecer morgen 朝 夜明け 日の出 清晨 日出 아침
        рассвет 🌄""",
    Light.NIGHT: """night midnight dark moonlight moonlit starry cyberpunk nocturnal noche nacht nuit 夜 밤 ноч
        🌃 🌙 🌌 🌠""",
    Light.STORM: """storm stormy thunder thunderstorm lightning tempest hurricane gale typhoon tornado tormenta
        sturm 嵐 暴風 风暴 雷 폭풍 буря шторм ⛈ 🌩 ⚡ 🌪""",
    Light.GREY: (
        "fog foggy mist misty overcast cloudy haze gloomy grey_sky niebla nebel 霧 雾 曇 "
        "안개 туман 🌫 ☁"
    ),
}

_WEATHER: Final = {
    Weather.RAIN: """rain rainy raining drizzle downpour monsoon storm stormy thunderstorm lluvia regen pluie 雨
        비가 嵐 дожд 🌧 ⛈ ☔""",
    Weather.SNOW: """snow snowy snowing winter blizzard snowfall snowflake frozen frost ice icy arctic antarctic
        polar christmas nieve schnee neige 雪 冬 氷 눈 снег зим ❄ ☃ ⛄ 🎄""",
    Weather.FOG: "fog foggy mist misty haze hazy smoke steam niebla nebel 霧 雾 안개 туман 🌫",
    Weather.CLOUDS: "cloud cloudy clouds overcast 雲 云 구름 облак ☁ ⛅ 🌥",
    Weather.PETALS: "petal blossom sakura cherry_blossom cherry_blossoms 桜 樱花 花びら 벚꽃 сакур 🌸 💮",
    Weather.LEAVES: "leaf leaves autumn fall maple foliage 紅葉 落ち葉 枫叶 秋 단풍 🍂 🍁 🍃",
    Weather.EMBERS: """fire flame ember made_of_fire made_of_flame of_fire on_fire fire_dragon fire_bird fiery
        flaming phoenix 炎の 火の 火焰 lava spark burning blaze volcano campfire bonfire inferno fuego feuer 火
        炎 焰 불 огон огн 🔥 🌋""",
    Weather.FIREFLIES: "firefly fireflies fairy fairies lanterns 蛍 萤火虫 반딧불",
    Weather.SPARKLES: """magic magical sparkle glitter glittering stardust wizard enchanted spell party confetti
        魔法 마법 ✨ 🎇 🎆 🎉 🪄""",
    Weather.STARS: "milky_way star starry stars constellation 星 별 звезд ⭐ 🌟 🌠 ✨",
    Weather.AURORA: "aurora northern_lights borealis オーロラ 极光 오로라",
    Weather.BUBBLES: "bubble soap_bubbles 泡 🫧",
}

_BODIES: Final = {
    Body.SUN: "sun sunshine sunrise sunset sol sonne soleil 太陽 太阳 夕日 日の出 해가 солнц ☀ 🌞 🌅 🌄",
    Body.MOON: """moon moonlight moonlit lunar luna mond lune 月 달빛 달이 лун 🌙 🌕 🌖 🌗 🌘 🌑 🌒 🌓 🌔 🌝 🌚
        🌜 🌛""",
    Body.PLANET: "planet saturn jupiter earth exoplanet 惑星 行星 土星 地球 행성 планет 🪐 🌍 🌎 🌏",
}

_MATTERS: Final = {
    Matter.FIRE: """made_of_fire made_of_flame of_fire on_fire fire_dragon fire_bird fiery flaming burning
        phoenix 炎の 火の""",
    Matter.NEON: "neon cyberpunk holographic hologram synthwave ネオン 霓虹",
    Matter.PAPER: "paper paper_boat origami papercraft 紙 折り紙 纸",
    Matter.GOLD: "made_of_gold solid_gold gold_statue 黄金",
    Matter.ICE: "made_of_ice crystal glass made_of_glass",
    Matter.GHOST: "ghost ghostly spirit spectral phantom 幽霊 👻",
}

_HUES: Final = {
    Hue.RED: "red crimson scarlet ruby rojo rouge 赤 红 紅 빨간 красн",
    Hue.ORANGE: "orange amber 橙",
    Hue.YELLOW: "yellow amarillo gelb jaune 黄色 노란",
    Hue.GREEN: "green emerald verde grun vert 緑 绿 초록 зелен",
    Hue.TEAL: "teal turquoise cyan",
    Hue.BLUE: "blue azure navy azul blau bleu 青 蓝 藍 파란 синий голуб",
    Hue.PURPLE: "purple violet lavender lila morado 紫 보라",
    Hue.PINK: "pink magenta rosa rose 桃色 ピンク 粉色 분홍",
    Hue.WHITE: "white blanco weiss blanc 白 하얀 흰 белы бела",
    Hue.BLACK: "black negro schwarz noir 黒 黑 검은 черн",
    Hue.BROWN: "brown 茶色 棕",
    Hue.SILVER: "silver gray grey metallic chrome 銀色 银色",
    Hue.GOLDEN: "gold golden 金色",
}

_THINGS: Final = {
    Thing.FOX: "fox vixen zorro fuchs renard 狐 キツネ きつね 여우 лиса лису лисы лиси 🦊",
    Thing.CAT: """cat kitten kitty tiger lion panther leopard gato katze 猫 ネコ ねこ 고양이 кошк котик котён 🐱
        🐈 😺 😸 🐯 🦁""",
    Thing.DOG: """dog puppy wolf hound husky corgi retriever perro hund chien 犬 狗 イヌ 狼 강아지 늑대 собак
        волк 🐶 🐕 🐺 🐩""",
    Thing.RABBIT: "rabbit bunny hare conejo hase lapin 兎 ウサギ うさぎ 兔 토끼 заяц кролик 🐰 🐇",
    Thing.BEAR: "bear panda teddy oso 熊 クマ 熊猫 パンダ 곰 медвед 🐻 🐼 🧸",
    Thing.DEER: "deer stag elk reindeer moose fawn unicorn ciervo hirsch cerf 鹿 사슴 олен 🦌 🦄",
    Thing.HORSE: "horse pony stallion mare caballo pferd cheval 馬 马 말이 лошад конь 🐴 🐎",
    Thing.PENGUIN: "penguin pinguin pingouin ペンギン 企鹅 펭귄 пингвин 🐧",
    Thing.OWL: "owl buho eule hibou フクロウ 猫头鹰 부엉이 сова 🦉",
    Thing.BIRD: """bird eagle seagull gull swallow crow raven swan crane dove parrot hawk phoenix fire_bird
        pajaro vogel oiseau 鳥 鸟 鶴 새가 птиц 🐦 🦅 🕊 🦜 🦢""",
    Thing.BUTTERFLY: "butterfly butterflies moth mariposa schmetterling papillon 蝶 나비 бабочк 🦋",
    Thing.FISH: """fish goldfish koi carp shark clownfish tuna salmon pez fisch poisson 魚 鱼 金魚 鯉 물고기 рыб
        🐟 🐠 🐡 🦈 🎏""",
    Thing.WHALE: "whale orca dolphin ballena wal baleine 鯨 クジラ 鲸 海豚 고래 китовый 🐋 🐳 🐬",
    Thing.JELLYFISH: "jellyfish medusa octopus squid qualle クラゲ 水母 해파리 медуз 🪼 🐙 🦑",
    Thing.TURTLE: "turtle tortoise tortuga 亀 海龟 龟 거북 черепах 🐢",
    Thing.DRAGON: "dragon fire_dragon wyvern drache 竜 龍 龙 ドラゴン 용이 дракон 🐉 🐲",
    Thing.PERSON: """person man woman girl boy child kid people human knight samurai wizard witch princess king
        queen dancer hero ninja monk traveler traveller wanderer monster figure lady guy warrior elf surfer
        skater hiker ghost phantom 人 女 男 少女 少年 侍 사람 소녀 소년 челов девочк девушк мальчик 🧑 👩 👨 👧
        👦 🧍 🚶 🧙 🥷 💃 🕺 🏃 👸 🤴 👻 🏄""",
    Thing.ASTRONAUT: "astronaut cosmonaut spaceman 宇宙飛行士 宇航员 우주비행사 космонавт 👨‍🚀 👩‍🚀 🧑‍🚀",
    Thing.ROBOT: "robot android mech cyborg droid ロボット 机器人 로봇 робот 🤖",
    Thing.SNOWMAN: "snowman 雪だるま 雪人 눈사람 снеговик ⛄ ☃",
    Thing.BOAT: (
        "boat paper_boat canoe rowboat raft gondola kayak barco boot bateau 舟 ボート 배가 лодк 🛶"
    ),
    Thing.SAILBOAT: (
        "ship sailboat yacht sailing pirate vessel galleon schiff velero 船 ヨット 帆船 "
        "корабл ⛵ 🚢 🛥"
    ),
    Thing.ROCKET: (
        "rocket spaceship spacecraft shuttle starship cohete rakete fusee ロケット 火箭 로켓 "
        "ракет 🚀"
    ),
    Thing.BALLOON: (
        "balloon hot_air_balloon airship zeppelin globo ballon montgolfiere 気球 热气球 "
        "풍선 воздушн 🎈"
    ),
    Thing.PLANE: """plane airplane aeroplane jet aircraft biplane glider avion flugzeug 飛行機 飞机 비행기
        самолет ✈ 🛩 🛫""",
    Thing.UFO: "ufo alien saucer extraterrestrial 外星 외계 нло 🛸 👽",
    Thing.CAR: """car truck taxi automobile racing convertible van bus coche auto voiture 車 车 汽车 자동차
        машин 🚗 🚙 🏎 🚕 🚌""",
    Thing.LIGHTHOUSE: "lighthouse faro leuchtturm phare 灯台 灯塔 등대 маяк",
    Thing.HOUSE: (
        "house cottage cabin hut barn home village casa haus maison 家 小屋 房子 집이 дом 🏠 "
        "🏡 🏚 🛖"
    ),
    Thing.CASTLE: (
        "castle palace fortress tower temple castillo schloss chateau 城堡 城が お城 성이 "
        "замок 🏰 🏯"
    ),
    Thing.TREE: "tree oak willow bonsai palm arbol baum arbre 木 樹 树 나무 дерев 🌳 🌴 🎋",
    Thing.FLOWER: """flower rose tulip sunflower daisy lotus lily poppy orchid flor blume fleur 花 꽃 цветок
        цветы 🌷 🌹 🌺 🌻 🌼 🪷 💐""",
    Thing.MUSHROOM: "mushroom toadstool fungus seta pilz champignon キノコ きのこ 蘑菇 버섯 гриб 🍄",
    Thing.CACTUS: "cactus cacti サボテン 仙人掌 선인장 кактус 🌵",
    Thing.SOFA: "sofa couch armchair ソファ 沙发 소파 диван 🛋",
    Thing.LANTERN: "lantern candle lamp torch campfire bonfire 提灯 ランタン 灯笼 등불 фонар свеч 🏮 🕯 🪔",
    Thing.CUP: "coffee tea cup mug teapot latte espresso コーヒー 咖啡 茶 커피 кофе ☕ 🍵 🫖",
    Thing.HEART: "heart love valentine corazon herz coeur 心 愛 爱 사랑 сердц ❤ 💖 💕 💗 💘 🩷 💙 💜",
}

_TABLES: Final[tuple[Mapping[Any, str], ...]] = (
    _PLACES,
    _LIGHTS,
    _WEATHER,
    _BODIES,
    _MATTERS,
    _HUES,
    _THINGS,
)

VOCABULARY: Final[Mapping[Concept, str]] = {
    concept: words for table in _TABLES for concept, words in table.items()
}
"""Every concept with its words."""
