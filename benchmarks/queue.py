"""Claim and submit over HTTP: 1, 8, 32 and 128 signed-in trainers on 20,000 open ranking tasks.

Measured: rankings a second in a closed loop without think time, how long a claim and a submit take,
CPU of web, PostgreSQL and Redis for one ranking (from /proc; the load driver apart), SQL statements
of one claim and one submit with session and user look-ups included, and tasks given to somebody
twice. Beside each row stands what a fixed piece of Python work took before and after it: where that
rises, the row shows slower cores, not slower code. The whole run (without --quick, some five minutes) also measures 8 trainers with 1,000 tasks
and with 1,000,000, and one trainer who has answered 50,000 tasks that still want other answers, in
turn with one who has answered few. Against: Label Studio 1.23.2 on a like machine (10.9 rankings a
second and 190 ms of CPU each with 8 people; 46 and 65 statements; docs/PERFORMANCE.md), and the
cases among themselves.

The million tasks share the comparisons of the first 20,000.

Run with `python -m benchmarks.queue [--quick] [--processes N] [--threads N]`. Exits 1 where a request
fails or a task is doubled.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import processes, trainers
from benchmarks.report import print_figures, print_header, quantile, reference_cpu_ms
from benchmarks.web_processes import web_processes

TRAINERS, TRAINERS_QUICKLY = (1, 8, 32, 128), (1, 8, 32)
N_TASKS, N_TASKS_FEW, N_TASKS_MANY = 20_000, 1_000, 1_000_000
N_ANSWERED = 50_000
WARM_UP_SECONDS = 2.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="ends within 50 s")
    parser.add_argument("--processes", type=int, help="web processes (WEB_PROCESSES)")
    parser.add_argument("--threads", type=int, help="threads in each (WEB_THREADS)")
    options = parser.parse_args()
    for name in ("processes", "threads"):
        if (number := getattr(options, name)) is not None:
            os.environ[f"WEB_{name.upper()}"] = str(number)
    print_header("Claim and submit over HTTP")

    folder = Path(tempfile.mkdtemp(prefix="labelhub-bench-"))
    os.environ |= {"VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "labelhub.settings"}
    from labelhub import embedded

    embedded.hold(folder, throw_away=True)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    bench = Bench(folder, n_trainers=max(TRAINERS_QUICKLY if options.quick else TRAINERS))
    if options.quick:
        bench.add_comparisons(N_TASKS)
        bench.measure(TRAINERS_QUICKLY, seconds=3.0, repeats=1)
    else:
        bench.add_comparisons(N_TASKS_FEW)
        bench.measure_size(N_TASKS_FEW)
        bench.add_comparisons(N_TASKS - N_TASKS_FEW)
        bench.measure_size(N_TASKS)
        bench.measure(TRAINERS, seconds=8.0, repeats=3)
        bench.add_tasks(N_TASKS_MANY - N_TASKS)
        bench.measure_size(N_TASKS_MANY)
        bench.measure_veteran()
    return bench.report()


def medians(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


class Bench:
    """One project on throw-away servers, and the figures found so far."""

    def __init__(self, folder: Path, n_trainers: int) -> None:
        from benchmarks import open_rankings

        self.figures: dict[str, Any] = {}
        self.failures: list[str] = []
        self._rows = open_rankings
        self._servers = processes.with_argument(str(folder))
        self._project = open_rankings.make_project()
        self._members = open_rankings.add_trainers(self._project, n_trainers)
        self._keys = [open_rankings.sign_in(member.user) for member in self._members]

    def add_comparisons(self, n: int) -> None:
        self._rows.add_comparisons(n)
        self._settle()

    def add_tasks(self, n: int) -> None:
        self._rows.add_tasks(n)
        self._settle()

    def _settle(self) -> None:
        """As autovacuum would in time."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def measure(self, counts: Sequence[int], *, seconds: float, repeats: int) -> None:
        """Each number of trainers, `repeats` times in turn; medians by their number."""
        print(f"  {'trainers':>8} {'rankings/s':>10} {'claim p50':>10} {'p95':>7} {'p99':>7}"
              f" {'submit p50':>10} {'p95':>7} {'p99':>7} {'CPU ms':>7} {'reference':>9}  spread of rankings/s")  # fmt: skip
        runs: dict[int, list[dict[str, float]]] = {n: [] for n in counts}
        with web_processes() as (port, web):
            # With the most people, so that no row pays for the first requests of a thread.
            self._drive(port, web, self._keys[: max(counts)], seconds=WARM_UP_SECONDS)
            for _ in range(repeats):
                for n in counts:
                    runs[n] += self._drive(port, web, self._keys[:n], seconds=seconds)
        for n in counts:
            if not runs[n]:
                continue
            found = medians(runs[n])
            rates = [run["rankings_per_second"] for run in runs[n]]
            times = [f"{found[f'{what}_p{q}_ms']:{10 if q == 50 else 7}.1f}"
                     for what in ("claim", "submit") for q in (50, 95, 99)]  # fmt: skip
            print(f"  {n:8d} {found['rankings_per_second']:10.1f} {' '.join(times)}"
                  f" {found['cpu_ms_per_ranking']:7.2f} {found['reference_cpu_ms']:9.1f}"
                  f"  {min(rates):.1f} … {max(rates):.1f}")  # fmt: skip
            for name, value in found.items():
                self.figures.setdefault(name, {})[str(n)] = round(value, 2)

    def measure_size(self, n_tasks: int) -> None:
        """8 trainers with that many tasks in the table."""
        with web_processes() as (port, web):
            self._drive(port, web, self._keys[:8], seconds=WARM_UP_SECONDS)
            for found in self._drive(port, web, self._keys[:8], seconds=3.0):
                self._tell(f"{n_tasks:8d} tasks, 8 trainers", found)
                by_size = self.figures.setdefault("by_number_of_tasks", {})
                by_size[str(n_tasks)] = {name: round(value, 2) for name, value in found.items()}

    def _tell(self, case: str, found: Mapping[str, float]) -> None:
        times = [f"{what} p50 {found[f'{what}_p50_ms']:.1f} ms, p95 {found[f'{what}_p95_ms']:.1f} ms"
                 for what in ("claim", "submit")]  # fmt: skip
        print(f"  {case}: {found['rankings_per_second']:.1f} rankings/s, {', '.join(times)},"
              f" CPU {found['cpu_ms_per_ranking']:.2f} ms, reference work {found['reference_cpu_ms']:.1f} ms")  # fmt: skip

    def _drive(
        self, port: int, web: Sequence[int], keys: Sequence[str], *, seconds: float
    ) -> list[dict[str, float]]:
        """The figures of one run; none where nothing went through."""
        roots = [*web, *self._servers]
        reference = reference_cpu_ms()
        before = processes.cpu_seconds(roots)
        # Another process, so that the driver's CPU is apart and its lock nobody else's.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            load = pool.apply(trainers.drive, (port, keys, self._rows.SLUG, seconds))
        cpu = processes.cpu_seconds(roots) - before
        reference = (reference + reference_cpu_ms()) / 2
        self.failures += load.failures
        if not load.submits:
            self.failures.append(f"no ranking went through with {len(keys)} trainers")
            return []
        n_rankings = len(load.submits)
        return [
            {
                "rankings_per_second": n_rankings / load.seconds,
                "cpu_ms_per_ranking": cpu * 1000 / n_rankings,
                "reference_cpu_ms": reference,
                "driver_cpu_ms_per_ranking": load.driver_cpu_seconds * 1000 / n_rankings,
            }
            | {
                f"{what}_p{share}_ms": quantile(times, share / 100) * 1000
                for what, times in (("claim", load.claims), ("submit", load.submits))
                for share in (50, 95, 99)
            }
        ]

    def measure_veteran(self, *, seconds: float = 3.0, repeats: int = 3) -> None:
        """Somebody who has answered 50,000 open tasks and somebody who has none, in turn, each alone.

        Also the veteran's first claim once urgent work has come for everybody, and one from the start of
        the queue, as before "empty" is said, which passes all they did: these by the service itself.
        """
        from annotation.models import QueueCursor

        veteran = self._members[-1]
        self._rows.make_veteran(veteran, N_ANSWERED)
        self._settle()
        runs: dict[str, list[dict[str, float]]] = {"newcomer": [], "veteran": []}
        with web_processes() as (port, web):
            self._drive(port, web, self._keys[:8], seconds=WARM_UP_SECONDS)
            for _ in range(repeats):
                for name, key in (("newcomer", self._keys[-2]), ("veteran", self._keys[-1])):
                    runs[name] += self._drive(port, web, [key], seconds=seconds)
        for name, found in runs.items():
            if found:
                self._tell(f"{name} alone, {N_TASKS_MANY} tasks", medians(found))
                by_person = self.figures.setdefault("by_person", {})
                by_person[name] = {what: round(ms, 2) for what, ms in medians(found).items()}
        self._rows.add_urgent_task()
        figures = {"claim_ms_of_veteran_of_urgent_work": self._rows.claim_and_skip(veteran) * 1000}
        QueueCursor.objects.filter(rater=veteran.user.rater).delete()
        figures["claim_ms_of_veteran_from_the_start"] = self._rows.claim_and_skip(veteran) * 1000
        for name, value in figures.items():
            print(f"  {name.replace('_', ' ')}: {value:.1f}")
            self.figures[name] = round(value, 2)

    def report(self) -> int:
        """Counts of statements and doubles, the JSON line; the exit status."""
        claim, submit = self._rows.count_statements(self._members[0].user)
        doubles = self._rows.n_doubly_assigned()
        self.figures |= {
            "sql_per_claim": claim,
            "sql_per_submit": submit,
            "doubly_assigned": doubles,
        }
        print(f"  SQL statements: {claim} a claim, {submit} a submit; doubly assigned: {doubles}")
        for failure in self.failures[:5]:
            print(f"  failed: {failure}")
        print_figures(self.figures)
        return 1 if self.failures or doubles else 0


if __name__ == "__main__":
    sys.exit(main())
