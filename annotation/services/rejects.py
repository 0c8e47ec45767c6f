"""The rows of a file that were not taken, as files: to be mended, and imported again."""

from __future__ import annotations

from typing import BinaryIO

import orjson

from annotation.models import ImportRun


def write_rejects(*, run: ImportRun, lines: BinaryIO, reasons: BinaryIO | None = None) -> None:
    """The run's rejected rows as JSON lines, as they stood; into `reasons` row, code and sentence of
    each."""
    for rejected in run.rejected_rows.order_by("pk").iterator(chunk_size=100):
        # An element of an array may span lines; line breaks are white space between JSON's tokens.
        lines.write(bytes(rejected.raw).replace(b"\r", b" ").replace(b"\n", b" ") + b"\n")
        if reasons is not None:
            reason = {"line": rejected.row, "code": rejected.code, "detail": rejected.detail}
            reasons.write(orjson.dumps(reason, option=orjson.OPT_APPEND_NEWLINE))
