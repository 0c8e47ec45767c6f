"""The engines of this process: one a policy, built on first use, the least used given up first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from django.conf import settings

from sampling import policies
from sampling.engine import spec
from sampling.engine.protocol import Engine, EngineError, PolicyTooLarge
from sampling.models import Policy

CAPACITY = 4


class Key(NamedTuple):
    """An engine serves one policy as its row says now."""

    policy_id: int
    source: str
    revision: str


@dataclass(frozen=True)
class Figures:
    """All engines of the process together; counters are since they were built."""

    policies: tuple[str, ...]
    device: str
    n_prompt_tokens: int
    n_sampled_tokens: int
    busy_seconds: float
    memory_bytes: int | None
    memory_budget_bytes: int | None


class PolicyChanged(EngineError):
    """The files are no longer those that were registered: their completions would be misnamed."""

    code = "policy_changed"


@dataclass
class _Seat:
    """One engine and how many generations use it; None while it is being built."""

    policy_name: str
    engine: Engine | None
    n_users: int


class Engines:
    """Engines by policy. Safe to use from any thread; other policies go on while one is built."""

    def __init__(self, build: Callable[[Policy], Engine], *, capacity: int = CAPACITY) -> None:
        self._build = build
        self._capacity = capacity
        self._seats: OrderedDict[Key, _Seat] = OrderedDict()
        self._changed = threading.Condition()

    @contextmanager
    def engine_for(self, policy: Policy) -> Iterator[Engine]:
        """The policy's engine, kept for as long as the block runs. Raises what building raises."""
        key = Key(policy.pk, policy.source, policy.revision)
        seat = self._take(key, policy.name)
        try:
            engine = seat.engine or self._fill(key, seat, policy)
            yield engine
        finally:
            with self._changed:
                seat.n_users -= 1
                self._bury(key)
                self._changed.notify_all()

    def n_tokens(self) -> int:
        """Tokens that all engines have worked through since they were built: it grows or we hang."""
        figures = self.figures()
        return figures.n_prompt_tokens + figures.n_sampled_tokens

    def figures(self) -> Figures:
        """What the engines that are built add up to; the device is the newest one's."""
        with self._changed:
            built = [
                (seat.policy_name, seat.engine) for seat in self._seats.values() if seat.engine
            ]
        healths = [engine.health() for _, engine in built]
        memory = [each.memory_bytes for each in healths if each.memory_bytes is not None]
        budgets = [
            each.memory_budget_bytes for each in healths if each.memory_budget_bytes is not None
        ]
        return Figures(
            policies=tuple(name for name, _ in built),
            device=(healths[-1].provenance.device or "") if healths else "",
            n_prompt_tokens=sum(each.n_prompt_tokens for each in healths),
            n_sampled_tokens=sum(each.n_sampled_tokens for each in healths),
            busy_seconds=sum(each.busy_seconds for each in healths),
            memory_bytes=sum(memory) if memory else None,
            memory_budget_bytes=sum(budgets) if budgets else None,
        )

    def is_building(self) -> bool:
        """Whether an engine is being built, which nothing can interrupt."""
        with self._changed:
            return any(seat.engine is None for seat in self._seats.values())

    def close(self) -> None:
        """Close every engine; what is unfinished ends with a retryable failure."""
        for engine in self._built():
            engine.close()

    def _built(self) -> list[Engine]:
        with self._changed:
            return [seat.engine for seat in self._seats.values() if seat.engine is not None]

    def _take(self, key: Key, policy_name: str) -> _Seat:
        """A seat to use; its engine is None for the one caller who is to build it."""
        with self._changed:
            while True:
                seat = self._seats.get(key)
                if seat is None and self._make_room():
                    self._seats[key] = _Seat(policy_name, engine=None, n_users=1)
                    return self._seats[key]
                if self._bury(key):
                    continue
                if seat is not None and seat.engine is not None and seat.engine.health().alive:
                    seat.n_users += 1
                    self._seats.move_to_end(key)
                    return seat
                self._changed.wait()

    def _make_room(self) -> bool:
        """Give up the least recently used idle engine where the process holds enough of them."""
        return len(self._seats) < self._capacity or self._give_up_idle()

    def _give_up_idle(self) -> bool:
        """Close the least recently used engine that nobody uses; False where all are in use."""
        for key, seat in self._seats.items():
            if seat.n_users == 0 and seat.engine is not None:
                del self._seats[key]
                seat.engine.close()
                return True
        return False

    def _bury(self, key: Key) -> bool:
        """Close an engine that died, once its last reader has left; True where there was one."""
        seat = self._seats.get(key)
        if seat is None or seat.n_users or seat.engine is None or seat.engine.health().alive:
            return False
        del self._seats[key]
        seat.engine.close()
        return True

    def _fill(self, key: Key, seat: _Seat, policy: Policy) -> Engine:
        try:
            engine = self._build_in_room(policy)
        except BaseException:
            with self._changed:
                del self._seats[key]
            raise
        with self._changed:
            seat.engine = engine
            self._changed.notify_all()
        return engine

    def _build_in_room(self, policy: Policy) -> Engine:
        """Build, giving up idle engines one by one for as long as the device has too little room."""
        while True:
            try:
                return self._build(policy)
            except PolicyTooLarge:
                with self._changed:
                    if not self._give_up_idle():
                        raise


def load(policy: Policy) -> Engine:
    """A running engine for the policy; raises EngineError or sampling.tokens.TokensError."""
    place = spec.parse(policies.place_of(policy.source))
    if isinstance(place, spec.Server):
        # A second of imports, which only a worker that speaks to servers should pay.
        from sampling.engine.openai_server import connect

        return connect(
            place,
            allowed_hosts=settings.POLICY_HOSTS,
            chat=policies.chat_tokenizer(policy),
            api_key_variable=policy.api_key_variable or None,
        )
    # The one door to torch: opened in a GPU worker when it first serves a policy, never in web.
    from sampling.engine.load import load_engine
    from sampling.engine.memory import Allowance

    engine = load_engine(
        policies.place_of(policy.source),
        revision=policy.revision or None,
        allowance=Allowance.stated(
            n_slots=settings.ENGINE_SLOTS, memory_gib=settings.ENGINE_MEMORY_GIB
        ),
        n_threads=settings.TORCH_THREADS,
    )
    provenance = engine.provenance
    for what, registered, found in (
        ("weights", policy.weights_sha256, provenance.weights_sha256),
        ("tokenizer", policy.tokenizer_sha256, provenance.tokenizer_sha256),
        ("chat template", policy.chat_template_sha256, provenance.template_sha256),
    ):
        if registered and found and registered != found:
            engine.close()
            raise PolicyChanged(
                f"the {what} of {policy.source} changed since {policy.name} was registered; "
                "register the new files as a policy of their own"
            )
    return engine
