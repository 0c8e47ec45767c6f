"""Names of licences as people give them, told apart by what they mean.

Sources: the SPDX licence list (https://spdx.org/licenses/) for the spelling, and the hub's metadata of
datasets (https://huggingface.co/docs/hub/repositories-licenses) for which of them it knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# As SPDX spells them; the hub has the same in small letters.
_KNOWN = (
    "Apache-2.0",
    "MIT",
    "CC0-1.0",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CC-BY-NC-2.0",
    "CC-BY-NC-3.0",
    "CC-BY-NC-4.0",
    "CC-BY-NC-SA-3.0",
    "CC-BY-NC-SA-4.0",
    "CC-BY-NC-ND-4.0",
    "CC-BY-ND-4.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "GPL-3.0",
    "Unlicense",
)
# By the hub's name; two of them are spelled otherwise there.
_SPDX = {name.lower(): name for name in _KNOWN} | {"odc-by": "ODC-By-1.0", "pddl": "PDDL-1.0"}
_HUB = {name.lower(): hub for hub, name in _SPDX.items()}


def collapsed(names: Iterable[str]) -> dict[str, list[str]]:
    """Each licence once, in order, with the ways in which it was given.

    Names that differ by case, or by blanks, underscores and hyphens, are one: “cc by 4.0” and “CC-BY-4.0”.
    It stands under its SPDX name where we know one, else as it was given first in order.
    """
    given: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        given.setdefault(_meant(name), []).append(name)
    told = {_SPDX.get(meant, ways[0]): ways for meant, ways in given.items()}
    return dict(sorted(told.items(), key=lambda item: item[0].lower()))


def hub_names(names: Iterable[str]) -> list[str]:
    """The licences as the hub calls them; `other` alone where it does not know each of them."""
    found = {_meant(name) for name in names}
    return sorted(found) if found and found <= _SPDX.keys() else ["other"]


def _meant(name: str) -> str:
    """The hub's name of the licence; of one that it does not know the name in one spelling."""
    key = re.sub(r"[\s_-]+", "-", name.strip()).lower()
    return _HUB.get(key, key)
