"""The one clock. Services and selectors ask here, so that a test can hold time still."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_held: ContextVar[datetime | None] = ContextVar("held_time", default=None)


def now() -> datetime:
    """The current time, aware, UTC."""
    return _held.get() or datetime.now(UTC)


@contextmanager
def held_at(moment: datetime) -> Iterator[None]:
    """Within the block `now()` answers `moment`, in this thread or task only."""
    token = _held.set(moment)
    try:
        yield
    finally:
        _held.reset(token)
