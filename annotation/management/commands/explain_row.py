"""Say which rankings, people, policies and guideline stand behind one line of an exported file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import CommandError, CommandParser

from annotation.services.explanations import explain_line
from labelhub.commands import REFUSED, DatabaseCommand
from labelhub.exceptions import LabelhubError


class Command(DatabaseCommand):
    help = (
        "Print, as JSON, the frozen rows that line LINE of FILE was made of. The file's manifest must "
        "lie beside it. Exit status: 0 done, 2 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("line", type=int, help="counted from 1")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["line"] < 1:
            raise CommandError("Lines are counted from 1.", returncode=REFUSED)
        try:
            found = explain_line(path=options["file"], number=options["line"])
        except (LabelhubError, OSError) as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        dataset = found.dataset
        told = {
            "dataset": {
                "project": dataset.project.slug,
                "kind": dataset.kind,
                "number": dataset.number,
                "frozen_at": dataset.created_at,
            },
            "filters": dict(found.filters),
            "rows_of": found.rows_of,
            "rows": found.rows,
        }
        self.stdout.write(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
