"""Erase a person and everything they wrote."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from annotation.services import erasure
from labelhub.accounts.models import User
from labelhub.commands import REFUSED, DatabaseCommand
from labelhub.exceptions import LabelhubError


class Command(DatabaseCommand):
    help = (
        "Blank everything a person wrote, withdraw the datasets it stood in and freeze their recipes anew. "
        "Cannot be undone. Exit status: 0 done, 2 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--for-good",
            action="store_true",
            required=True,
            help="you know that it cannot be undone",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(
                f"There is nobody called “{options['username']}”.", returncode=REFUSED
            )
        try:
            erased = erasure.erase(user=user, actor=None)
        except LabelhubError as refusal:
            raise CommandError(str(refusal), returncode=REFUSED) from refusal
        self.stderr.write(
            f"{erased.n_texts:,} texts erased; {erased.n_datasets:,} datasets withdrawn, "
            f"{erased.n_versions:,} of them versions; {len(erased.freezings):,} being frozen anew"
        )
