"""Embeddings in which numbers weigh as much as words: a rewording stays near, other parameters go far.

A text becomes two hashed halves, each of unit length: its words, and its numbers in their order. The share of the
numbers grows with how many there are, so that a lone `2` does not make strangers of two texts, nor twins.
"""

from __future__ import annotations

import math
import re
import struct
from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 256
WORD_DIMENSIONS = 96
NUMBER_DIMENSIONS = DIMENSIONS - WORD_DIMENSIONS
_SIGN = 1 << 31  # the bit of a place that tells its sign
MAX_SHARE = 0.7  # of the squared length, for numbers; reached where there are many

# A one-digit exponent or index belongs to a formula's shape, as a word does.
_TOKEN = re.compile(r"(?P<shape>[\^_]\{?\d\}?(?!\d))|(?P<number>-?\s?\d+(?:\.\d+)?)|(?P<word>[a-z]+)")
_EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be both by can do does each find for from given has have how if in is it its let of on or "
        "out so such than that the their them then there these they this those to was were what when where which who "
        "will with calculate compute determine evaluate give value work",
    )
)


def embed(text: str) -> NDArray[np.float32]:
    """256 numbers of unit length; the same in every process. Case, white space and `$` do not matter."""
    words: list[str] = []
    numbers: list[str] = []
    for token in _TOKEN.finditer(" ".join(text.lower().replace("$", "").replace("−", "-").split())):
        found = token.group()
        if token.lastgroup == "number":
            numbers.append(found.replace(" ", ""))
        elif found not in _EMPTY_WORDS:
            words.append(found if token.lastgroup == "shape" else found[:6])
    share = MAX_SHARE * len(numbers) / (len(numbers) + 0.5) if words else float(bool(numbers))
    half = _hashed(_word_features(words), WORD_DIMENSIONS, 1 - share)
    other = _hashed(_number_features(numbers), NUMBER_DIMENSIONS, share)
    return np.array(half + other, dtype=np.float32)


def _word_features(words: list[str]) -> dict[str, float]:
    counts: dict[str, float] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return {word: math.sqrt(count) for word, count in counts.items()}


def _number_features(numbers: list[str]) -> dict[str, float]:
    """Each number at its place and each pair of neighbours, weighted by what they tell: a large one more than a 2."""
    features: dict[str, float] = {}
    before, weight_before = "", 0.0
    for place, number in enumerate(numbers):
        weight = math.log2(2 + min(abs(float(number)), 1e6))
        features[f"{place}:{number}"] = math.sqrt(weight)
        if place:
            pair = f"{before} {number}"
            features[pair] = math.hypot(features.get(pair, 0.0), math.sqrt((weight + weight_before) / 2))
        before, weight_before = number, weight
    return features


def _hashed(features: dict[str, float], size: int, share: float) -> list[float]:
    """The features at their hashed places, scaled to a share of the squared length."""
    half = [0.0] * size
    for feature, weight in features.items():
        for place in _places(feature):
            half[place % size] += weight if place & _SIGN else -weight
    length = math.hypot(*half)
    if not length:  # no features, or each cancels another: any fixed direction will do
        half[0] = length = 1.0
    scale = math.sqrt(share) / length
    return [value * scale for value in half]


@lru_cache(maxsize=20_000)
def _places(feature: str) -> tuple[int, ...]:
    """Four places with their signs: a clash with another feature then blurs a quarter of it only."""
    return struct.unpack(">4I", blake2b(feature.encode(), digest_size=16).digest())
