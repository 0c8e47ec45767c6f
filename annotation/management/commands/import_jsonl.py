"""Read a file of dialogues, prompts, rankings or candidates to be ranked into a project."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from hashlib import file_digest
from pathlib import Path
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from annotation.datasets.writers import replacing
from annotation.management.progress import Progress
from annotation.models import AllowedUse, ImportRun, Prompt
from annotation.services import imports
from annotation.services.projects import create_project
from annotation.services.rejects import write_rejects
from labelhub.accounts.models import Project
from labelhub.commands import REFUSED, DatabaseCommand
from labelhub.exceptions import LabelhubError

SOME_REJECTED = 1
N_REJECTS_SHOWN = 10
MAX_LICENCE_LENGTH = Prompt._meta.get_field("licence").max_length or 0


class Command(DatabaseCommand):
    help = (
        "Read FILE (JSON lines or a JSON array; plain, gzip or zstd) into a project. What is there "
        "already is counted, not added. Exit status: 0 done, 1 some lines were rejected, 2 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--create-project", action="store_true", help="make it if absent")
        parser.add_argument(
            "--format", choices=imports.FORMATS, help="by default it is told from the first rows"
        )
        parser.add_argument("--licence", default="", help="of rows that name none")
        parser.add_argument(
            "--allow-use",
            choices=AllowedUse.values,
            action="append",
            default=[],
            help="what the rows may be used for, once for each use; by default dialogues and prompts "
            "for everything, comparisons for comparing alone",
        )
        parser.add_argument(
            "--rejects",
            type=Path,
            metavar="PATH",
            help="write rejected lines here, as they stood, and to PATH.reasons.jsonl the line, "
            "code and reason of each",
        )
        parser.add_argument(
            "--as-drafts", action="store_true", help="send dialogues to review; none counts before"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = self._import(options)
        except (LabelhubError, OSError) as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages), returncode=REFUSED) from error
        self._report(run, options["rejects"])
        if run.rejects:
            raise SystemExit(SOME_REJECTED)

    def _import(self, options: dict[str, Any]) -> ImportRun:
        if len(options["licence"]) > MAX_LICENCE_LENGTH:
            raise CommandError(
                f"--licence is longer than {MAX_LICENCE_LENGTH} characters.", returncode=REFUSED
            )
        progress = Progress(sys.stderr)
        path: Path = options["file"]
        with path.open("rb") as stream, ExitStack() as rejects:
            files = _rejects_files(options["rejects"], rejects)
            # A pipe can be read once only.
            sha256 = file_digest(stream, "sha256").hexdigest() if path.is_file() else ""
            if sha256:
                stream.seek(0)
            reader = imports.reader_of(
                stream=stream, file_format=options["format"], as_drafts=options["as_drafts"]
            )
            run = imports.begin_run(
                project=_project(options["project"], create=options["create_project"]),
                reader=reader,
                # A name on disk is bytes; what of it is no UTF-8 becomes a question mark.
                file_name=path.name.encode(errors="replace").decode(),
                file_sha256=sha256,
                licence=options["licence"],
                as_drafts=options["as_drafts"],
                allowed_use=sorted(set(options["allow_use"])),
            )
            if run.rows_through:
                self.stderr.write(f"goes on after row {run.rows_through:,}, where it was cut off")
            imports.read_rows(
                run=run,
                reader=reader,
                on_progress=lambda run: progress.show(f"{run.n_read:,} rows read"),
            )
            if files is not None:
                write_rejects(run=run, lines=files[0], reasons=files[1])
        progress.close()
        return run

    def _report(self, run: ImportRun, rejects_path: Path | None) -> None:
        shown = run.rejected_rows.order_by("pk")[:N_REJECTS_SHOWN]
        for reject in shown:
            self.stderr.write(f"line {reject.row}: {reject.code}: {reject.detail}")
        n_rejected = sum(run.rejects.values())
        if n_rejected > N_REJECTS_SHOWN:
            self.stderr.write(f"… and {n_rejected - N_REJECTS_SHOWN:,} more")
        for code, count in sorted(run.rejects.items()):
            self.stderr.write(f"rejected, {code}: {count:,}")
        for code, count in sorted(run.left_out.items()):
            self.stderr.write(f"left out, {code}: {count:,}")
        if n_rejected and rejects_path is not None:
            self.stderr.write(f"the rejected lines are in {rejects_path}")
        self.stdout.write(
            f"{run.format}: {run.n_read:,} rows read, {run.n_added:,} added, "
            f"{run.n_duplicates:,} already there, {n_rejected:,} rejected"
        )


def _project(slug: str, *, create: bool) -> Project:
    project = Project.objects.filter(slug=slug).first()
    if project is not None:
        return project
    if not create:
        raise CommandError(
            f"There is no project “{slug}”; add --create-project to make it.", returncode=REFUSED
        )
    return create_project(slug=slug, name=slug)


def _rejects_files(path: Path | None, stack: ExitStack) -> tuple[BinaryIO, BinaryIO] | None:
    """Where rejected lines and the reasons go; the files appear when all is read."""
    if path is None:
        return None
    reasons = path.with_name(path.name + ".reasons.jsonl")
    return stack.enter_context(replacing(path)), stack.enter_context(replacing(reasons))
