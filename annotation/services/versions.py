"""Versions of a recipe: made from frozen rows, made again byte for byte, withdrawn (DESIGN.md §8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Any

import orjson
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from annotation.datasets import cards, plots
from annotation.datasets.archives import zipped
from annotation.datasets.mixtures import Mixture
from annotation.exceptions import AlreadyWithdrawn, NothingToFreeze, RebuildDiffers
from annotation.models import Benchmark, Dataset, DatasetVersion, Freezing, Recipe
from annotation.selectors import dataset_facts
from annotation.services import dataset_files, freezings, job_folders, recipes
from annotation.services.dataset_files import Written
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import User

SCHEMA = "labelhub.dataset/1"
CARD = "README.md"
_SHOWN_BARS = 20

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Folder:
    """A version's files as they lie in a folder, and what they are."""

    path: Path
    names: list[str]
    manifest: dict[str, Any]
    card: str
    plots: dict[str, str]


def make(
    *, freezing: Freezing, dataset: Dataset, folder: Path, progress: Progress
) -> DatasetVersion:
    """Write the files of what was frozen, store them as one archive, and number the version.

    `progress` may raise to stop: then nothing was numbered. Raises NothingToFreeze where the file has no
    line for any of the rows.
    """
    made = DatasetVersion.objects.filter(dataset=dataset).first()
    if made is not None:
        # The attempt before this one died between its last two steps.
        return made
    number = _next_number(freezing.recipe)
    path = folder / f"{freezing.recipe.name}-v{number}.jsonl"
    written = _write_data(dataset, freezing.contents, path, progress)
    if not written.manifest["kept"]:
        # Nothing is ever made of these rows.
        Dataset.objects.filter(pk=dataset.pk).update(withdrawn_at=clock.now())
        raise NothingToFreeze(
            "The file has no line for any of the rows: "
            + ", ".join(f"{n:,} {reason}" for reason, n in written.manifest["excluded"].items())
            + ". Choose another format, or other options."
        )
    found = _described(freezing, dataset, number, written, folder)
    archive = _archived(found)
    progress(dataset.n_rows)
    # An attempt that died after it had stored its archive left one that nothing names.
    job_folders.forget_stored(f"datasets/{freezing.pk}")
    with archive.open("rb") as stream:
        stored = default_storage.save(f"datasets/{freezing.pk}/{archive.name}", File(stream))
    return _numbered(freezing, dataset, number, found, stored, archive.stat().st_size)


def rebuild(*, version: DatasetVersion, folder: Path, progress: Progress) -> Path:
    """Make the version's archive again from its frozen rows, byte for byte, in the folder.

    Raises RebuildDiffers where a file is another one now: a row was erased, or a library changed.
    """
    written = _write_data(
        version.dataset,
        version.dataset.recipe["contents"],
        folder / f"{_stem(version.manifest)}.jsonl",
        progress,
    )
    for was, now in zip(version.manifest["files"], written.files, strict=True):
        if was["sha256"] != now.sha256:
            raise RebuildDiffers(
                f"{now.name} has the hash {now.sha256}; the version was frozen with {was['sha256']}. "
                + _why_other(version.manifest["libraries"])
            )
    found = Folder(
        folder,
        [file.name for file in written.files],
        version.manifest,
        version.card,
        version.plots,
    )
    _write_texts(found)
    return _archived(found)


@transaction.atomic
def withdraw(*, version: DatasetVersion, because: str, actor: User | None) -> DatasetVersion:
    """Take a version out of use for good: its archive goes, its manifest and card stay on record.

    Raises AlreadyWithdrawn.
    """
    locked = DatasetVersion.objects.select_for_update().get(pk=version.pk)
    if locked.withdrawn_at is not None:
        raise AlreadyWithdrawn
    now = clock.now()
    locked.withdrawn_at, locked.withdrawn_because = now, because
    locked.save(update_fields=["withdrawn_at", "withdrawn_because"])
    Dataset.objects.filter(pk=locked.dataset_id).update(withdrawn_at=now)
    accounts.record(
        actor=actor,
        verb="dataset withdrawn",
        subject=locked,
        project=locked.project,
        because=because,
    )
    transaction.on_commit(lambda: default_storage.delete(locked.archive))
    return locked


def _write_data(
    dataset: Dataset,
    contents: Mapping[str, Any],
    path: Path,
    progress: Progress,
) -> Written:
    options = recipes.file_options(kind=dataset.kind, mixture=Mixture.of(contents))
    return dataset_files.write_files(
        dataset=dataset,
        options=options,
        path=path,
        progress=progress,
    )


def _described(
    freezing: Freezing, dataset: Dataset, number: int, written: Written, folder: Path
) -> Folder:
    """The manifest and card, beside the data files."""
    contents = freezing.contents
    manifest: dict[str, Any] = {
        **written.manifest,
        "schema": SCHEMA,
        "name": freezing.recipe.name,
        "version": number,
        "sha256": _whole_sha256(written),
        "benchmarks": list(
            Benchmark.objects.filter(pk__in=contents["benchmarks"])
            .order_by("pk")
            .values("name", "sha256", "n_texts", "n_too_short", "n_runs")
        ),
        "rating_schemas": dataset_facts.rating_schemas_of(dataset),
        "agreement": dataset_facts.agreement_of(dataset),
        "people": asdict(dataset_facts.people_of(dataset)),
        **freezings.facts_for_manifest(freezing),
    }
    manifest["libraries"] |= {
        name: library_version(name) for name in ("rensa", "numpy", "tokenizers", "phonenumbers")
    }
    # As the database gives it back, so that the file is the same when it is written again.
    manifest = orjson.loads(orjson.dumps(manifest))
    pictures = _plots(manifest)
    found = Folder(
        folder,
        [file.name for file in written.files],
        manifest,
        cards.card(manifest, list(pictures)),
        pictures,
    )
    _write_texts(found)
    return found


def _plots(manifest: Mapping[str, Any]) -> dict[str, str]:
    table = manifest["table"]
    counts = {
        "rows_by_source": [(row["name"], row["rows"]) for row in table["sources"]],
        "rows_by_category": [(row["name"] or "none", row["rows"]) for row in table["categories"]],
        "left_out": sorted(manifest["excluded"].items(), key=lambda one: -one[1]),
    }
    return {
        f"{name}.svg": plots.bars(name.replace("_", " ").capitalize(), rows[:_SHOWN_BARS])
        for name, rows in counts.items()
        if rows
    }


def _write_texts(found: Folder) -> None:
    """The manifest, the card and its plots; the names in `found` are then all that belongs together."""
    manifest_name = f"{_stem(found.manifest)}.jsonl.manifest.json"
    (found.path / manifest_name).write_bytes(
        orjson.dumps(
            found.manifest,
            option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE,
        )
    )
    (found.path / CARD).write_text(found.card, encoding="utf-8")
    for name, svg in found.plots.items():
        (found.path / name).write_text(svg, encoding="utf-8")
    found.names[:] = [CARD, manifest_name, *found.names, *sorted(found.plots)]


def _archived(found: Folder) -> Path:
    """The version's files in one archive beside them."""
    return zipped(found.path / f"{_stem(found.manifest)}.zip", found.names)


@transaction.atomic
def _numbered(
    freezing: Freezing,
    dataset: Dataset,
    number: int,
    found: Folder,
    stored: str,
    n_bytes: int,
) -> DatasetVersion:
    version = DatasetVersion.objects.create(
        project=freezing.project,
        recipe=freezing.recipe,
        number=number,
        dataset=dataset,
        manifest=found.manifest,
        card=found.card,
        plots=found.plots,
        sha256=found.manifest["sha256"],
        archive=stored,
        n_bytes=n_bytes,
        created_by=freezing.requested_by,
        created_at=clock.now(),
    )
    accounts.record(
        actor=freezing.requested_by,
        verb="dataset version made",
        subject=version,
        project=freezing.project,
        recipe=freezing.recipe.name,
        number=number,
    )
    return version


def _next_number(recipe: Recipe) -> int:
    """One worker at a time freezes a recipe, so that the number is still free at the end."""
    last = DatasetVersion.objects.filter(recipe=recipe).order_by("-number").first()
    return last.number + 1 if last else 1


def _stem(manifest: Mapping[str, Any]) -> str:
    return f"{manifest['name']}-v{manifest['version']}"


def _whole_sha256(written: Written) -> str:
    lines = "".join(f"{file.sha256}  {file.name}\n" for file in written.files)
    return sha256(lines.encode()).hexdigest()


def _why_other(libraries: Mapping[str, str]) -> str:
    changed = [
        f"{name} {was}, now {library_version(name)}"
        for name, was in libraries.items()
        if library_version(name) != was
    ]
    if changed:
        return f"Libraries changed since: {'; '.join(changed)}."
    return "A row of it was erased, or changed by somebody with access to the database."
