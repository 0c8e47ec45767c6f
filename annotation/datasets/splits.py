"""Which split a row belongs to (DATA.md §6): a salted hash of its origin, nothing else."""

import re
from collections.abc import Mapping
from hashlib import blake2b
from math import isclose

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,29}")


class SplitError(ValueError):
    """The text does not describe a split; the message says what it should look like."""


def parse_shares(text: str) -> dict[str, float]:
    """`train=0.9,test=0.1` as a share a name, in alphabetical order; no text, no shares.

    Raises SplitError unless names are distinct, shares positive and their sum 1.
    """
    if not text:
        return {}
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = part.strip().partition("=")
        try:
            share = float(number)
        except ValueError:
            share = 0.0
        if not _NAME.fullmatch(name) or not 0 < share <= 1:
            raise SplitError(f"“{part.strip()}” is no share; write them as train=0.9,test=0.1.")
        if name in shares:
            raise SplitError(f"The split “{name}” is named twice.")
        shares[name] = share
    if not isclose(sum(shares.values()), 1.0, abs_tol=1e-6):
        raise SplitError(f"The shares add up to {sum(shares.values()):g}, not to 1.")
    return dict(sorted(shares.items()))


def split_of(origin_key: str, *, salt: str, shares: Mapping[str, float]) -> str:
    """The split of every row with this origin, the same in every file of an installation.

    Names lie on the unit interval in alphabetical order whatever order they were given in, so that
    the first one, `test`, only gains keys when its share grows.
    """
    digest = blake2b(origin_key.encode(), key=salt.encode()[:64], digest_size=8).digest()
    point = int.from_bytes(digest, "big") / 2**64
    names = sorted(shares)
    end = 0.0
    for name in names:
        end += shares[name]
        if point < end:
            return name
    return names[-1]
