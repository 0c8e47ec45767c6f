from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sampling.engine.fake import FakeEngine
from sampling.engine.loop import EngineLoop
from tests.engine import tiny


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a tokenizer and a template, and the window of its policy."""
    folder = tmp_path_factory.mktemp("tokenizer")
    tiny.save_tokenizer(folder)
    (folder / "config.json").write_text(
        f'{{"model_type": "llama", "max_position_embeddings": {tiny.CONTEXT_TOKENS}}}'
    )
    return folder


@pytest.fixture(params=["fake"])
def make_engine(
    request: pytest.FixtureRequest,
) -> Iterator[Callable[..., EngineLoop]]:
    """Return a maker of engines that the test steps itself, unless it asks for a thread."""
    kind: type[EngineLoop] | Callable[..., EngineLoop] = FakeEngine
    made: list[EngineLoop] = []

    def make(**options: Any) -> EngineLoop:
        made.append(kind(**({"threaded": False, "n_slots": 12, "n_reserved": 4} | options)))
        return made[-1]

    yield make
    for engine in made:
        engine.close()
