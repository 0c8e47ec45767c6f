"""Which processes the supervisor starts."""

from __future__ import annotations

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pytest_django import Settings

from labelhub import programs
from labelhub.accounts.management.commands import demo
from labelhub.supervisor import StepError


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


class _Site(BaseHTTPRequestHandler):
    """Answers everything with the same status."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_a_web_process_is_ready_once_it_says_so_and_the_site_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as site:
        one, other = programs.web(tmp_path, site.socket, site="localhost", n_processes=2)
        assert one.files == other.files == (site.fileno(),)
        answering = Thread(target=site.serve_forever, args=(0.01,))
        answering.start()
        Path(one.environment["LABELHUB_READY_FILE"]).touch()
        assert not one.is_ready()
        monkeypatch.setattr(_Site, "status", HTTPStatus.OK)
        assert [one.is_ready(), other.is_ready()] == [True, False]
        Path(other.environment["LABELHUB_READY_FILE"]).touch()
        assert other.is_ready()
        site.shutdown()
        answering.join()


@pytest.mark.django_db
def test_more_connections_than_postgresql_takes_are_refused_at_start(settings: Settings) -> None:
    demo.Command()._require_connections()
    settings.CONFIG = settings.CONFIG.model_copy(update={"web_processes": 20, "web_threads": 64})
    with pytest.raises(StepError, match=r"may open 1,3\d\d connections .* Lower WEB_PROCESSES"):
        demo.Command()._require_connections()
