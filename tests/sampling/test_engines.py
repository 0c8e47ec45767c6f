"""One engine a policy: built once, shared, given up when there is no room."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sampling import engines, registry
from sampling.engine.fake import FakeEngine
from sampling.engine.protocol import Engine, PolicyTooLarge
from sampling.engine.spec import PolicyUnavailable
from sampling.engines import Engines
from sampling.models import Policy
from tests.factories import PolicyFactory

pytestmark = pytest.mark.django_db


class Builder:
    """Builds counting engines and remembers them."""

    def __init__(self) -> None:
        self.built: list[FakeEngine] = []

    def __call__(self, policy: Policy) -> Engine:
        self.built.append(FakeEngine(threaded=False))
        return self.built[-1]


def test_an_engine_is_built_once_for_all_threads(policy: Policy) -> None:
    begun = threading.Barrier(8)
    build = Builder()
    shared = Engines(build)

    def use(_: int) -> Engine:
        begun.wait()
        with shared.engine_for(policy) as engine:
            return engine

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(use, range(8))) == {build.built[0]}
    assert len(build.built) == 1


def test_the_least_recently_used_engine_gives_way() -> None:
    first, second, third = PolicyFactory(), PolicyFactory(), PolicyFactory()
    build = Builder()
    shared = Engines(build, capacity=2)
    for policy in (first, second, first, third):
        with shared.engine_for(policy):
            pass
    assert [engine.health().alive for engine in build.built] == [True, False, True]


def test_an_engine_in_use_is_not_given_up() -> None:
    first, second = PolicyFactory(), PolicyFactory()
    build = Builder()
    shared = Engines(build, capacity=1)

    def use_second() -> None:
        with shared.engine_for(second):
            pass

    with shared.engine_for(first) as engine:
        waiting = threading.Thread(target=use_second)
        waiting.start()
        assert engine.health().alive
        assert len(build.built) == 1
    waiting.join()
    assert len(build.built) == 2
    assert not engine.health().alive


class MortalEngine(FakeEngine):
    """Dies as an engine does whose device is lost, and notes whether somebody closes it then."""

    def __init__(self) -> None:
        super().__init__(threaded=False)
        self.n_closed = 0

    def die(self) -> None:
        super().close()

    def close(self) -> None:
        self.n_closed += 1
        super().close()


def test_an_engine_that_died_is_closed_and_built_anew(policy: Policy) -> None:
    built = [MortalEngine() for _ in range(3)]
    left = built[:]
    shared = Engines(lambda policy: left.pop(0))
    with shared.engine_for(policy):
        with shared.engine_for(policy):
            built[0].die()
        # Somebody still reads what it said last.
        assert built[0].n_closed == 0
    assert built[0].n_closed == 1
    assert shared.figures().policies == ()
    with shared.engine_for(policy) as second:
        assert second is built[1]
    built[1].die()
    with shared.engine_for(policy) as third:
        assert third is built[2]
    assert [each.n_closed for each in built] == [1, 1, 0]


def test_idle_engines_give_way_where_the_device_has_no_room() -> None:
    first, second, third = PolicyFactory(), PolicyFactory(), PolicyFactory()
    built: list[FakeEngine] = []

    def build(policy: Policy) -> Engine:
        if sum(each.health().alive for each in built) == 2:
            raise PolicyTooLarge("no room for a third")
        built.append(FakeEngine(threaded=False))
        return built[-1]

    shared = Engines(build)
    with (
        shared.engine_for(first),
        shared.engine_for(second),
        pytest.raises(PolicyTooLarge),
        shared.engine_for(third),
    ):
        pass
    with shared.engine_for(second), shared.engine_for(third):
        pass
    assert [engine.health().alive for engine in built] == [False, True, True]


def test_a_failed_build_leaves_room_for_the_next(policy: Policy) -> None:
    failures = [PolicyUnavailable("the hub is away")]
    build = Builder()

    def build_second_time(policy: Policy) -> Engine:
        if failures:
            raise failures.pop()
        return build(policy)

    shared = Engines(build_second_time, capacity=1)
    with pytest.raises(PolicyUnavailable), shared.engine_for(policy):
        pass
    with shared.engine_for(policy) as engine:
        assert engine is build.built[0]


def test_files_that_changed_since_registration_do_not_serve(tmp_path: Path) -> None:
    # Imported late: torch is heavy, and no other test of this file needs it.
    from tests.engine import tiny

    tiny.save_policy(tmp_path, "llama")
    policy = registry.add_policy(name="tiny", source=str(tmp_path))
    engines.load(policy).close()
    template = tmp_path / "chat_template.jinja"
    template.write_text(template.read_text() + "{# changed #}")
    engines.policies.tokens._load.cache_clear()
    with pytest.raises(engines.PolicyChanged, match=r"chat template .* changed since tiny"):
        engines.load(policy)
