"""The base of the commands that read or write rows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import OperationalError

from labelhub import health

REFUSED = 2


class DatabaseCommand(BaseCommand):
    """A command for the database as this version knows it.

    A new one of labelhub's own servers is prepared first, so that every command works at once; any
    other that lacks migrations is refused, exit status 2, and so is one that does not answer.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            missing = health.unapplied_migrations()
            if missing and not settings.CONFIG.database_url and health.is_new():
                self.stderr.write("The database is new and is prepared first.")
                call_command("migrate", verbosity=0, interactive=False)
                missing = []
        except OperationalError as error:
            raise CommandError(
                f"The database does not answer: {error}", returncode=REFUSED
            ) from error
        if missing:
            raise CommandError(health.lack_of(missing), returncode=REFUSED)
        return super().execute(*args, **options)
