"""Files of generated rows, and what each case of `benchmarks.datasets` does in a process of its own.

A process of its own, so that its peak memory is that of the case.
"""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Iterator
from itertools import cycle, permutations
from pathlib import Path

import orjson

SLUG = "files"
# Four turns of this length make a conversation of 1 kB; a prompt and its replies a task of 2 kB.
TURN_CHARACTERS = 250
TASK_CHARACTERS = 2000
N_CANDIDATES = 4
# Two chunks of an import, eight of an export: from then on every chunk finds the room of an earlier one.
WARM_UP_ROWS = 4000

_WORDS = [
    "people",
    "often",
    "asked",
    "whether",
    "“models”",
    "could",
    "answer",
    "naïve",
    "questions,",
    "数据",
    "or",
    '"not"\n',
]
_WORD_CHARACTERS = 7


def write_dialogues(path: Path, n: int) -> None:
    texts = _texts(TURN_CHARACTERS)
    with path.open("wb") as file:
        for number in range(n):
            turns = [
                {"role": role, "content": f"{number} {next(texts)}"}
                for role in ("user", "assistant", "user", "assistant")
            ]
            file.write(orjson.dumps({"messages": turns}, option=orjson.OPT_APPEND_NEWLINE))


def write_prompts(path: Path, n: int) -> None:
    texts = _texts(TASK_CHARACTERS)
    with path.open("wb") as file:
        for number in range(n):
            row = {"prompt": f"{number} {next(texts)}"}
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def write_tasks(path: Path, n: int) -> None:
    texts = _texts(TASK_CHARACTERS // (N_CANDIDATES + 1))
    with path.open("wb") as file:
        for number in range(n):
            row = {
                "prompt": f"{number} {next(texts)}",
                "candidates": [next(texts) for _ in range(N_CANDIDATES)],
            }
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def write_rankings(path: Path, n: int) -> None:
    texts = _texts(TASK_CHARACTERS // (N_CANDIDATES + 1))
    orders = cycle(permutations(range(1, N_CANDIDATES + 1)))
    with path.open("wb") as file:
        for number in range(n):
            row = {
                "schema": "labelhub.ranking/1",
                "id": number,
                "group_id": number,
                "prompt": [{"role": "user", "content": f"{number} {next(texts)}"}],
                "candidates": [
                    {"id": index, "content": next(texts), "rank": rank}
                    for index, rank in enumerate(next(orders))
                ],
                "rater": f"r{number % 40}",
            }
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def import_file(path: Path, slug: str) -> dict[str, float]:
    """Read the file into a new project; what it took, see `_Case`."""
    _set_up()
    from annotation.services import imports, projects

    project = projects.create_project(slug=slug, name=slug)
    case = _Case()
    with path.open("rb") as stream:
        reader = imports.reader_of(stream=stream)
        run = imports.begin_run(project=project, reader=reader, file_name=path.name)
        imports.read_rows(
            run=run, reader=reader, on_progress=lambda run: case.note_through(run.n_read)
        )
    return case.figures(run.n_added)


def export_file(
    path: Path, slug: str, kind: str, file_format: str, personal_data: str
) -> dict[str, float]:
    """Freeze and write the project's rows; what it took for how many lines, see `_Case`."""
    _set_up()
    from annotation.models import Dataset
    from annotation.services import dataset_files, datasets
    from annotation.services.file_options import FileOptions
    from labelhub.accounts.models import Project

    options = FileOptions.checked(kind=kind, file_format=file_format, personal_data=personal_data)
    case = _Case()
    dataset = datasets.freeze(
        project=Project.objects.get(slug=slug), kind=Dataset.Kind(kind), grouped=options.grouped
    )
    written = dataset_files.write_files(
        dataset=dataset, options=options, path=path, progress=case.note_through
    )
    return case.figures(written.files[0].rows)


def export_for(seconds: float, path: Path, slug: str) -> int:
    """Export the project's conversations until so much time is over; how many times."""
    began, n_exports = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        export_file(path, slug, "sft", "messages", "hold")
        n_exports += 1
    return n_exports


class _Case:
    """Rows, seconds, CPU of the process, and its peak memory after the warm-up and at the end, in MB."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._cpu_before = time.process_time()
        self._warm_mb = 0.0

    def note_through(self, n_rows: int) -> None:
        if not self._warm_mb and n_rows >= WARM_UP_ROWS:
            self._warm_mb = _peak_mb()

    def figures(self, n_rows: int) -> dict[str, float]:
        return {
            "rows": n_rows,
            "seconds": time.monotonic() - self._began,
            "cpu_seconds": time.process_time() - self._cpu_before,
            "warm_mb": self._warm_mb,
            "peak_mb": _peak_mb(),
        }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _set_up() -> None:
    import benchmarks.django_ready  # noqa: F401


def _texts(n_characters: int) -> Iterator[str]:
    """A thousand texts over and over; some characters are ones that JSON or COPY must escape."""
    draw = random.Random(1)
    return cycle(
        [" ".join(draw.choices(_WORDS, k=n_characters // _WORD_CHARACTERS)) for _ in range(1000)]
    )
