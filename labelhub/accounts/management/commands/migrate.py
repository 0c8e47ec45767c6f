"""Django's migrate, one at a time: two that start at once would both create the first table."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

# Any number that nothing else locks.
_ADVISORY_LOCK = 7_264_913


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with connections[options["database"]].cursor() as cursor:
            # Held by the connection: it ends with the process, however that ends.
            cursor.execute("SELECT pg_advisory_lock(%s)", [_ADVISORY_LOCK])
            try:
                super().handle(*args, **options)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_ADVISORY_LOCK])
