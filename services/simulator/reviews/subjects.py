"""What people speak of when they speak of a kind of product, beside its names and its aspects."""

from __future__ import annotations

import re
from functools import lru_cache

from services.simulator.reviews.kinds import GENERIC, KINDS, Kind

_TALK = {  # by one of the kind's own words
    "headphones": "sound music listen listening hear ear ears song songs podcast podcasts volume noise audio calls mic "
    "pairing bluetooth wireless loud tinny muffled cancelling cushions mids highs",
    "phone": "screen calls apps charge charger charging pictures photos battery android ios sim pocket strap pixels "
    "notifications wrist steps signal",
    "laptop": "screen keys typing keyboard windows boot fan fans ram processor click ink print pages paper wifi office "
    "software desk hdmi usb files",
    "camera": "pictures photos shots footage focus lens picture screen remote video flight light image images sharp "
    "shooting",
    "coffee": "taste tastes tasted tasting flavour flavor flavours smell cup brew beans sweet bitter drink eat eating "
    "sour bag roast breakfast mouth delicious stale fresh bottle glass bite crunchy",
    "restaurant": "waiter waitress table dish dishes meal menu food dinner lunch dessert soup chef kitchen ate eat "
    "served portions reservation staff starter tip drinks delicious",
    "hotel": "room rooms staff stay stayed night nights breakfast reception bed beds pool guide booking check-in lobby "
    "seat crew boarding luggage shower view flight beach floor",
    "blender": "motor blend soup kitchen clean cleaning dishwasher heat dust carpet floor filter noise noisy loud "
    "water lid jug boils boil cook cooks crumbs temperature suction smoothie smoothies plug",
    "shoes": "wear wearing wore feet foot toe toes size sizes heel heels walk walking walked fabric sole soles wash "
    "washed laces straps zip shoulders pair pocket pockets rain leather blister blisters ran run runs waterproof",
    "chair": "sit sitting back assembly screws legs wood room sleep slept seat cushion cushions drawer armrests sofa "
    "posture springs wobbles bulb light shade",
    "book": "read reading pages chapter chapters story plot author characters ending writing writes writer reader song "
    "songs scene scenes actors episode episodes twist printed recipes prose",
    "app": "login screen support update updates crash crashes crashed features feature subscription users interface "
    "account data sync bug bugs install installed level levels connection export cancel export transfer tracks server",
    "course": "lessons teacher teachers instructor instructors lectures exercises learn learned learnt homework videos "
    "certificate module modules quizzes students taught teaching explains explained",
    "car": "ride riding ride drive driving brakes wheel wheels seat engine tyres gears hills road motor frame saddle "
    "commute pedal pedals range parking miles fuel folding",
    "cream": "skin face hair smell scent apply applied rash dry greasy teeth gums shave lips sticky absorbs tube "
    "bottle foam bristles residue pores rinse brushing",
    "toy": "kids children son daughter play plays played playing pieces rain pegs workout garden cut cuts lawn grass "
    "blade child poles paws walks seams bricks floor slip knees water",
}
_PLAIN = frozenset(
    "quality value money time ease use of for the and on level build overall customer service style effect life size "
    "control user energy box cut cover cast".split()
)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def stem(word: str) -> str:
    """Without a plural's ending: enough to find a word again."""
    low = word.lower().replace("’", "'").removesuffix("'s")
    if len(low) > 4 and low.endswith("ies"):
        return low[:-3] + "y"
    return low[:-1] if len(low) > 3 and low.endswith("s") and not low.endswith(("ss", "us", "is")) else low


def stems(text: str) -> list[str]:
    return [stem(word) for word in _WORD.findall(text)]


@lru_cache(maxsize=1)
def subjects() -> dict[str, frozenset[str]]:
    """By a kind's noun and first aspect: the stems that belong to it."""
    return {key_of(kind): _vocabulary(kind) for kind in (*KINDS, GENERIC)}


def key_of(kind: Kind) -> str:
    return f"{kind.noun} {kind.aspects[0]}"


def _vocabulary(kind: Kind) -> frozenset[str]:
    talk = next((words for name, words in _TALK.items() if name in kind.words), "")
    found = set(stems(" ".join((*kind.words, talk)))) | set(stems(" ".join(kind.aspects)))
    return frozenset(found - {stem(word) for word in _PLAIN} | ({stem(kind.noun)} if kind is GENERIC else set()))
