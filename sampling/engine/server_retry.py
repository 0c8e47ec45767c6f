"""When a server is asked again: after faults that may pass, before the first word, as it asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import tenacity

from sampling.engine.chat_wire import ServerFault

# A server that asks for a longer pause is left to the caller's own queue.
LONGEST_PAUSE_SECONDS = 20.0
JITTER = tenacity.wait_random_exponential(multiplier=0.5, max=8)

Pause = Callable[[float], Coroutine[Any, Any, None]]


def retrying(
    begun: Callable[[], bool], *, max_retries: int, pause: Pause = asyncio.sleep
) -> tenacity.AsyncRetrying:
    """Return a loop over attempts that ends with an answer, or raises the last ServerFault.

    Once `begun`, what was said is somebody's and is not asked for a second time.
    """

    def worth_another_try(error: BaseException) -> bool:
        return (
            isinstance(error, ServerFault)
            and error.failure.retryable
            and not begun()
            and (error.after_seconds or 0.0) <= LONGEST_PAUSE_SECONDS
        )

    return tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(1 + max_retries),
        wait=_seconds_until_retry,
        retry=tenacity.retry_if_exception(worth_another_try),
        sleep=pause,
        reraise=True,
    )


def _seconds_until_retry(state: tenacity.RetryCallState) -> float:
    """Return what the server asks for, else a random pause that grows from try to try."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.after_seconds if isinstance(error, ServerFault) else None
    return JITTER(state) if asked is None else asked
