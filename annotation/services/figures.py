"""A project's figures, remade by a job: only comparisons with new rankings are read again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from datetime import timedelta

import orjson
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q

from annotation.measures import report
from annotation.measures.judged import Judged
from annotation.models import ComparisonDigest, ProjectFigures, Ranking
from annotation.selectors import judged as selectors
from annotation.selectors import measuring
from labelhub import clock
from labelhub.accounts.models import Project
from labelhub.ring import ring

JOB = "annotation.figures"
# A ranking's time is taken before its transaction ends; none takes so long.
OVERLAP = timedelta(minutes=10)
# Figures are remade this often at most, while people rank.
AT_MOST_EVERY = timedelta(minutes=2)
CHUNK = 1000


def ring_stale() -> None:
    """Ring for projects whose figures lack a ranking; part of the sweep."""
    newer = Ranking.objects.filter(
        project=OuterRef("pk"), rater__isnull=False, created_at__gt=F("project__figures__as_of")
    )
    any_ranking = Ranking.objects.filter(project=OuterRef("pk"), rater__isnull=False)
    stale = Project.objects.filter(
        Q(figures=None) & Exists(any_ranking)
        | Q(figures__computed_at__lt=clock.now() - AT_MOST_EVERY) & Exists(newer)
    ).values_list("pk", flat=True)
    for project_id in stale:
        ring(JOB, project_id)


def request(*, project: Project) -> None:
    """Have a project's figures made again by a worker."""
    ring(JOB, project.pk)


@transaction.atomic
def compute(*, project_id: int) -> ProjectFigures | None:
    """Remake the project's figures; None where somebody is at it already.

    Digests of comparisons with rankings since the last time are read again; all of them where who is
    left out, or which guidelines broke with the past, has changed since.
    """
    if not _locked(project_id):
        return None
    began = time.perf_counter()
    project = Project.objects.get(pk=project_id)
    last = ProjectFigures.objects.filter(project=project).first()
    now, basis = clock.now(), _basis(project)
    since = last.as_of - OVERLAP if last is not None and last.basis == basis else None
    if since is None:
        ComparisonDigest.objects.filter(project=project).delete()
    _digest(project, selectors.changed_since(project=project, moment=since))
    judged = list(_stored(project))
    body = report.figures(
        judged,
        contests=measuring.contests(project=project, judged=judged),
        measured=measuring.measured(project=project),
    ) | {"makers": measuring.makers(project=project)}
    figures, _ = ProjectFigures.objects.update_or_create(
        project=project,
        defaults={
            "as_of": now,
            "basis": basis,
            "figures": body,
            "seconds": time.perf_counter() - began,
            "computed_at": now,
        },
    )
    return figures


def _locked(project_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('labelhub.figures', %s))",
            [project_id],
        )
        return bool(cursor.fetchone()[0])


def _basis(project: Project) -> str:
    """A digest of what a stored digest depends on beside its own rankings."""
    excluded = selectors.exclusions_of(project=project)
    parts = [
        sorted((rater, moment.isoformat()) for rater, moment in excluded.items()),
        sorted(selectors.eras_of(project=project).items()),
    ]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def _digest(project: Project, comparison_ids: list[int]) -> None:
    now = clock.now()
    for start in range(0, len(comparison_ids), CHUNK):
        chunk = comparison_ids[start : start + CHUNK]
        found = selectors.read(project=project, comparison_ids=chunk)
        ComparisonDigest.objects.filter(comparison__in=set(chunk) - found.keys()).delete()
        ComparisonDigest.objects.bulk_create(
            [
                ComparisonDigest(comparison_id=pk, project=project, judged=judged, digested_at=now)
                for pk, judged in found.items()
            ],
            update_conflicts=True,
            unique_fields=["comparison"],
            update_fields=["judged", "digested_at"],
        )


def _stored(project: Project) -> Iterator[Judged]:
    rows = ComparisonDigest.objects.filter(project=project).order_by("pk")
    for judged in rows.values_list("judged", flat=True).iterator(chunk_size=CHUNK):
        yield Judged(**judged)
