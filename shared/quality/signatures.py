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

Hashes = NDArray[np.uint32]


def signature(text: str) -> bytes:
    """The same for the same text in every process. Letter case, punctuation and spaces play no part."""
    found = words(text)
    last = max(1, len(found) - SHINGLE + 1)
    shingles = {" ".join(found[start : start + SHINGLE]) for start in range(last)} if found else set()
    minhash = RMinHash(num_perm=HASHES, seed=SEED)
    minhash.update([shingle.encode("utf-8", "surrogatepass") for shingle in shingles])
    return np.array(minhash.digest(), _HASH).tobytes()


def hashes(signatures: Sequence[bytes]) -> Hashes:
    """(n, 256): a row for each, to compare with `overlaps`. ValueError where one of them is no signature."""
    for found in signatures:
        if len(found) != SIZE:
            raise ValueError(f"a signature has {SIZE} bytes, not {len(found)}")
    return np.frombuffer(b"".join(signatures), _HASH).reshape(-1, HASHES)


def overlaps(one: Hashes, others: Hashes) -> NDArray[np.float64]:
    """(n,): the estimated Jaccard similarity of one row with each of the others: the share of equal hashes."""
    equal: NDArray[np.float64] = np.count_nonzero(others == one, axis=1) / HASHES
    return equal


def jaccard(a: bytes, b: bytes) -> float:
    """ValueError where one of them is no signature."""
    return float(overlaps(hashes([a])[0], hashes([b]))[0])
