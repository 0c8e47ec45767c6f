"""`python -m tests.browser.projects [ADDRESS]`: a version and an exam to look at, and projects that tests need.

Run on a demo's data. Everybody of the demo takes part. The policy of the project WRITING is a server
at ADDRESS that says what a test scripts; without an address there are only the version and the exam.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from typing import Any

import django
import orjson

from tests.browser import exam_project, hostile_project

NINE = "bench-nine"
GRADES = "bench-grades"
STEPS = "bench-steps"
TWO_STEPS = "bench-two-steps"
WRITING = "writing"
# Served by the demo's policy.
LINE = "whole-line"
# One task each: whoever loses it sees it with somebody else.
SCARCE = {"mouse": "scarce-by-mouse", "keyboard": "scarce-by-keyboard"}
N_PROMPTS = 40
# A trainer of the demo who has never signed in.
NEWCOMER = "newcomer"
RECIPE = {
    "name": "everyday-questions",
    "kind": "sft",
    "contents": {
        "sources": [{"name": "all", "project": "demo"}],
        "file": {"format": "messages"},
    },
}
# Words enough that a card has to be scrolled, each text its own.
LONG = " ".join(["Every sentence of this reply says the same thing in the same words."] * 40)


def freeze_a_version() -> None:
    """A version of a dataset of the demo's dialogues."""
    from django.core.management import call_command

    with tempfile.NamedTemporaryFile(suffix=".json") as recipe:
        recipe.write(orjson.dumps(RECIPE))
        recipe.flush()
        call_command("freeze_dataset", recipe.name, project="demo")


def add_projects(policy_address: str) -> None:
    """Nine long candidates; two in four grades; two from -3 to 3; three, rated before ordered; prompts."""
    from annotation.models import RatingSchema
    from annotation.services import demo
    from sampling.engine.protocol import SamplingParams
    from sampling.models import Policy
    from sampling.registry import add_policy

    strength, flow = RatingSchema.Strength, RatingSchema.Flow
    add_ranking_project(NINE, n_candidates=9, schema={}, length=LONG)
    add_ranking_project(GRADES, n_candidates=2, schema={"strength": strength.FOUR_GRADES})
    add_ranking_project(STEPS, n_candidates=2, schema={"strength": strength.MINUS_3_TO_3})
    add_ranking_project(
        TWO_STEPS,
        n_candidates=3,
        schema={"rating_required": True, "flow": flow.RATE_THEN_ORDER},
    )
    policy = add_policy(
        name="scripted", source=f"openai:{policy_address}#scripted", context_window_tokens=8192
    )
    scripted = SamplingParams(max_tokens=512)
    writing = project_with_everybody(WRITING)
    serve(writing, policy, {"draft": scripted, "chat": scripted})
    add_writing_tasks(
        writing, [f"Somebody asks about thing number {number}." for number in range(N_PROMPTS)]
    )
    line = project_with_everybody(LINE)
    serve(
        line,
        Policy.objects.get(name=demo.POLICY),
        {
            use: SamplingParams(max_tokens=demo.MAX_TOKENS, **params)
            for use, params in demo.PARAMS.items()
        },
    )
    add_writing_tasks(line, ["Somebody asks about herbs."])
    for slug in SCARCE.values():
        add_writing_tasks(project_with_everybody(slug), ["Somebody asks about salt."])
    hostile = project_with_everybody(hostile_project.SLUG)
    serve(hostile, policy, {"draft": scripted, "chat": scripted})
    add_writing_tasks(hostile, [hostile_project.ALL] * 4, source=hostile_project.SHORT)
    hostile_project.make_hostile(hostile)
    add_comparisons(hostile, [hostile_project.comparison()], file_name=hostile_project.SHORT)


def add_exam() -> None:
    from annotation.services.projects import create_project

    project = create_project(slug=exam_project.SLUG, name="Exam")
    add_comparisons(project, exam_project.comparisons())
    exam_project.hold_an_exam(project)


def add_newcomer() -> None:
    from labelhub.accounts import services as accounts
    from labelhub.accounts.models import Membership, Project, User

    accounts.add_member(
        project=Project.objects.get(slug="demo"),
        user=User.objects.create_user(NEWCOMER, password=f"demo-{NEWCOMER}"),
        role=Membership.Role.TRAINER,
        languages=["en"],
    )


def project_with_everybody(slug: str) -> Any:
    from annotation.services.demo import LOGINS
    from annotation.services.projects import create_project
    from labelhub.accounts import services as accounts
    from labelhub.accounts.models import User

    project = create_project(slug=slug, name=slug.replace("-", " ").capitalize())
    for login in LOGINS:
        user = User.objects.get(username=login.username)
        accounts.add_member(project=project, user=user, role=login.role, languages=["en"])
    return project


def serve(project: Any, policy: Any, uses: dict[str, Any]) -> None:
    """This policy serves a project, for each use with these parameters."""
    from annotation.services.serving import Served, set_serving
    from labelhub.accounts.models import User

    set_serving(
        project=project,
        served=[
            Served(policy=policy.pk, use=use, weight=1.0, params=params)
            for use, params in uses.items()
        ],
        actor=User.objects.get(username="admin"),
    )


def add_writing_tasks(project: Any, texts: list[str], *, source: str = "tests") -> None:
    """For each brief a conversation to write and a chat to hold."""
    from annotation.models import Prompt, Round, TaskKind
    from annotation.services.tasks import NewTask, add_tasks

    prompts = Prompt.objects.bulk_create(
        Prompt(
            project=project,
            kind=Prompt.Kind.BRIEF,
            text=text,
            category="brainstorming",
            language="en",
            source=source,
            source_row=number,
            origin_key=f"{number:064x}",
            content_sha256=f"{number:064x}",
        )
        for number, text in enumerate(texts)
    )
    round_ = Round.objects.get(project=project)
    add_tasks(
        tasks=[
            NewTask(project=project, kind=kind, round=round_, prompt=prompt)
            for prompt in prompts
            for kind in (TaskKind.DEMONSTRATION, TaskKind.CHAT)
        ]
    )


def add_ranking_project(
    slug: str, *, n_candidates: int, schema: dict[str, Any], length: str = ""
) -> None:
    from annotation.services.rating_schemas import publish_rating_schema

    project = project_with_everybody(slug)
    flags = [{"key": "invented", "label": "Invented", "help": "It says what is not so."}]
    publish_rating_schema(project=project, flags=flags, **schema)
    add_comparisons(
        project,
        [
            {
                "id": f"{slug}-{number}",
                "prompt": [{"role": "user", "content": f"Question number {number}?"}],
                "candidates": [
                    f"Answer {letter} to question {number}. {length}".strip()
                    for letter in "qrstuvwxy"[:n_candidates]
                ],
            }
            for number in range(4)
        ],
    )


def add_comparisons(project: Any, rows: list[dict[str, Any]], *, file_name: str = "tests") -> None:
    """Import completions made elsewhere; every row must be taken."""
    from annotation.services.imports import begin_run, read_rows, reader_of

    lines = b"\n".join(orjson.dumps(row) for row in rows)
    reader = reader_of(stream=io.BytesIO(lines), file_format="candidates")
    run = begin_run(project=project, reader=reader, file_name=file_name)
    read_rows(run=run, reader=reader, on_progress=lambda _: None)
    run.refresh_from_db()
    assert run.n_added == len(rows), run


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelhub.settings")
    django.setup()
    freeze_a_version()
    add_exam()
    for address in sys.argv[1:]:
        add_newcomer()
        add_projects(address)
