"""Claim and submit over HTTP: 1, 8 and 32 signed-in trainers on 20,000 open ranking tasks.

Measured: rankings a second in a closed loop without think time, the 95th percentile of claim and of
submit, CPU of web, PostgreSQL and Redis for one ranking (from /proc; the load driver apart), SQL
statements of one claim and one submit with session and user look-ups included, and tasks that were
given to somebody twice. Against: Label Studio 1.23.2 on a like machine (10.9 rankings a second and
190 ms of CPU each with 8 people; 46 and 65 statements; docs/PERFORMANCE.md), and the first of the
three trainer counts, measured in the same run.

Run with `python -m benchmarks.queue [--quick]`. Exits 1 where a request fails or a task is doubled.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import processes
from benchmarks.report import ROOT, print_figures, print_header, quantile

TRAINERS = (1, 8, 32)
N_TASKS = 20_000
TEXT = "A reply of about four hundred characters, as a policy would write it. " * 6
SLUG = "bench"


@dataclass
class Load:
    """What one set of trainers did."""

    claims: list[float] = field(default_factory=list)
    submits: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


def seed(n_tasks: int, n_trainers: int) -> list[str]:
    """A project with open ranking tasks; the session keys of its signed-in trainers."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from annotation.models import Candidate, Comparison, ImportRun, RatingSchema, TaskKind
    from annotation.services import tasks
    from labelhub import clock
    from labelhub.accounts.models import Project, User
    from labelhub.accounts.services import add_member
    from sampling.models import Context

    now = clock.now()
    project = Project.objects.create(slug=SLUG, name="Bench")
    RatingSchema.objects.create(project=project, version=1, flags=[], created_at=now)
    run = ImportRun.objects.create(
        project=project, file_name="bench", format="ranking", started_at=now
    )
    context = Context.objects.create(sha256="0" * 64, messages=[{"role": "user", "content": TEXT}])
    comparisons = Comparison.objects.bulk_create(
        [
            Comparison(
                project=project,
                criterion="overall",
                state="ready",
                context=context,
                origin_key=str(number),
                import_run=run,
                created_at=now,
                ready_at=now,
            )
            for number in range(n_tasks)
        ],
        batch_size=2000,
    )
    Candidate.objects.bulk_create(
        [
            Candidate(
                project=project,
                comparison=comparison,
                index=index,
                origin="imported",
                content=f"{index} {TEXT}",
            )
            for comparison in comparisons
            for index in range(4)
        ],
        batch_size=5000,
    )
    tasks.add_tasks(
        tasks=[
            tasks.NewTask(project=project, kind=TaskKind.RANKING, comparison=comparison)
            for comparison in comparisons
        ]
    )
    keys = []
    for number in range(n_trainers):
        user = User.objects.create(username=f"bench{number}", password="!")
        add_member(project=project, user=user, role="trainer")
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "labelhub.accounts.sessions.AccountBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        keys.append(str(session.session_key))
    return keys


class Trainer:
    """One browser: a kept connection, a session and a CSRF token."""

    def __init__(self, port: int, session_key: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        token = "a" * 32
        self.headers = {
            "Cookie": f"sessionid={session_key}; csrftoken={token}",
            "X-CSRFToken": token,
            "Content-Type": "application/json",
        }

    def post(self, path: str, body: object) -> tuple[int, dict[str, object], float]:
        began = time.perf_counter()
        self.connection.request("POST", f"/api/v1/{path}", json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}, time.perf_counter() - began

    def rank_one(self, load: Load) -> None:
        status, assignment, seconds = self.post(f"projects/{SLUG}/claims/", {"kind": "ranking"})
        if status != 200:
            load.failures.append(f"claim {status} {assignment}")
            return
        load.claims.append(seconds)
        candidates = assignment["comparison"]["candidates"]  # type: ignore[index]
        labels = [candidate["label"] for candidate in candidates]
        status, answer, seconds = self.post(
            f"assignments/{assignment['id']}/ranking/",
            {
                "key": str(uuid.uuid4()),
                "cannot_judge": False,
                "tiers": [[labels[0]], labels[1:3], labels[3:]],
                "acceptable_tier": None,
                "ratings": {},
                "flags": {},
                "comment": "",
                "rewrite": "",
                "open_milliseconds": dict.fromkeys(labels, 1000),
            },
        )
        if status != 201:
            load.failures.append(f"submit {status} {answer}")
            return
        load.submits.append(seconds)


def drive(port: int, keys: list[str], seconds: float) -> Load:
    """Closed loop, one thread a trainer, for `seconds`."""
    loads = [Load() for _ in keys]
    started = threading.Barrier(len(keys) + 1)
    deadline = [0.0]

    def work(load: Load, key: str) -> None:
        trainer = Trainer(port, key)
        started.wait()
        while time.perf_counter() < deadline[0] and not load.failures:
            trainer.rank_one(load)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(loads, keys, strict=True)]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    deadline[0] = began + seconds
    started.wait()
    for thread in threads:
        thread.join()
    merged = Load(seconds=time.perf_counter() - began)
    for load in loads:
        merged.claims += load.claims
        merged.submits += load.submits
        merged.failures += load.failures
    return merged


def drive_apart(port: int, keys: list[str], seconds: float) -> Load:
    """`drive` in a process of its own, so that its interpreter lock is nobody else's."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(drive, (port, keys, seconds))


def count_statements(session_key: str) -> tuple[int, int]:
    """SQL statements of one claim and one submit, session and user look-ups included."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client()
    client.cookies["sessionid"] = session_key
    with CaptureQueriesContext(connection) as claim:
        assignment = client.post(
            f"/api/v1/projects/{SLUG}/claims/", {"kind": "ranking"}, content_type="application/json"
        ).json()
    labels = [candidate["label"] for candidate in assignment["comparison"]["candidates"]]
    with CaptureQueriesContext(connection) as submit:
        answer = client.post(
            f"/api/v1/assignments/{assignment['id']}/ranking/",
            {
                "key": str(uuid.uuid4()),
                "cannot_judge": False,
                "tiers": [[name] for name in labels],
                "acceptable_tier": None,
                "ratings": {},
                "flags": {},
                "comment": "",
                "rewrite": "",
                "open_milliseconds": dict.fromkeys(labels, 1000),
            },
            content_type="application/json",
        )
    assert answer.status_code == 201, answer.content
    return _n_statements(claim), _n_statements(submit)


def _n_statements(captured: object) -> int:
    transaction_control = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
    return sum(
        not query["sql"].startswith(transaction_control)
        for query in captured  # type: ignore[attr-defined]
    )


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_ready(port: int, web: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if web.poll() is not None:
            sys.exit(f"the web process ended with status {web.returncode}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
    sys.exit("the web process is not ready after 60 s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="ends within 50 s")
    quick = parser.parse_args().quick
    seconds, repeats = (3.0, 1) if quick else (10.0, 3)
    print_header("Claim and submit over HTTP")

    folder = Path(tempfile.mkdtemp(prefix="labelhub-bench-"))
    os.environ["VAR_DIR"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "labelhub.settings"
    from labelhub import embedded

    embedded.hold(folder, throw_away=True)
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    keys = seed(N_TASKS, max(TRAINERS))
    port = free_port()
    web = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "labelhub.asgi:application", "--port", str(port),
         "--workers", str(settings.CONFIG.web_processes), "--lifespan", "off", "--no-access-log",
         "--log-level", "warning"],
        cwd=ROOT,
    )  # fmt: skip
    try:
        wait_until_ready(port, web)
        figures, failures = measure(port, keys, [web.pid, *processes.with_argument(str(folder))],
                                    seconds, repeats)  # fmt: skip
    finally:
        web.terminate()
        web.wait(timeout=20)
    figures["sql_per_claim"], figures["sql_per_submit"] = count_statements(keys[0])
    figures["doubly_assigned"] = n_doubly_assigned()
    print(
        f"  SQL statements: {figures['sql_per_claim']} a claim, {figures['sql_per_submit']} a submit"
    )
    print(f"  doubly assigned: {figures['doubly_assigned']}")
    for failure in failures[:5]:
        print(f"  failed: {failure}")
    print_figures(figures)
    return 1 if failures or figures["doubly_assigned"] else 0


def measure(
    port: int, keys: list[str], roots: list[int], seconds: float, repeats: int
) -> tuple[dict[str, object], list[str]]:
    """Every trainer count, `repeats` times in turn; medians by trainer count."""
    drive_apart(port, keys[:8], 1.0)
    runs: dict[int, list[dict[str, float]]] = {n: [] for n in TRAINERS}
    failures: list[str] = []
    for _ in range(repeats):
        for n in TRAINERS:
            before = processes.cpu_seconds(roots)
            load = drive_apart(port, keys[:n], seconds)
            cpu = processes.cpu_seconds(roots) - before
            failures += load.failures
            if not load.submits:
                failures.append(f"no ranking went through with {n} trainers")
                continue
            runs[n].append(
                {
                    "rankings_per_second": len(load.submits) / load.seconds,
                    "claim_p95_ms": quantile(load.claims, 0.95) * 1000,
                    "submit_p95_ms": quantile(load.submits, 0.95) * 1000,
                    "cpu_ms_per_ranking": cpu * 1000 / len(load.submits),
                }
            )
    figures: dict[str, object] = {}
    print(
        f"  {'trainers':>8} {'rankings/s':>11} {'claim p95':>10} {'submit p95':>10} {'CPU ms':>8}  spread of rankings/s"
    )
    for n in TRAINERS:
        if not runs[n]:
            continue
        medians = {name: statistics.median(run[name] for run in runs[n]) for name in runs[n][0]}
        rates = [run["rankings_per_second"] for run in runs[n]]
        print(f"  {n:8d} {medians['rankings_per_second']:11.1f} {medians['claim_p95_ms']:10.1f}"
              f" {medians['submit_p95_ms']:10.1f} {medians['cpu_ms_per_ranking']:8.1f}"
              f"  {min(rates):.1f} … {max(rates):.1f}")  # fmt: skip
        for name, value in medians.items():
            figures.setdefault(name, {})[str(n)] = round(value, 2)  # type: ignore[index]
    return figures, failures


def n_doubly_assigned() -> int:
    """Tasks of one slot that more than one live assignment answers or holds."""
    from django.db.models import Count

    from annotation.models import Assignment

    return (
        Assignment.objects.filter(state__in=["leased", "submitted"])
        .values("task")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
        .count()
    )


if __name__ == "__main__":
    sys.exit(main())
