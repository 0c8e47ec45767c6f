"""Files from local storage: streamed by coroutines, in ranges, behind links that expire."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path, PurePath

from django.conf import settings
from django.core import signing
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from annotation.exceptions import LinkExpired
from labelhub.api import JSONRenderer, error_body

DOWNLOAD_SALT = "labelhub.download"

_CHUNK_BYTES = 2**18
# By how names end; a packed file is its packing, which nobody is to undo on the way.
_TYPES = {
    ".jsonl": "application/jsonl",
    ".gz": "application/gzip",
    ".zst": "application/zstd",
    ".parquet": "application/vnd.apache.parquet",
    ".zip": "application/zip",
}
_RANGE = re.compile(r"bytes=([0-9]{0,30})-([0-9]{0,30})")


class Unsatisfiable(Exception):
    """The range asked for begins past the end of the file."""


@require_safe
def file(request: HttpRequest, link: str, name: str) -> HttpResponseBase:
    """The file that a signed link names, whole or the one range asked for (RFC 9110, section 14)."""
    try:
        signed = signing.loads(link, salt=DOWNLOAD_SALT, max_age=settings.DOWNLOAD_LINK_SECONDS)
        path = Path(default_storage.path(signed["name"]))
        size = path.stat().st_size
    except (signing.BadSignature, FileNotFoundError):
        body = JSONRenderer().render(error_body(LinkExpired()))
        return HttpResponse(body, content_type="application/json", status=LinkExpired.status)
    etag = f'"{signed["sha256"]}"'
    headers = {"Accept-Ranges": "bytes", "ETag": etag, "Cache-Control": "private, no-store"}
    try:
        wanted = requested_range(request.headers.get("Range", ""), size)
    except Unsatisfiable:
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    if request.headers.get("If-Range", etag) != etag:
        wanted = None
    start, end = wanted or (0, size)
    headers["Content-Length"] = str(end - start)
    headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    if wanted is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    status = 200 if wanted is None else 206
    content_type = _TYPES.get(PurePath(name).suffix, "application/octet-stream")
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers, content_type=content_type)
    return StreamingHttpResponse(
        _pieces(path, start, end), status=status, headers=headers, content_type=content_type
    )


def requested_range(header: str, size: int) -> tuple[int, int] | None:
    """The half-open range that a Range header asks for; None where the whole file is the answer.

    Several ranges, other units and malformed headers are answered by the whole file. Raises
    Unsatisfiable.
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        if int(last) == 0 or size == 0:
            raise Unsatisfiable
        return max(0, size - int(last)), size
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, min(size, int(last) + 1) if last else size


async def _pieces(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as stream:
        await asyncio.to_thread(stream.seek, start)
        left = end - start
        while left and (piece := await asyncio.to_thread(stream.read, min(left, _CHUNK_BYTES))):
            left -= len(piece)
            yield piece
