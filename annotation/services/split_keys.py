"""The split of every origin, drawn once and kept (DATA.md §6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.conf import settings

from annotation.datasets.splits import split_of
from annotation.models import SplitKey


def splits_of_keys(*, keys: Collection[str], shares: Mapping[str, float]) -> dict[str, str]:
    """The split of each origin; an origin that has none yet is drawn one by these shares.

    An origin keeps its split whatever later shares say, so one may come that these do not name.
    """
    known = _stored(keys)
    # In one order everywhere, so that two exports never wait for each other's rows.
    new = sorted(set(keys) - known.keys())
    if new:
        SplitKey.objects.bulk_create(
            (
                SplitKey(
                    origin_key=key, split=split_of(key, salt=settings.SPLIT_SALT, shares=shares)
                )
                for key in new
            ),
            ignore_conflicts=True,
        )
        known |= _stored(new)
    return known


def _stored(keys: Collection[str]) -> dict[str, str]:
    return dict(
        SplitKey.objects.filter(origin_key__in=list(keys)).values_list("origin_key", "split")
    )
