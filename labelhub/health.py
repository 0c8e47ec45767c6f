"""Liveness and readiness, for the supervisor and for load balancers."""

from __future__ import annotations

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError
from django.http import HttpRequest, JsonResponse


def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def unapplied_migrations() -> list[str]:
    """Names of migrations that the code has and the database has not."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers. Redis is not asked: labelhub works without it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as exc:
        return JsonResponse({"status": "no database", "detail": str(exc)}, status=503)
    return JsonResponse({"status": "ok"})
