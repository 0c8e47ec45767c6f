"""A GPU worker whose engine counts, and a policy for it: all of sampling but the model."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis
from django.conf import settings
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from sampling import runner
from sampling.engine.fake import FakeEngine
from sampling.engines import Engines
from sampling.models import Policy
from sampling.runner import Worker
from tests.factories import PolicyFactory
from tests.processes import wait_until

TEMPLATE = (
    "{% for message in messages %}<|turn|>{{ message['role'] }}\n{{ message['content'] }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|turn|>assistant\n{% endif %}"
)
WINDOW_TOKENS = 4096


def save_byte_tokenizer(folder: Path) -> None:
    """A tokenizer with one token a byte: a context has as many tokens as bytes, nearly."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={byte: i for i, byte in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|turn|>", "<|end|>"])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|end|>"}))
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": WINDOW_TOKENS}))


def counting_worker(*, n_threads: int = 4, n_reserved: int = 1, **engine: Any) -> Worker:
    """A worker process in small; `engine` are FakeEngine's options."""
    engines = Engines(lambda policy: FakeEngine(**engine))
    return Worker(engines=engines, n_threads=n_threads, n_reserved=n_reserved)


class Steppers:
    """Workers whose engines move only when a test steps them."""

    def __init__(self) -> None:
        self.engines: dict[Worker, FakeEngine] = {}
        self.threads: list[threading.Thread] = []

    def worker(self, *, n_threads: int = 4, n_reserved: int = 1) -> Worker:
        engine = FakeEngine(threaded=False, n_words=1000)
        worker = Worker(
            engines=Engines(lambda policy: engine), n_threads=n_threads, n_reserved=n_reserved
        )
        self.engines[worker] = engine
        return worker

    def start(self, worker: Worker) -> threading.Thread:
        """One more thread of the pool, woken by a message."""
        thread = threading.Thread(target=worker.run_next)
        self.threads.append(thread)
        thread.start()
        return thread

    def start_until_running(self, worker: Worker, n_running: int) -> None:
        self.start(worker)
        wait_until(
            lambda: len([each for each in worker.running() if each.handle]) == n_running,
            f"{n_running} generations on the device",
        )

    def finish(self) -> None:
        """Step every engine until all threads have nothing left to run."""

        def step_all() -> bool:
            for engine in self.engines.values():
                while engine.step():
                    pass
            return not any(thread.is_alive() for thread in self.threads)

        wait_until(step_all, "the end of all generations")


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bytes")
    save_byte_tokenizer(folder)
    return folder


@pytest.fixture
def policy(db: None, tokenizer_folder: Path) -> Policy:
    """A policy that any counting worker serves."""
    policy: Policy = PolicyFactory(
        tokenizer_source=str(tokenizer_folder), context_window_tokens=WINDOW_TOKENS
    )
    return policy


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    """This process as a GPU worker: `sampling.runner.run_next()` runs what is queued."""
    worker = counting_worker()
    monkeypatch.setattr(runner, "worker", worker)
    yield worker
    worker.engines.close()


@pytest.fixture
def steppers() -> Iterator[Steppers]:
    steppers = Steppers()
    yield steppers
    steppers.finish()


@pytest.fixture
def pipe_client() -> Iterator[redis.Redis]:
    """The test's own connection to Redis, which is empty before and after."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture
def rung(pipe_client: redis.Redis) -> Callable[[], list[tuple[str, list[int]]]]:
    """The jobs whose doorbell was rung since the last call, with their ids, in order."""

    def rung() -> list[tuple[str, list[int]]]:
        found = []
        for queue in ("default", "gpu"):
            for message in reversed(pipe_client.lrange(queue, 0, -1)):
                envelope = orjson.loads(message)
                args, _, _ = orjson.loads(base64.b64decode(envelope["body"]))
                found.append((envelope["headers"]["task"], args))
            pipe_client.delete(queue)
        return found

    return rung
