"""Freeze a recipe into a numbered version, count what it would hold, or make a version's files again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson
from django.core.files.storage import default_storage
from django.core.management.base import CommandError, CommandParser
from rest_framework.exceptions import ValidationError

from annotation.freezing_runner import run_freezing
from annotation.management.progress import Progress
from annotation.models import DatasetVersion, Export, Freezing, Recipe
from annotation.serializers.recipes import RecipeInput
from annotation.services import freezings, recipes, versions
from labelhub.accounts.models import Project
from labelhub.commands import REFUSED, DatabaseCommand
from labelhub.exceptions import LabelhubError


class Command(DatabaseCommand):
    help = (
        "Freeze a recipe of a project into a numbered version: an archive of its files, their manifest and "
        "card. RECIPE is the name of one that is there, or a JSON file that declares one "
        "({name, kind, contents}). Exit status: 0 done, 2 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("recipe", metavar="RECIPE")
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument(
            "--decontaminate",
            nargs="+",
            type=Path,
            default=[],
            metavar="FILE",
            help="leave out rows that share 13 words in a row with these benchmark files",
        )
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--dry-run", action="store_true", help="count by source and category only"
        )
        what.add_argument(
            "--rebuild", type=int, metavar="NUMBER", help="make this version's archive again"
        )
        parser.add_argument(
            "--out", type=Path, metavar="FOLDER", help="where the archive is to lie"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project “{options['project']}”.", returncode=REFUSED)
        out = options["out"]
        if out is not None and not out.is_dir():
            raise CommandError(f"There is no folder {out}.", returncode=REFUSED)
        try:
            recipe = self._recipe(project, options["recipe"], options["decontaminate"])
            if options["rebuild"] is not None:
                self._rebuild(recipe, options["rebuild"], out or Path())
            else:
                self._freeze(recipe, is_trial=options["dry_run"], out=out)
        except (LabelhubError, OSError) as error:
            raise CommandError(str(error), returncode=REFUSED) from error

    def _recipe(self, project: Project, named: str, decontaminate: list[Path]) -> Recipe:
        known = Recipe.objects.filter(project=project, name=named).first()
        if known is not None:
            declared = {"name": known.name, "kind": known.kind, "contents": known.contents}
        else:
            declared = _declared(Path(named))
            known = Recipe.objects.filter(project=project, name=declared["name"]).first()
        contents = declared["contents"]
        added = [
            recipes.add_benchmark(
                project=project, name=path.name, content=path.read_bytes(), added_by=None
            ).pk
            for path in decontaminate
        ]
        contents["benchmarks"] = sorted({*contents["benchmarks"], *added})
        if known is not None and (known.kind, known.contents) == (declared["kind"], contents):
            return known
        return recipes.save_recipe(
            project=project,
            name=declared["name"],
            kind=declared["kind"],
            contents=contents,
            changed_by=None,
            recipe=known,
        )

    def _freeze(self, recipe: Recipe, *, is_trial: bool, out: Path | None) -> None:
        freezing = freezings.start(
            recipe=recipe, is_trial=is_trial, requested_by=None, run_here=True
        )
        progress = Progress(sys.stderr)
        progress.show("a dry run" if is_trial else "freezing")
        try:
            run_freezing(freezing_id=freezing.pk)
        finally:
            progress.close()
        freezing = Freezing.objects.get(pk=freezing.pk)
        if freezing.state != Export.State.DONE:
            raise CommandError(freezing.error_detail or freezing.state, returncode=REFUSED)
        self._tell(freezing.table)
        if is_trial:
            return
        version = DatasetVersion.objects.get(dataset=freezing.dataset)
        self.stderr.write(f"{version}: {version.manifest['kept']:,} rows, sha256 {version.sha256}")
        if out is not None:
            target = out / Path(version.archive).name
            with default_storage.open(version.archive) as stored:
                target.write_bytes(stored.read())
            self.stderr.write(str(target))

    def _tell(self, table: dict[str, Any]) -> None:
        for source in table["sources"]:
            self.stderr.write(f"{source['name']}: {source['rows']:,} rows")
            for reason, count in source["excluded"].items():
                self.stderr.write(f"  left out, {reason}: {count:,}")
        for category in table["categories"]:
            self.stderr.write(f"category {category['name'] or 'none'}: {category['rows']:,} rows")
        if table["tokens"] is not None:
            self.stderr.write(f"tokens: {table['tokens']:,}")

    def _rebuild(self, recipe: Recipe, number: int, out: Path) -> None:
        version = (
            DatasetVersion.objects.select_related("dataset__project", "recipe")
            .filter(recipe=recipe, number=number)
            .first()
        )
        if version is None:
            raise CommandError(f"{recipe} has no version {number}.", returncode=REFUSED)
        archive = versions.rebuild(version=version, folder=out, progress=lambda n_through: None)
        self.stderr.write(str(archive))


def _declared(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise CommandError(f"“{path}” is neither a recipe nor a file.", returncode=REFUSED)
    try:
        return dict(RecipeInput().run_validation(orjson.loads(path.read_bytes())))
    except orjson.JSONDecodeError as error:
        raise CommandError(f"{path} is not JSON: {error}", returncode=REFUSED) from error
    except ValidationError as error:
        raise CommandError(
            f"{path}: {orjson.dumps(error.detail).decode()}", returncode=REFUSED
        ) from error
