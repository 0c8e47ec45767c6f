"""The split of every origin, drawn once and kept (DATA.md §6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from annotation import near_duplicates
from annotation.datasets.splits import split_of
from annotation.models import SplitKey


def splits_of_keys(*, openings: Mapping[str, str], shares: Mapping[str, float]) -> dict[str, str]:
    """The split of each origin, given with the words it opens with.

    An origin that has none yet takes that of origins whose words are nearly its own, else is drawn one
    by these shares; kept for good, whatever later shares say, so one may come that these do not name.
    An origin that is like origins of two splits has none and is absent: its rows would join what has
    to stay apart.
    """
    known = _stored(openings)
    # In one order everywhere, so that the same rows are drawn the same splits.
    new = sorted(openings.keys() - known.keys())
    return known | _drawn(new, openings, shares) if new else known


@dataclass
class _Origin:
    """An origin's words as they are compared; `split` is None until it is placed."""

    key: str
    bands: list[int]
    sketch: bytes
    split: str | None = None

    def is_like(self, other: _Origin) -> bool:
        likeness = near_duplicates.estimated_likeness(self.sketch, other.sketch)
        return likeness >= near_duplicates.ALIKE


@transaction.atomic
def _drawn(
    new: Collection[str], openings: Mapping[str, str], shares: Mapping[str, float]
) -> dict[str, str]:
    _alone()
    # Somebody may have placed some while we waited.
    known = _stored(new)
    origins = [
        _Origin(key, near_duplicates.bands(openings[key]), near_duplicates.sketch(openings[key]))
        for key in new
        if key not in known
    ]
    alike = _alike(origins)
    for cluster in _clusters(origins, alike):
        splits = {other.split for one in cluster for other in alike[one.key] if other.split}
        drawn = split_of(cluster[0].key, salt=settings.SPLIT_SALT, shares=shares)
        for one in cluster:
            if len(splits) > 1:
                # Between what is apart already: each goes with its own neighbours, where they agree.
                splits_nearby = {other.split for other in alike[one.key] if other.split}
                one.split = splits_nearby.pop() if len(splits_nearby) == 1 else None
            else:
                one.split = next(iter(splits), drawn)
    placed = {origin.key: (origin, origin.split) for origin in origins if origin.split}
    SplitKey.objects.bulk_create(
        SplitKey(origin_key=key, split=split, bands=origin.bands, sketch=origin.sketch)
        for key, (origin, split) in placed.items()
    )
    return known | {key: split for key, (_, split) in placed.items()}


def _alike(origins: Sequence[_Origin]) -> dict[str, list[_Origin]]:
    """What each of these is like: among themselves, and of all that have a split."""
    by_band: defaultdict[int, list[_Origin]] = defaultdict(list)
    bands = [band for origin in origins for band in origin.bands]
    stored = SplitKey.objects.filter(bands__overlap=bands).values_list(
        "origin_key", "bands", "sketch", "split"
    )
    for key, theirs, sketch, split in stored:
        for band in theirs:
            by_band[band].append(_Origin(key, theirs, bytes(sketch), split))
    for origin in origins:
        for band in origin.bands:
            by_band[band].append(origin)
    return {
        origin.key: [
            other
            for other in {
                other.key: other for band in origin.bands for other in by_band[band]
            }.values()
            if other.key != origin.key and origin.is_like(other)
        ]
        for origin in origins
    }


def _clusters(
    origins: Sequence[_Origin], alike: Mapping[str, Sequence[_Origin]]
) -> Iterator[list[_Origin]]:
    """Those that are alike, or like a third that is, together; in the order of their first keys."""
    seen: set[str] = set()
    for first in origins:
        cluster: list[_Origin] = []
        reached = [first]
        while reached:
            origin = reached.pop()
            if origin.key not in seen:
                seen.add(origin.key)
                cluster.append(origin)
                reached += [other for other in alike[origin.key] if other.key in alike]
        if cluster:
            yield sorted(cluster, key=lambda origin: origin.key)


def _alone() -> None:
    """One transaction at a time places origins: two that are alike could be placed apart by two."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('labelhub.splits', 0))")


def _stored(keys: Iterable[str]) -> dict[str, str]:
    return dict(
        SplitKey.objects.filter(origin_key__in=list(keys)).values_list("origin_key", "split")
    )
