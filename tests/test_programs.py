"""Which processes the supervisor starts."""

from __future__ import annotations

from pathlib import Path

from labelhub import programs


def test_every_gpu_has_a_worker_process_of_its_own(tmp_path: Path) -> None:
    workers = programs.gpu_workers(tmp_path, n_threads=6, devices=["0", "GPU-5c41"])

    assert [each.name for each in workers] == ["gpu-worker-0", "gpu-worker-GPU-5c41"]
    assert [each.environment["CUDA_VISIBLE_DEVICES"] for each in workers] == ["0", "GPU-5c41"]
    nodes = [each.command[each.command.index("-n") + 1] for each in workers]
    assert nodes == ["gpu-worker-0@%h", "gpu-worker-GPU-5c41@%h"]
    assert len({each.environment["LABELHUB_READY_FILE"] for each in workers}) == 2


def test_without_named_gpus_one_worker_sees_what_there_is(tmp_path: Path) -> None:
    (worker,) = programs.gpu_workers(tmp_path, n_threads=6, devices=[])

    assert worker.name == "gpu-worker"
    assert "CUDA_VISIBLE_DEVICES" not in worker.environment
