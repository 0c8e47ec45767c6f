"""Liveness and readiness, for the supervisor and for load balancers."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from pkgutil import ModuleInfo, iter_modules

from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import DatabaseError
from django.http import HttpRequest, JsonResponse

logger = logging.getLogger(__name__)


def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def unapplied_migrations() -> list[str]:
    """Names of migrations that the code has and the database has not, in no order that matters.

    Looks at file names only: to load them all takes a second, and every process does this at start.
    """
    applied = MigrationRecorder(connection).applied_migrations()
    known = [
        (app.label, module.name)
        for app in apps.get_app_configs()
        for module in _migration_modules(app.label)
        if module.name[0] not in "_~"
    ]
    return [".".join(migration) for migration in known if migration not in applied]


def is_new() -> bool:
    """Whether nobody has ever migrated the database."""
    return not MigrationRecorder(connection).applied_migrations()


def lack_of(missing: Sequence[str]) -> str:
    """What to do about unapplied migrations, as a sentence."""
    return (
        f"the database lacks {len(missing)} migrations of this version "
        f"({', '.join(missing[:3])}{', …' if len(missing) > 3 else ''}). "
        "Run `python manage.py migrate` and start again."
    )


def _migration_modules(app_label: str) -> Iterable[ModuleInfo]:
    package, _ = MigrationLoader.migrations_module(app_label)
    spec = find_spec(package) if package else None
    places = spec.submodule_search_locations if spec else None
    return iter_modules(places) if places else ()


def refuse_old_schema() -> None:
    """End a process that would run on a database older than its code.

    A database that does not answer is waited for like at any other time. Raises SystemExit with a
    sentence.
    """
    try:
        missing = unapplied_migrations()
    except DatabaseError:
        logger.warning("The database does not answer; its schema was not looked at.")
        return
    finally:
        connection.close()
    if missing:
        raise SystemExit(f"labelhub cannot start: {lack_of(missing)}")


def announce() -> None:
    """Tell the supervisor, which names the file, that this process is ready for work."""
    path = os.environ.get("LABELHUB_READY_FILE")
    if path:
        Path(path).touch()


def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers. Redis is not asked: labelhub works without it."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as exc:
        # For the log alone: it names hosts and users, and anybody may ask.
        logger.warning("The database does not answer: %s", exc)
        return JsonResponse({"status": "no database"}, status=503)
    return JsonResponse({"status": "ok"})
