"""Read a file of dialogues, prompts, rankings or candidates to be ranked into a project."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.datasets.records import Reject
from annotation.datasets.writers import replacing
from annotation.management.progress import Progress
from annotation.models import ImportRun, Prompt
from annotation.services import imports
from annotation.services.projects import create_project
from labelhub.accounts.models import Project
from labelhub.exceptions import LabelhubError

REFUSED = 2
SOME_REJECTED = 1
N_REJECTS_SHOWN = 10
MAX_LICENCE_LENGTH = Prompt._meta.get_field("licence").max_length or 0


class Command(BaseCommand):
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
            run, rejects = self._import(options)
        except (LabelhubError, OSError) as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages), returncode=REFUSED) from error
        self._report(run, rejects, options["rejects"])
        if run.rejects:
            raise SystemExit(SOME_REJECTED)

    def _import(self, options: dict[str, Any]) -> tuple[ImportRun, list[Reject]]:
        if len(options["licence"]) > MAX_LICENCE_LENGTH:
            raise CommandError(
                f"--licence is longer than {MAX_LICENCE_LENGTH} characters.", returncode=REFUSED
            )
        progress = Progress(sys.stderr)
        shown: list[Reject] = []
        with ExitStack() as stack:
            stream = stack.enter_context(options["file"].open("rb"))
            reader = imports.reader_of(
                stream=stream, file_format=options["format"], as_drafts=options["as_drafts"]
            )
            keep = _rejects_file(options["rejects"], stack)
            project = _project(options["project"], create=options["create_project"])

            def on_reject(reject: Reject) -> None:
                if len(shown) < N_REJECTS_SHOWN:
                    shown.append(Reject(reject.row, reject.code, reject.detail))
                keep(reject)

            run = imports.import_rows(
                project=project,
                reader=reader,
                # A name on disk is bytes; what of it is no UTF-8 becomes a question mark.
                file_name=options["file"].name.encode(errors="replace").decode(),
                licence=options["licence"],
                as_drafts=options["as_drafts"],
                on_reject=on_reject,
                on_progress=lambda run: progress.show(f"{run.n_read:,} rows read"),
            )
        progress.close()
        return run, shown

    def _report(self, run: ImportRun, rejects: list[Reject], rejects_path: Path | None) -> None:
        for reject in rejects:
            self.stderr.write(f"line {reject.row}: {reject.code.value}: {reject.detail}")
        n_rejected = sum(run.rejects.values())
        if n_rejected > len(rejects):
            self.stderr.write(f"… and {n_rejected - len(rejects):,} more")
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


def _rejects_file(path: Path | None, stack: ExitStack) -> Any:
    """Where rejected lines are kept, to be mended and imported again; files appear when all is read."""
    if path is None:
        return lambda reject: None
    lines = stack.enter_context(replacing(path))
    reasons = stack.enter_context(replacing(path.with_name(path.name + ".reasons.jsonl")))

    def keep(reject: Reject) -> None:
        # An element of an array may span lines; line breaks are white space between JSON's tokens.
        lines.write(reject.raw.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n")
        reason = {"line": reject.row, "code": reject.code.value, "detail": reject.detail}
        reasons.write(orjson.dumps(reason, option=orjson.OPT_APPEND_NEWLINE))

    return keep
