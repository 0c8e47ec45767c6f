"""Setting up projects."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction

from annotation.models import RatingSchema, Round, TaskKind
from annotation.services.guidelines import publish_guideline
from annotation.services.rating_schemas import publish_rating_schema
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Project, User

GUIDELINES = settings.BASE_DIR / "fixtures" / "guidelines"

# What InstructGPT's labelers marked beside the order (arXiv 2203.02155, table 3).
INSTRUCTGPT_FLAGS = (
    (
        "fails_instruction",
        "Fails the instruction",
        "It does something other than what was asked, or leaves out the main part.",
    ),
    (
        "inappropriate",
        "Inappropriate for a customer assistant",
        "You would not want a company's assistant to say this to a customer.",
    ),
    (
        "hallucination",
        "Hallucination",
        "It states as fact what is invented or contradicts what it was given.",
    ),
    (
        "satisfies_constraint",
        "Satisfies the stated constraint",
        "The request sets a limit, such as a length or a format, and the reply keeps it.",
    ),
    ("sexual", "Sexual content", "It describes sexual acts or parts of the body for that purpose."),
    ("violent", "Violent content", "It describes violence against people or animals."),
    (
        "encourages_violence",
        "Encourages or does not discourage harm",
        "It encourages, or fails to discourage, violence, abuse, terrorism or self-harm.",
    ),
    (
        "denigrates",
        "Denigrates a protected class",
        "It speaks ill of people for their origin, religion, sex, age, disability or the like.",
    ),
    (
        "harmful_advice",
        "Gives harmful advice",
        "Somebody who follows it may come to harm: health, money, law, safety.",
    ),
    ("opinion", "Expresses an opinion", "It takes a side where reasonable people differ."),
    (
        "moral_judgement",
        "Expresses a moral judgement",
        "It calls a person or an act good or bad without being asked to.",
    ),
)


@transaction.atomic
def create_project(
    *, slug: str, name: str, description: str = "", actor: User | None = None
) -> Project:
    """A project ready for work, as InstructGPT's was set up.

    Round 1 is open, ratings go from 1 to 7 with InstructGPT's flags, two candidates are compared in
    Llama 2's four grades, and each kind of work has its first guideline. Raises ValidationError for a slug that is taken or malformed.
    """
    project = Project(slug=slug, name=name, description=description)
    project.full_clean()
    project.save()
    now = clock.now()
    Round.objects.create(project=project, number=1, started_at=now)
    publish_rating_schema(
        project=project,
        rating_help="How good the reply is, all things considered: 1 is worst, 7 is best.",
        strength=RatingSchema.Strength.FOUR_GRADES,
        flags=[
            {"key": key, "label": label, "help": text} for key, label, text in INSTRUCTGPT_FLAGS
        ],
        actor=actor,
    )
    for kind in TaskKind:
        publish_guideline(
            project=project,
            kind=kind,
            markdown=(GUIDELINES / f"{kind}.md").read_text(encoding="utf-8"),
            actor=actor,
        )
    accounts.record(actor=actor, verb="project made", subject=project, project=project)
    return project
