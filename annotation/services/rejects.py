"""The rows of a file that were not taken, as files: to be mended, and imported again."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import partial
from typing import BinaryIO

import orjson
from django.core.files.storage import default_storage
from django.db import transaction

from annotation.models import ImportRun, RejectedRow, Upload

_CHUNK_ROWS = 100
# A JSON string, also in a row that is no JSON; in transcripts several people speak in one.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SPEAKER = re.compile(r"(?:\A|\n\n)(?:Human|Assistant):")


def write_rejects(*, run: ImportRun, lines: BinaryIO, reasons: BinaryIO | None = None) -> None:
    """The run's rejected rows as JSON lines, as they stood; into `reasons` row, code and sentence of
    each."""
    for rejected in run.rejected_rows.order_by("pk").iterator(chunk_size=_CHUNK_ROWS):
        # An element of an array may span lines; line breaks are white space between JSON's tokens.
        lines.write(bytes(rejected.raw).replace(b"\r", b" ").replace(b"\n", b" ") + b"\n")
        if reasons is not None:
            reason = {"line": rejected.row, "code": rejected.code, "detail": rejected.detail}
            reasons.write(orjson.dumps(reason, option=orjson.OPT_APPEND_NEWLINE))


@transaction.atomic
def blank_rejects(*, words: Collection[str]) -> int:
    """Empty the rejected rows in which one of these texts stands whole, and remove the files that hold
    them; how many rows they were."""
    said = {word.strip() for word in words} - {""}
    if not said:
        return 0
    found = [
        rejected.pk
        for rejected in RejectedRow.objects.order_by("pk").iterator(chunk_size=_CHUNK_ROWS)
        if not said.isdisjoint(_texts(bytes(rejected.raw)))
    ]
    blanked = RejectedRow.objects.filter(pk__in=found)
    blanked.update(raw=b"")
    holding = Upload.objects.filter(import_run__in=blanked.values("run"))
    for name in holding.exclude(rejects_name="").values_list("rejects_name", flat=True):
        transaction.on_commit(partial(default_storage.delete, name), robust=True)
    holding.update(rejects_name="", rejects_sha256="")
    return len(found)


def _texts(raw: bytes) -> Iterator[str]:
    """What is said in a row, whether or not it is sound JSON."""
    for token in _STRING.findall(raw):
        try:
            text = str(orjson.loads(token))
        except orjson.JSONDecodeError:
            continue
        yield text.strip()
        for part in _SPEAKER.split(text):
            yield part.strip()
