"""Pick messages or prompts and begin a comparison from each."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from annotation.models import PickRun
from annotation.services import picks
from labelhub.accounts.models import Project
from labelhub.commands import REFUSED, DatabaseCommand
from labelhub.exceptions import LabelhubError


class Command(DatabaseCommand):
    help = (
        "Pick model-written messages of a project's finished chats, replies of imported conversations,"
        " or prompts, and sample candidates for them."
        " The same seed and moment pick the same messages again, however much was added since."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="The project's slug.")
        parser.add_argument("--count", required=True, type=int, help="Comparisons wanted.")
        parser.add_argument(
            "--source",
            choices=PickRun.Source.values,
            default=PickRun.Source.CHATS.value,
            help="What is drawn from: finished chats, imported conversations, or prompts alone.",
        )
        parser.add_argument(
            "--rule",
            choices=PickRun.Rule.values,
            default=PickRun.Rule.CONVERSATION_UNIFORM.value,
            help="How it is drawn.",
        )
        parser.add_argument("--seed", type=int, help="Of the draw; random unless given.")
        parser.add_argument(
            "--as-of",
            help="Pick as if it were this moment (RFC 3339, UTC unless it says otherwise).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["count"] < 1:
            raise CommandError("--count must be at least 1.", returncode=REFUSED)
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']}.", returncode=REFUSED)
        try:
            picked = picks.pick_comparisons(
                project=project,
                n_wanted=options["count"],
                source=PickRun.Source(options["source"]),
                rule=PickRun.Rule(options["rule"]),
                seed=options["seed"],
                as_of=moment(options["as_of"]) if options["as_of"] else None,
            )
        except (LabelhubError, ArgumentTypeError) as refusal:
            raise CommandError(_sentence(refusal), returncode=REFUSED) from refusal
        run = picked.run
        of_prompts = run.source == PickRun.Source.PROMPTS
        for pick in picked.picks:
            drawn = (
                f"prompt {pick.group_id}"
                if of_prompts
                else f"conversation {pick.group_id} message {pick.item_id}"
            )
            self.stdout.write(f"{drawn} probability {pick.probability:.6g}")
        self.stdout.write(
            f"{len(picked.picks)} of {run.population} eligible"
            f" {'prompts' if of_prompts else 'conversations'} picked, "
            f"{len(picked.begun)} comparisons begun. Again with: sample_comparisons"
            f" --project {project.slug} --count {run.n_wanted} --source {run.source}"
            f" --rule {run.rule} --seed {run.seed} --as-of {run.as_of.isoformat()}"
        )


def moment(text: str) -> datetime:
    """An RFC 3339 time, UTC where it names no zone. Raises ArgumentTypeError."""
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise ArgumentTypeError(f"{text} is not a moment; write it like 2026-03-04T12:00:00Z.")
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _sentence(refusal: Exception) -> str:
    fields = getattr(refusal, "fields", None) or {}
    return " ".join([str(refusal), *(line for lines in fields.values() for line in lines)])
