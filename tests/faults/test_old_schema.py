"""A database older than the code: no process starts on it, and each says what to do."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from labelhub import health

PROJECT = Path(__file__).resolve().parents[2]
NAME = "labelhub_test_old_schema"


@pytest.fixture
def empty_database(db: None) -> Iterator[str]:
    """The address of a database that nobody migrated."""
    with psycopg.connect(settings.DATABASE_URL, autocommit=True) as postgres:
        postgres.execute(f"DROP DATABASE IF EXISTS {NAME}")
        postgres.execute(f"CREATE DATABASE {NAME}")
        yield urlsplit(settings.DATABASE_URL)._replace(path=f"/{NAME}").geturl()
        postgres.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


@pytest.mark.faults
@pytest.mark.parametrize(
    "command",
    [
        "uvicorn labelhub.asgi:application --port 0 --lifespan off",
        "uvicorn labelhub.asgi:application --port 0 --lifespan off --workers 2",
        "celery -A labelhub worker -Q default -P threads",
        "celery -A labelhub worker -Q gpu -P threads",
        "celery -A labelhub beat --schedule {folder}/beat-schedule",
    ],
)
def test_no_process_starts_on_a_database_that_lacks_migrations(
    empty_database: str, command: str, tmp_path: Path
) -> None:
    process = subprocess.run(
        [sys.executable, "-m", *command.format(folder=tmp_path).split()],
        cwd=PROJECT,
        env=os.environ | {"DATABASE_URL": empty_database, "REDIS_URL": "redis://127.0.0.1:1/0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "labelhub cannot start: the database lacks" in process.stderr
    assert "Run `python manage.py migrate`" in process.stderr


@pytest.mark.faults
@pytest.mark.parametrize(
    ("database", "says"),
    [("{empty}", "the database lacks"), ("postgresql://u@127.0.0.1:1/x", "does not answer")],
)
def test_a_command_refuses_a_database_that_is_not_its_own(
    empty_database: str, database: str, says: str
) -> None:
    process = subprocess.run(
        [sys.executable, "manage.py", "export_jsonl", "sft", "--project", "demo", "--out", "-"],
        cwd=PROJECT,
        env=os.environ
        | {
            "DATABASE_URL": database.format(empty=empty_database),
            "REDIS_URL": "redis://127.0.0.1:1/0",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 2
    assert says in process.stderr
    assert "Traceback" not in process.stderr


@pytest.mark.django_db
def test_each_missing_migration_is_named_and_no_other() -> None:
    assert health.unapplied_migrations() == []
    MigrationRecorder.Migration.objects.filter(app="annotation", name="0001_initial").delete()
    assert health.unapplied_migrations() == ["annotation.0001_initial"]
    health_says = "annotation.0001_initial"
    with pytest.raises(SystemExit, match=health_says):
        health.refuse_old_schema()


@pytest.mark.django_db
def test_what_is_found_missing_is_what_django_would_apply() -> None:
    """File names tell as much as the whole graph of migrations."""
    MigrationRecorder.Migration.objects.all().delete()
    loader_knows = {f"{app}.{name}" for app, name in MigrationLoader(connection).disk_migrations}
    assert set(health.unapplied_migrations()) == loader_knows
