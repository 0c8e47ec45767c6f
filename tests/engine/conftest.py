from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from sampling import tokens
from sampling.engine import spec
from sampling.engine.fake import FakeEngine
from sampling.engine.loop import EngineLoop
from sampling.engine.openai_server import OpenAIEngine
from tests.engine import served, tiny
from tests.engine.tiny import load_tiny

PolicyFolder = Callable[[str], Path]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Keep torch to one thread: tests run beside others, and tiny matrices gain nothing."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a tokenizer and a template, and the window of its policy."""
    folder = tmp_path_factory.mktemp("tokenizer")
    tiny.save_tokenizer(folder)
    (folder / "config.json").write_text(
        f'{{"model_type": "llama", "max_position_embeddings": {tiny.CONTEXT_TOKENS}}}'
    )
    return folder


@pytest.fixture(scope="session")
def policy_folder(tmp_path_factory: pytest.TempPathFactory) -> PolicyFolder:
    """Return a maker of whole policies by kind of architecture, each built once."""
    made: dict[str, Path] = {}

    def make(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp(kind)
            tiny.save_policy(made[kind], kind)
        return made[kind]

    return make


@pytest.fixture(params=["fake", "slots"])
def make_engine(
    request: pytest.FixtureRequest, policy_folder: PolicyFolder
) -> Iterator[Callable[..., EngineLoop]]:
    """Return a maker of engines that the test steps itself, unless it asks for a thread."""
    made: list[EngineLoop] = []

    def make(**options: Any) -> EngineLoop:
        options = {"threaded": False, **options}
        if request.param == "fake":
            made.append(FakeEngine(n_slots=12, n_reserved=4, **options))
        else:
            made.append(EngineLoop(load_tiny(policy_folder("llama")), **options))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


@pytest.fixture(scope="session")
def long_policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a whole policy whose window takes seconds to fill."""
    folder = tmp_path_factory.mktemp("long") / "tiny"
    served.save_long_policy(folder)
    return folder


@pytest.fixture(scope="session")
def served_policy(long_policy: Path) -> Iterator[served.Served]:
    """The long policy behind HTTP, served by a process of its own."""
    options = ("--slots", str(served.N_SLOTS), "--queue", "4")
    with served.serving(str(long_policy), *options) as base_url:
        server = spec.Server(base_url, "tiny")
        chat = tokens.load(long_policy)
        probing = OpenAIEngine(server, chat=chat)
        probing.close()
        yield served.Served(server, chat, probing.capabilities)
