"""What people speak of when they speak of a kind of product, beside its names and its aspects."""

from __future__ import annotations

import re
from functools import lru_cache

from services.simulator.reviews.kinds import GENERIC, KINDS, Kind


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TALK = {  # by one of the kind's own words
    "headphones": "sound music listen listening hear wired cup ear ears song songs podcast podcasts volume noise "
    "audio calls mic pairing bluetooth wireless loud tinny muffled cancelling cushions mids highs",
    "phone": "screen calls apps charge charger charging pictures photos battery android ios sim pocket strap "
    "pixels heart tracker sleep notifications wrist steps signal",
    "laptop": "screen keys typing keyboard windows boot fan fans ram processor click ink print pages paper wifi "
    "office software desk hdmi usb files",
    "camera": "pictures photos shots footage focus lens picture screen remote video flight light image images "
    "sharp shooting",
    "coffee": "taste tastes tasted tasting flavour flavor flavours smell cup brew beans sweet bitter drink eat "
    "eating sour bag roast breakfast mouth delicious stale fresh bottle glass bite crunchy espresso "
    "cappuccino cappuccinos latte grind milk froth frother caffeine jasmine leaves sachet sachets cups",
    "restaurant": "waiter waitress table dish dishes meal menu food dinner lunch dessert soup chef kitchen ate eat "
    "served portions reservation staff starter tip drinks delicious tiramisu gnocchi pasta pizza "
    "risotto steak sushi curry salad bread wine fish chicken tapas noodles burger fries",
    "hotel": "room rooms staff stay stayed night nights breakfast reception bed beds pool guide booking check- "
    "in lobby seat crew boarding luggage shower view flight beach floor",
    "blender": "motor blend soup kitchen clean cleaning dishwasher heat dust carpet floor filter noise noisy "
    "loud water lid jug boils boil cook cooks crumbs temperature suction smoothie smoothies plug eggs "
    "steaks crust non- stick handle steam sputters cord rug hair stairs crumb",
    "shoes": "wear wearing wore feet foot toe toes size sizes heel heels walk walking walked fabric sole soles "
    "wash washed laces straps zip shoulders pair pocket pockets rain leather blister blisters ran "
    "sleeve sleeves puddle puddles hood run "
    "runs waterproof",
    "chair": "sit sitting back assembly screws legs wood room sleep slept seat cushion cushions drawer "
    "armrests sofa posture springs wobbles bulb shade",
    "book": "read reading pages chapter chapters story plot author characters ending writing writes writer "
    "reader song songs scene scenes actors episode episodes twist printed recipes prose",
    "app": "team board offline notifications spreadsheets browser login screen support update updates crash "
    "crashes crashed features feature subscription users interface account data sync bug bugs install "
    "installed level levels connection export cancel transfer tracks server",
    "course": "lessons teacher teachers instructor instructors lectures exercises learn learned learnt homework "
    "videos certificate module modules quizzes students taught teaching explains explained",
    "car": "ride riding drive driving brakes wheel wheels seat engine tyres gears hills road motor frame "
    "saddle commute pedal pedals range parking miles fuel folding",
    "cream": "skin face hair smell scent apply applied rash dry greasy teeth gums shave lips sticky absorbs "
    "tube bottle foam bristles residue pores rinse brushing",
    "toy": "kids children son daughter play plays played playing pieces rain pegs workout garden cut cuts "
    "lawn grass blade child poles paws walks seams bricks floor slip knees water spaniel puppy "
    "sticker stickers hose roof",
}
# names that give a kind away though they are none of its own; by one of its own words
_ALIASES = {
    "book": "kindle ereader",
    "coffee": "protein supplement vitamin powder bar gum candy",
    "phone": "kindle ereader tracker fitness wearable smartband band handset",
    "blender": "dyson philips bosch miele nespresso tefal mug flask thermos bottle tumbler machine "
    "maker skillet wok steamer robot cooking "
    "saucepan hob stove grill appliance",
    "car": "tesla toyota bmw ford honda volkswagen audi roadster tricycle cycle",
    "app": "spotify netflix zoom slack gmail photoshop dropbox youtube premium notion membership vpn",
    "restaurant": "trattoria steakhouse sushi tavern brasserie ristorante eatery takeaway grillhouse",
    "hotel": "guesthouse lodge hostal cruise spa ferry train",
    "laptop": "mousepad scanner hub ultrabook harddrive webcam",
    "toy": "bricks game set doll pets kennel",
    "shoes": "nike adidas raincoat boot trainer slippers scarf rucksack belt sunglasses",
    "chair": "ikea bench mattresses duvet desk nightstand",
    "cream": "dryer hairdryer oral-b balm gel wash",
}
_PLAIN = words(
    "quality value money time ease use of for the and on level build overall customer service style effect "
    "life size control user energy box cut cover cast"
)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def stem(word: str) -> str:
    """Without a plural's ending: enough to find a word again."""
    low = word.lower().replace("’", "'")
    if low.partition("'")[2] in ("s", "ve", "d", "ll", "re", "m"):
        low = low.partition("'")[0]
    if len(low) > 4 and low.endswith("ies"):
        return low[:-3] + "y"
    return low[:-1] if len(low) > 3 and low.endswith("s") and not low.endswith(("ss", "us", "is")) else low


def stems(text: str) -> list[str]:
    return [stem(word) for word in _WORD.findall(text)]


def kinds_of(product: str) -> tuple[Kind, ...]:
    """All kinds that the words of a name point to: a coffee machine is both. None for a name that says nothing."""
    name = set(stems(product))
    return tuple(kind for kind in KINDS if name & _names()[kind.aspects])


@lru_cache(maxsize=1)
def _names() -> dict[tuple[str, ...], frozenset[str]]:
    return {
        kind.aspects: frozenset(
            stems(" ".join((*kind.words, *(names for word, names in _ALIASES.items() if word in kind.words))))
        )
        for kind in KINDS
    }


@lru_cache(maxsize=1)
def _vocabularies() -> dict[tuple[str, ...], frozenset[str]]:
    return {kind.aspects: _vocabulary(kind) for kind in (*KINDS, GENERIC)}


def vocabulary(*kinds: Kind) -> set[str]:
    """The stems that belong to any of them."""
    return {word for kind in kinds for word in _vocabularies()[kind.aspects]}


def _vocabulary(kind: Kind) -> frozenset[str]:
    talk = next((words for name, words in _TALK.items() if name in kind.words), "")
    found = set(stems(" ".join((*kind.words, talk)))) | set(stems(" ".join(kind.aspects)))
    return frozenset(found - {stem(word) for word in _PLAIN} | ({stem(kind.noun)} if kind is GENERIC else set()))
