"""Files in and out, beside PostgreSQL's own COPY of the same rows.

Import: four-turn conversations of 1 kB and rankings of four, beside `COPY … FROM STDIN` of the very rows
that were stored, into the same tables of another database with their indexes and keys; and prompts, and
tasks of four replies to be ranked. All but the conversations are of 2 kB, as the tasks that Label Studio
1.23.2 took in with and without annotations (636 and 2,380 a second on a like machine). Export: the conversations as `messages` and the
rankings as `preference`, beside a `COPY (SELECT …) TO` that builds the same lines in SQL: the two files
must be equal byte for byte. PostgreSQL looks for no personal data, and nor do they but for conversations
once more (`export_sft_held_vs_copy`), as is usual. Each case runs in a process of its own, whose peak memory may grow by
`GROWTH_MB` at most once `WARM_UP_ROWS` of its rows are through, however many follow: by four bytes a row of
a million. Last, claims over HTTP by trainers without think time, alone and beside an export that goes on
all the while.

Run with `python -m benchmarks.datasets [--quick]`: a million conversations, or quickly 20,000, which is
what 50 s of two idle cores hold: a hundred thousand take half a minute to read in alone, and COPY a
quarter. Exits 1 where a case fails, a file differs from SQL's
or memory grows with the rows.
"""

from __future__ import annotations

import argparse
import filecmp
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import dataset_rows, trainers
from benchmarks.report import print_figures, print_header, quantile
from benchmarks.web_processes import web_processes

N_DIALOGUES, N_DIALOGUES_QUICKLY = 1_000_000, 20_000
N_RANKINGS, N_RANKINGS_QUICKLY = 200_000, 8_000
N_PROMPTS, N_PROMPTS_QUICKLY = 20_000, 5_000
N_TASKS, N_TASKS_QUICKLY = 20_000, 4_500
N_TRAINERS, N_OPEN_TASKS = 4, 16_000
WARM_UP_SECONDS = 1.0
# Exports and their COPY go in turns, and the fastest of each count: a second is soon disturbed.
N_EXPORTS = 3
# How long the export has been going on when claims beside it are measured.
EXPORT_LEAD_SECONDS = 1.0
# Buffers that fill in the last chunks of the warm-up; the rows are a kilobyte or two each.
GROWTH_MB = 4


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="ends within 50 s")
    options = parser.parse_args()
    print_header("Files in and out beside COPY")

    folder = Path(tempfile.mkdtemp(prefix="labelhub-bench-"))
    os.environ |= {"VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "labelhub.settings"}
    from labelhub import embedded

    embedded.hold(folder, throw_away=True)
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    bench = Bench(folder)
    bench.measure_imports(
        n_dialogues=N_DIALOGUES_QUICKLY if options.quick else N_DIALOGUES,
        n_rankings=N_RANKINGS_QUICKLY if options.quick else N_RANKINGS,
        n_prompts=N_PROMPTS_QUICKLY if options.quick else N_PROMPTS,
        n_tasks=N_TASKS_QUICKLY if options.quick else N_TASKS,
    )
    bench.measure_exports()
    bench.measure_claims(seconds=2.0 if options.quick else 20.0)
    return bench.report()


class Bench:
    """Files and projects on throw-away servers, and the figures found so far."""

    def __init__(self, folder: Path) -> None:
        from benchmarks import bare_copy

        self.figures: dict[str, float] = {}
        self.failures: list[str] = []
        self._folder = folder
        self._copies = bare_copy
        self._empty = bare_copy.EmptyDatabase()
        self._trainers = _open_rankings()

    def measure_imports(
        self, *, n_dialogues: int, n_rankings: int, n_prompts: int, n_tasks: int
    ) -> None:
        copies = self._copies
        found = {}
        for name, write, n, tables in (
            ("dialogues", dataset_rows.write_dialogues, n_dialogues, copies.DIALOGUE_TABLES),
            ("rankings", dataset_rows.write_rankings, n_rankings, copies.RANKING_TABLES),
            ("prompts", dataset_rows.write_prompts, n_prompts, None),
            ("tasks", dataset_rows.write_tasks, n_tasks, None),
        ):
            path = self._path(name)
            write(path, n)
            figures = found[name] = _apart(dataset_rows.import_file, path, name)
            self._require_flat(f"import of {name}", figures)
            self._require_rows(f"import of {name}", figures, n)
            seconds = tables and self._empty.seconds_to_copy_in(
                _project(name), tables, self._folder
            )
            self._tell(f"import of {name}", figures, seconds)
            if seconds:
                ratio = "import_vs_copy" if name == "dialogues" else f"import_{name}_vs_copy"
                self.figures[ratio] = seconds / figures["seconds"]
        _vacuum()
        self.figures |= {
            "import_rows_per_second": _rate(found["dialogues"]),
            "import_rankings_per_second": _rate(found["rankings"]),
            "import_prompts_per_second": _rate(found["prompts"]),
            "import_tasks_per_second": _rate(found["tasks"]),
            "import_peak_rss_mb": max(figures["peak_mb"] for figures in found.values()),
            "import_growth_mb": max(_growth(figures) for figures in found.values()),
        }

    def measure_exports(self) -> None:
        found = {}
        messages, preferences = self._copies.MESSAGES, self._copies.PREFERENCES
        for key, name, kind, file_format, personal_data, query in (
            ("sft", "dialogues", "sft", "messages", "keep", messages),
            # What looks like personal data is held unless somebody asks for other things.
            ("sft_held", "dialogues", "sft", "messages", "hold", messages),
            ("pairs", "rankings", "comparisons", "preference", "keep", preferences),
        ):
            ours, copied = self._path(f"{key}.ours"), self._path(f"{key}.copied")
            runs = []
            for _ in range(N_EXPORTS):
                figures = _apart(
                    dataset_rows.export_file, ours, name, kind, file_format, personal_data
                )
                copying = self._copies.seconds_to_copy_out(query, _project(name), copied)
                runs.append((figures, copying))
                self._require_flat(f"export of {name}", figures)
            fastest = found[key] = min((run for run, _ in runs), key=lambda run: run["seconds"])
            seconds = min(copying for _, copying in runs)
            self._tell(f"export as {file_format}, --pii {personal_data}", fastest, seconds)
            self.figures[f"export_{key}_vs_copy"] = seconds / fastest["seconds"]
            if not filecmp.cmp(ours, copied, shallow=False):
                self.failures.append(f"the lines of {file_format} are not those that SQL builds")
        self.figures |= {
            "export_rows_per_second": _rate(found["sft"]),
            "export_held_rows_per_second": _rate(found["sft_held"]),
            "export_pairs_per_second": _rate(found["pairs"]),
            "export_peak_rss_mb": max(figures["peak_mb"] for figures in found.values()),
            "export_growth_mb": max(_growth(figures) for figures in found.values()),
        }

    def measure_claims(self, *, seconds: float) -> None:
        """Claims alone, then while the conversations are exported over and over."""
        slug, keys = self._trainers
        with web_processes() as (port, _):

            def p95(seconds: float) -> float:
                load = _apart(trainers.drive, port, keys, slug, seconds)
                self.failures += load.failures
                return quantile(load.claims, 0.95) if load.claims else 0.0

            p95(WARM_UP_SECONDS)
            alone = p95(seconds)
            with _apart_from_here().Pool(1) as pool:
                exporting = pool.apply_async(
                    dataset_rows.export_for,
                    (EXPORT_LEAD_SECONDS + seconds, self._path("again"), "dialogues"),
                )
                time.sleep(EXPORT_LEAD_SECONDS)
                beside = p95(seconds)
                n_exports = exporting.get()
        print(
            f"  claim p95 of {N_TRAINERS} trainers: {alone * 1000:.1f} ms alone,"
            f" {beside * 1000:.1f} ms beside an export ({n_exports} of them)"
        )
        if not alone:
            self.failures.append("nothing was claimed")
            return
        self.figures["claim_p95_during_export_vs_idle"] = beside / alone

    def report(self) -> int:
        """The JSON line; the exit status."""
        for failure in self.failures:
            print(f"  failed: {failure}")
        print_figures({name: round(value, 3) for name, value in self.figures.items()})
        return 1 if self.failures else 0

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.jsonl"

    def _require_flat(self, case: str, figures: dict[str, float]) -> None:
        if _growth(figures) > GROWTH_MB:
            self.failures.append(
                f"{case}: {figures['warm_mb']:.1f} MB after {dataset_rows.WARM_UP_ROWS:,} rows,"
                f" {figures['peak_mb']:.1f} after all"
            )

    def _require_rows(self, case: str, figures: dict[str, float], n_rows: int) -> None:
        if figures["rows"] != n_rows:
            self.failures.append(f"{case}: {figures['rows']} of {n_rows} rows went in")

    def _tell(self, case: str, figures: dict[str, float], seconds: float | None) -> None:
        beside = f", COPY {figures['rows'] / seconds:,.0f} a second" if seconds else ""
        print(
            f"  {case}: {figures['rows']:,} in {figures['seconds']:.1f} s,"
            f" {_rate(figures):,.0f} a second ({figures['cpu_seconds']:.1f} s of Python's CPU,"
            f" peak {figures['peak_mb']:.0f} MB, {_growth(figures):.1f} of them after the warm-up){beside}"
        )


def _apart(case: Callable[..., Any], *arguments: Any) -> Any:
    """What the case gives in a new process."""
    with _apart_from_here().Pool(1) as pool:
        return pool.apply(case, arguments)


def _apart_from_here() -> multiprocessing.context.ForkServerContext:
    """Processes that begin with Django set up and nothing done, so that starting one takes no second."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["benchmarks.django_ready"])
    return context


def _open_rankings() -> tuple[str, list[str]]:
    """A project with open ranking tasks, and the sessions of its trainers."""
    from benchmarks import open_rankings

    project = open_rankings.make_project()
    open_rankings.add_comparisons(N_OPEN_TASKS)
    members = open_rankings.add_trainers(project, N_TRAINERS)
    return open_rankings.SLUG, [open_rankings.sign_in(member.user) for member in members]


def _rate(figures: dict[str, float]) -> float:
    return figures["rows"] / figures["seconds"]


def _growth(figures: dict[str, float]) -> float:
    return figures["peak_mb"] - figures["warm_mb"]


def _project(slug: str) -> int:
    from labelhub.accounts.models import Project

    return Project.objects.get(slug=slug).pk


def _vacuum() -> None:
    """As autovacuum would in time."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    sys.exit(main())
