"""Reading uploads, and what became of their rows."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from annotation.models import RejectedRow, Upload
from labelhub import exceptions
from labelhub.accounts.models import Membership
from labelhub.accounts.selectors import membership_for


def uploads_of(*, membership: Membership) -> QuerySet[Upload]:
    return Upload.objects.filter(project=membership.project).select_related("import_run")


def upload_for(*, user: Any | AnonymousUser, upload_id: int) -> Upload:
    """An upload to a project that the person manages. Raises NotFound for any other."""
    upload = Upload.objects.select_related("project", "import_run").filter(pk=upload_id).first()
    if upload is None:
        raise exceptions.NotFound
    try:
        membership_for(user=user, slug=upload.project.slug, roles={Membership.Role.MANAGER})
    except exceptions.NotAllowed:
        raise exceptions.NotFound from None
    return upload


def parts_missing(upload: Upload) -> list[int]:
    """The numbers of the parts that have not come, in order; none once the file is whole."""
    if upload.state != Upload.State.RECEIVING:
        return []
    here = set(upload.parts.values_list("number", flat=True))
    return [number for number in range(upload.n_parts) if number not in here]


def rejected_rows_of(*, upload: Upload, code: str) -> QuerySet[RejectedRow]:
    """Rows of this kind, or of every one, that were not taken, in the file's order."""
    rows = RejectedRow.objects.filter(run=upload.import_run_id).defer("raw")
    return rows.filter(code=code) if code else rows
