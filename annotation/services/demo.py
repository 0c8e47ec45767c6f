"""The demo project: people, a policy, and enough of every kind of work to look around in."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from annotation.datasets.records import MessageRecord, PromptRecord, content_sha256, origin_key
from annotation.models import Batch, ImportRun, Prompt, Round, RoundPolicy, TaskKind
from annotation.services.imports import begin_run, read_rows, reader_of
from annotation.services.projects import create_project
from annotation.services.qualification import LEAD
from annotation.services.tasks import NewTask, add_tasks
from labelhub.accounts import services as accounts
from labelhub.accounts.models import ConsentDocument, Membership, Project, User
from sampling import registry
from sampling.models import Policy

FIXTURES = settings.BASE_DIR / "fixtures"
SLUG = "demo"
POLICY = "demo"
# As written in the policy's own row: relative to the repository, so that it moves with it.
POLICY_SOURCE = "fixtures/policy/demo"
LICENCE = "apache-2.0"
LANGUAGES = ("en", "de", "es", "fr")
CONSENT_PURPOSES = ["training", "evaluation", "quality"]
DEMONSTRATIONS = "Demonstrations: first prompts"
CHATS = "Chats: first topics"
# The small policy knows the dialogues it was trained on and little else. Some of their openings come
# first in the queue, so that the first drafts and replies are worth reading.
KNOWN_OPENINGS_PER_FILE = 3
KNOWN_OPENINGS_PRIORITY = 50
# Candidates have to differ, which the policy's do only when they are drawn freely.
PARAMS = {
    RoundPolicy.Use.DRAFT: {"temperature": 0.7, "top_p": 0.9},
    RoundPolicy.Use.CHAT: {"temperature": 0.5, "top_p": 0.9},
    RoundPolicy.Use.CANDIDATE: {"temperature": 1.1, "top_p": 1.0},
}
MAX_TOKENS = 160


@dataclass(frozen=True)
class Login:
    username: str
    display_name: str
    role: str
    is_admin: bool = False
    skills: tuple[str, ...] = ()

    @property
    def password(self) -> str:
        return f"demo-{self.username}"


LOGINS = (
    Login("trainer1", "Amira (trainer)", Membership.Role.TRAINER),
    Login("trainer2", "Ben (trainer)", Membership.Role.TRAINER),
    Login("trainer3", "Chloé (trainer)", Membership.Role.TRAINER),
    Login("reviewer", "Rosa (reviewer)", Membership.Role.REVIEWER, skills=(LEAD,)),
    Login("manager", "Milan (manager)", Membership.Role.MANAGER),
    Login("admin", "Ada (admin)", Membership.Role.MANAGER, is_admin=True),
)


def seed() -> Project:
    """Make what of the demo is not there yet; what is there, changed or not, stays as it is."""
    project = _seed_project()
    _import(project, FIXTURES / "comparisons.jsonl", "candidates")
    for path in sorted((FIXTURES / "dialogues").glob("*.jsonl")):
        _import(project, path, "messages")
    return project


@transaction.atomic
def _seed_project() -> Project:
    if not ConsentDocument.objects.exists():
        ConsentDocument.objects.create(
            version=1,
            title="Taking part in labelhub",
            markdown=(FIXTURES / "consent.md").read_text(encoding="utf-8"),
            purposes=CONSENT_PURPOSES,
        )
    _add_people()
    project = Project.objects.filter(slug=SLUG).first()
    if project is None:
        project = create_project(
            slug=SLUG,
            name="Assistant basics",
            description=(
                "Everyday questions to a general assistant: writing, explaining, planning, code. "
                "Demo data written for labelhub; the policy is a very small model."
            ),
        )
        _add_members(project)
    round_ = Round.objects.filter(project=project, closed_at=None).first()
    if round_ is not None:
        _serve_policy(round_)
        _add_prompts(project, round_)
    return project


def _add_people() -> None:
    known = set(
        User.objects.filter(username__in=[login.username for login in LOGINS]).values_list(
            "username", flat=True
        )
    )
    missing = [login for login in LOGINS if login.username not in known]
    # Hashing is slow on purpose and frees the interpreter: side by side it takes half as long.
    with ThreadPoolExecutor() as pool:
        hashes = list(pool.map(make_password, [login.password for login in missing]))
    User.objects.bulk_create(
        User(
            username=login.username,
            display_name=login.display_name,
            password=password,
            is_staff=login.is_admin,
            is_superuser=login.is_admin,
        )
        for login, password in zip(missing, hashes, strict=True)
    )


def _add_members(project: Project) -> None:
    people = User.objects.in_bulk([login.username for login in LOGINS], field_name="username")
    for login in LOGINS:
        accounts.add_member(
            project=project,
            user=people[login.username],
            role=login.role,
            languages=LANGUAGES,
            skills=login.skills,
        )


def _serve_policy(round_: Round) -> None:
    """The demo policy serves everything that the round has no policy for."""
    unserved = set(RoundPolicy.Use.values) - set(
        RoundPolicy.objects.filter(round=round_).values_list("use", flat=True)
    )
    if not unserved:
        return
    policy = Policy.objects.filter(name=POLICY).first() or registry.add_policy(
        name=POLICY, source=POLICY_SOURCE, output_licence=LICENCE
    )
    RoundPolicy.objects.bulk_create(
        RoundPolicy(
            project=round_.project,
            round=round_,
            policy=policy,
            use=use,
            max_tokens=MAX_TOKENS,
            **PARAMS[RoundPolicy.Use(use)],
        )
        for use in sorted(unserved)
    )


def _add_prompts(project: Project, round_: Round) -> None:
    """A demonstration task for every prompt; a chat task for briefs, small talk and known openings."""
    batches = {
        kind: Batch.objects.get_or_create(
            project=project,
            name=name,
            defaults={"round": round_, "kind": kind, "cap_share": 1.0},
        )
        for kind, name in ((TaskKind.DEMONSTRATION, DEMONSTRATIONS), (TaskKind.CHAT, CHATS))
    }
    if not any(is_new for _, is_new in batches.values()):
        return
    path = FIXTURES / "prompts.jsonl"
    given = [_prompt(project, row, path, n) for n, row in enumerate(_rows(path), start=1)]
    known = [
        _prompt(project, row, path, n) for path, n, row in _known_openings(FIXTURES / "dialogues")
    ]
    Prompt.objects.bulk_create([*given, *known], ignore_conflicts=True)
    first = {prompt.content_sha256 for prompt in known}
    prompts = Prompt.objects.filter(
        project=project, content_sha256__in=first | {prompt.content_sha256 for prompt in given}
    ).order_by("pk")
    tasks = []
    for prompt in prompts:
        is_known = prompt.content_sha256 in first
        kinds = [TaskKind.DEMONSTRATION]
        if is_known or prompt.kind == Prompt.Kind.BRIEF or prompt.category == "chat":
            kinds.append(TaskKind.CHAT)
        tasks += [
            NewTask(
                project=project,
                kind=kind,
                language=prompt.language,
                batch=batches[kind][0],
                round=round_,
                prompt=prompt,
                priority=KNOWN_OPENINGS_PRIORITY if is_known else None,
            )
            for kind in kinds
            if batches[kind][1]
        ]
    add_tasks(tasks=tasks)


def _known_openings(folder: Path) -> Iterator[tuple[Path, int, dict[str, Any]]]:
    """The first user turns of some English dialogues without a system turn: file, line, prompt."""
    for path in sorted(folder.glob("*.jsonl")):
        openings = (
            (
                path,
                number,
                row | {"kind": Prompt.Kind.PROMPT, "text": row["messages"][0]["content"]},
            )
            for number, row in enumerate(_rows(path), start=1)
            if row["language"] == "en" and row["messages"][0]["role"] == "user"
        )
        yield from islice(openings, KNOWN_OPENINGS_PER_FILE)


def _prompt(project: Project, row: dict[str, Any], path: Path, number: int) -> Prompt:
    messages = (MessageRecord("user", row["text"]),)
    key = origin_key(messages)
    return Prompt(
        project=project,
        kind=row["kind"],
        text=row["text"],
        category=row["category"],
        language=row["language"],
        source=str(path.relative_to(settings.BASE_DIR)),
        source_row=number,
        licence=LICENCE,
        origin_key=key,
        # The hash an import would give it, so that importing the same prompt adds nothing.
        content_sha256=content_sha256(PromptRecord(messages, row=number, origin_key=key)),
    )


def _import(project: Project, path: Path, file_format: str) -> None:
    if ImportRun.objects.filter(project=project, file_name=path.name).exists():
        return
    with path.open("rb") as stream:
        reader = reader_of(stream=stream, file_format=file_format)
        run = begin_run(project=project, reader=reader, file_name=path.name, licence=LICENCE)
        read_rows(run=run, reader=reader, on_progress=lambda _: None)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().splitlines():
        yield orjson.loads(line)
