"""The next piece of work is read while this one is dealt with."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connections

Item = TypeVar("Item")


def read_ahead(items: Iterator[Item]) -> Generator[Item]:
    """The same items, one of them made beforehand by a thread.

    The thread uses the caller's database connection, and so sees what the caller's transaction sees.
    One of the two at most may ask the database anything: the items or whoever takes them. Closing
    the generator waits for what is being read.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    connection.inc_thread_sharing()
    try:
        with ThreadPoolExecutor(
            max_workers=1,
            thread_name_prefix="reading ahead",
            initializer=connections.__setitem__,
            initargs=(DEFAULT_DB_ALIAS, connection),
        ) as reading:
            following = reading.submit(_next, items)
            while item := following.result():
                following = reading.submit(_next, items)
                yield item[0]
    finally:
        connection.dec_thread_sharing()


def _next(items: Iterator[Item]) -> tuple[Item] | None:
    for item in items:
        return (item,)
    return None
