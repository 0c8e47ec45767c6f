"""Load the demo fixtures."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from annotation.services import demo
from labelhub.commands import REFUSED, DatabaseCommand


class Command(DatabaseCommand):
    help = (
        "Make the demo project with people, a policy and work of every kind. What is there already"
        " stays as it is. Refused in production: the passwords are public."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "The demo's passwords are known to everybody; it is not for production.",
                returncode=REFUSED,
            )
        project = demo.seed()
        self.stdout.write(f"Project “{project.name}”. Sign in as")
        for login in demo.LOGINS:
            role = "admin" if login.is_admin else login.role
            self.stdout.write(f"  {login.username:<10} {login.password:<16} {role}")
