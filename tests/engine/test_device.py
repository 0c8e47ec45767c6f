"""What the engine does about its device: its memory, its fixed shapes, and its loss."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch
from transformers import LlamaForCausalLM

from sampling.engine import cache, graphs, load, memory, protocol
from sampling.engine.loop import EngineLoop
from sampling.engine.protocol import Priority
from tests.engine.conftest import PolicyFolder
from tests.engine.driving import complete, request
from tests.engine.tiny import load_tiny

PROMPTS = tuple(tuple(range(3 + start, 3 + start + length)) for start, length in
                ((0, 1), (5, 7), (11, 30), (2, 64), (40, 23)))  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]


def test_steps_of_fixed_shapes_change_nothing(policy_folder: PolicyFolder) -> None:
    folder = policy_folder("llama")
    captured = []

    def capture(step: graphs.Replay) -> graphs.Replay:
        captured.append(step)
        return step

    backend = load_tiny(folder, capture=capture)
    n_warm = len(captured)
    asked = [
        request(prompt, seeds=(number, number + 7), max_tokens=30, priority=Priority(number % 2))
        for number, prompt in enumerate(PROMPTS)
    ]
    # With a stride, interactive rows step while batch rows lie in the slots that fill the bucket.
    plain = complete(EngineLoop(load_tiny(folder), threaded=False, batch_stride=3), *asked)
    fixed = complete(EngineLoop(backend, threaded=False, batch_stride=3), *asked)

    assert [[r.token_ids for r in group] for group in fixed] == [
        [r.token_ids for r in group] for group in plain
    ]
    # 1, 2, 4, 8 and 12 rows; all before the first request.
    assert n_warm == len(captured) == 5


def test_buckets_double_up_to_what_there_is() -> None:
    assert graphs.buckets(1, 12) == [1, 2, 4, 8, 12]
    assert graphs.buckets(256, 1024) == [256, 512, 1024]
    assert graphs.buckets(256, 100) == [100]


def test_a_capture_is_of_its_own_device_and_hinders_no_other_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a device this is all that can be shown; tests/gpu captures for real."""
    within: list[str] = []

    @contextmanager
    def entered(name: str) -> Iterator[None]:
        within.append(name)
        yield
        within.remove(name)

    for name in ("graph_pool_handle", "Stream", "stream", "current_stream", "CUDAGraph"):
        monkeypatch.setattr(torch.cuda, name, MagicMock())
    monkeypatch.setattr(torch.cuda, "device", lambda device: entered(str(device)))
    monkeypatch.setattr(
        torch.cuda, "graph", lambda graph, **options: entered(options["capture_error_mode"])
    )
    steps: list[list[str]] = []

    def step() -> torch.Tensor:
        steps.append(list(within))
        return torch.zeros(1)

    replay = graphs.CudaCapture(torch.device("cuda:1"))(step)

    assert steps == [["cuda:1"], ["cuda:1", "thread_local"]]
    assert replay().tolist() == [0]
    assert len(steps) == 2, "a replay runs nothing of Python's"


def test_a_policy_larger_than_the_device_is_refused(
    policy_folder: PolicyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: memory.GIB // 4)

    with pytest.raises(protocol.PolicyTooLarge, match=r"tiny needs .* openai:BASE_URL#MODEL"):
        load_tiny(policy_folder("llama"))


def test_parameters_are_counted_from_headers(policy_folder: PolicyFolder) -> None:
    folder = policy_folder("qwen3")
    model = load.load_model(
        folder,
        load.load_config(folder, name="tiny"),
        name="tiny",
        dtype=torch.float32,
        device=torch.device("cpu"),
    )

    assert memory.n_parameters(folder) == model.num_parameters()


def test_the_budget_holds_weights_work_and_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 10 * memory.GIB)
    found = memory.budget(
        name="any", weights_bytes=2 * memory.GIB, logits_bytes=1000, device=torch.device("cpu")
    )

    assert found.total_bytes == 5 * memory.GIB
    assert found.cache_bytes == 3 * memory.GIB - memory.GIB // 4 - 6 * 1000


@pytest.mark.parametrize(("allowed", "total"), [(3, 3), (8, 8), (12, 10)])
def test_a_stated_budget_is_kept_to_as_far_as_there_is_memory(
    monkeypatch: pytest.MonkeyPatch, allowed: int, total: int
) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda device: 10 * memory.GIB)
    found = memory.budget(
        name="any",
        weights_bytes=memory.GIB,
        logits_bytes=0,
        device=torch.device("cpu"),
        allowed_bytes=allowed * memory.GIB,
    )

    assert found.total_bytes == total * memory.GIB
    assert found.cache_bytes == (total - 1) * memory.GIB - memory.GIB // 4


def resident_bytes() -> int:
    n_pages = int(Path("/proc/self/statm").read_text().split()[1])
    return n_pages * resource.getpagesize()


def test_a_cache_takes_memory_only_where_it_is_used() -> None:
    before = resident_bytes()
    reserved = cache.zeros_when_touched((memory.GIB // 4,), torch.float32, torch.device("cpu"))
    n_taken = resident_bytes() - before

    assert reserved.nbytes == memory.GIB
    assert n_taken < memory.GIB // 8
    assert reserved[:1000].count_nonzero() == 0
    # Nor does a row's first token take the row: pages are small.
    rows = reserved.view(256, -1)
    rows[:, 0] = 1
    assert resident_bytes() - before < memory.GIB // 8


def test_free_memory_is_what_this_machine_has() -> None:
    assert 0 < memory.free_bytes(torch.device("cpu")) < 2**50


def test_health_tells_of_memory_and_work(policy_folder: PolicyFolder) -> None:
    engine = EngineLoop(load_tiny(policy_folder("llama")), threaded=False)
    assert engine.health().busy_seconds == 0
    complete(engine, request(PROMPTS[2]))
    health = engine.health()

    assert health.busy_seconds > 0
    assert health.n_slots == 12
    assert health.memory_bytes is not None
    assert health.memory_budget_bytes is not None
    assert 0 < health.memory_bytes < health.memory_budget_bytes


DYING = """
import json, signal, sys, threading
import torch
from pathlib import Path
from sampling.engine import load
from tests.engine.driving import request, results
from tests.engine.tiny import load_tiny

asked_to_end = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: asked_to_end.set())
torch.set_num_threads(1)
backend = load_tiny(Path(sys.argv[1]))
engine = load.start_loop(backend, "cpu")
def fail(*args, **kwargs):
    raise torch.AcceleratorError("CUDA error: device-side assert triggered")
handles = [engine.submit(request((5, 6, 7), seeds=(1, 2), max_tokens=200)) for _ in range(2)]
next(iter(handles[0]))
backend._model.forward = fail
codes = [[r.failure.code, r.failure.retryable] for h in handles for r in results(h)]
print(json.dumps(codes), engine.health().alive, flush=True)
sys.exit(17 if asked_to_end.wait(60) else 1)
"""


def test_a_lost_device_tells_everyone_and_ends_the_process(policy_folder: PolicyFolder) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", DYING, str(policy_folder("llama"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    codes, alive = ended.stdout.rsplit(" ", 1)

    assert json.loads(codes) == [["device_lost", True]] * 4
    assert alive.strip() == "False"
    assert ended.returncode == 17, ended.stderr


# The first pass finds the layers' shapes; then prompts, a step, and whole passes to compare with.
@pytest.mark.parametrize("n_passes", [1, 2, 6, 7])
@pytest.mark.parametrize(
    ("fault", "code", "n_ended"),
    [(torch.AcceleratorError, "device_lost", 1), (torch.OutOfMemoryError, "policy_too_large", 0)],
)
def test_a_device_that_fails_while_a_policy_is_loaded(
    policy_folder: PolicyFolder,
    monkeypatch: pytest.MonkeyPatch,
    fault: type[Exception],
    code: str,
    n_ended: int,
    n_passes: int,
) -> None:
    """Lost for good it ends the process, as a process that stays would fail every policy after."""
    folder = policy_folder("llama")
    forward, calls, ended = LlamaForCausalLM.forward, [], []

    def failing(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == n_passes:
            raise fault("CUDA error")
        return forward(*args, **kwargs)

    monkeypatch.setattr(LlamaForCausalLM, "forward", failing)
    monkeypatch.setattr(load, "end_process", lambda: ended.append(1))
    with pytest.raises(protocol.EngineError) as refused:
        load.load_engine(str(folder), device="cpu")

    assert len(calls) == n_passes
    assert (refused.value.code, len(ended)) == (code, n_ended)
    assert refused.value.retryable == (code == "device_lost")


# Nothing but what engine and tests are said to need: no Django, no plugin of pytest.
BARE = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("django", "celery", "redis", "openai", "pydantic"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import pytest
from benchmarks import sampling, sampling_gpu
sys.argv[1:] = ["--gpu"]
assert sampling.main() == 1
sys.exit(pytest.main(["tests/gpu", "--collect-only", "-q"]))
"""


def test_a_machine_with_a_gpu_needs_no_more_than_the_engine_does() -> None:
    """Both commands start there; this one has no device, which they find by themselves."""
    started = subprocess.run(
        [sys.executable, "-c", BARE],
        cwd=ROOT,
        env={"CUDA_VISIBLE_DEVICES": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert started.returncode == 0, started.stdout + started.stderr
    assert "no CUDA device here" in started.stdout
    assert "test_cuda_graphs_change_nothing" in started.stdout
