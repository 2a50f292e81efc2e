"""MinHash signatures (Broder 1997): short bytes by which the Jaccard similarity of two texts' shingles is estimated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rensa import RMinHash

from shared.quality.words import words

SHINGLE = 3  # words, or characters where a script has no spaces between words
HASHES = 256  # the estimate's standard deviation is at most .5 / sqrt(HASHES), .022 at a similarity of .85
SEED = 1  # signatures are stored: another seed, or another number of hashes, makes all of them worthless
_HASH = np.dtype("<u4")
SIZE = HASHES * _HASH.itemsize  # bytes


def signature(text: str) -> bytes:
    """The same for the same text in every process. Letter case, punctuation and spaces play no part."""
    found = words(text)
    last = max(1, len(found) - SHINGLE + 1)
    shingles = {" ".join(found[start : start + SHINGLE]) for start in range(last)} if found else set()
    minhash = RMinHash(num_perm=HASHES, seed=SEED)
    minhash.update([shingle.encode("utf-8", "surrogatepass") for shingle in shingles])
    return np.array(minhash.digest(), _HASH).tobytes()


def jaccard(a: bytes, b: bytes) -> float:
    """The estimate: the share of equal hashes. ValueError where one of them is no signature."""
    return float(np.mean(_hashes([a]) == _hashes([b])))


def highest(one: bytes, others: Sequence[bytes]) -> float:
    """The highest estimate with any of the others; 0 where there are none. ValueError as `jaccard`."""
    hashes = _hashes([one])
    return float(np.mean(_hashes(others) == hashes, axis=1).max()) if len(others) else 0.0


def _hashes(signatures: Sequence[bytes]) -> NDArray[np.uint32]:
    for found in signatures:
        if len(found) != SIZE:
            raise ValueError(f"a signature has {SIZE} bytes, not {len(found)}")
    return np.frombuffer(b"".join(signatures), _HASH).reshape(-1, HASHES)
