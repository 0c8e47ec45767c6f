"""Reading uploads, and what became of their rows."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import QuerySet

from annotation.models import RejectedRow, Upload
from labelhub.accounts.models import Membership, User
from labelhub.accounts.selectors import row_for

# Enough to go on with; who has sent these asks for the next.
MISSING_SHOWN = 100


def uploads_of(*, membership: Membership) -> QuerySet[Upload]:
    return Upload.objects.filter(project=membership.project).select_related("import_run")


def upload_for(*, user: User | AnonymousUser, upload_id: int) -> Upload:
    """An upload to a project that the person manages. Raises NotFound for any other."""
    return row_for(Upload.objects.select_related("import_run"), upload_id, user=user)


def with_parts(uploads: Sequence[Upload]) -> list[Upload]:
    """The uploads, of each how many parts have not come as `n_missing` and the numbers of the first of
    them as `missing`; one query for all."""
    receiving = [upload for upload in uploads if upload.state == Upload.State.RECEIVING]
    found: dict[int, tuple[int, list[int]]] = {}
    if receiving:
        with connection.cursor() as cursor:
            cursor.execute(
                _MISSING,
                [
                    MISSING_SHOWN,
                    [upload.pk for upload in receiving],
                    [upload.n_parts for upload in receiving],
                ],
            )
            found = {pk: (n, numbers) for pk, n, numbers in cursor.fetchall()}
    for upload in uploads:
        upload.n_missing, upload.missing = found.get(upload.pk, (0, []))  # type: ignore[attr-defined]
    return list(uploads)


_MISSING = """
SELECT announced.id,
  n_parts - (SELECT count(*) FROM annotation_uploadpart p WHERE p.upload_id = announced.id),
  ARRAY(
    SELECT place.n FROM generate_series(0, n_parts - 1) AS place (n)
    WHERE NOT EXISTS (
      SELECT FROM annotation_uploadpart p WHERE p.upload_id = announced.id AND p.number = place.n
    ) ORDER BY place.n LIMIT %s
  )
FROM unnest(%s::bigint[], %s::int[]) AS announced (id, n_parts)
"""


def rejected_rows_of(*, upload: Upload, code: str) -> QuerySet[RejectedRow]:
    """Rows of this kind, or of every one, that were not taken, in the file's order."""
    rows = RejectedRow.objects.filter(run=upload.import_run_id).defer("raw")
    return rows.filter(code=code) if code else rows
