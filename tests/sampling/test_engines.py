"""One engine a policy: built once, shared, given up when there is no room."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sampling import engines, registry
from sampling.engine.fake import FakeEngine
from sampling.engine.protocol import Engine
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


def test_an_engine_that_died_is_built_anew(policy: Policy) -> None:
    build = Builder()
    shared = Engines(build)
    with shared.engine_for(policy) as engine:
        pass
    engine.close()
    with shared.engine_for(policy) as again:
        assert again.health().alive
    assert len(build.built) == 2


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
