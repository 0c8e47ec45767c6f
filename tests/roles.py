"""A project with somebody in every role, and something of theirs behind every route of the API."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from rest_framework.test import APIClient

from annotation.models import (
    Assignment,
    Comparison,
    Conversation,
    Dataset,
    DatasetVersion,
    Draft,
    Export,
    Freezing,
    ManagerFlag,
    Message,
    PersonalDataHold,
    PickRun,
    Question,
    Recipe,
    TaskKind,
    TimeContest,
    Upload,
)
from annotation.services import claim, tasks
from labelhub import clock
from labelhub.accounts.models import ApiToken, Membership, Project, User
from labelhub.accounts.selectors import rater_of
from sampling.models import Completion, Generation, Runner
from tests.factories import (
    ComparisonFactory,
    ContextFactory,
    GuidelineFactory,
    MembershipFactory,
    PolicyFactory,
    PromptFactory,
    RoundFactory,
    UserFactory,
    ready_comparison,
)

ACTORS = ("nobody", "outsider", "colleague", "owner", "reviewer", "manager", "admin")

# What a recipe declares at the least.
CONTENTS = {
    "sources": [],
    "seed": 0,
    "criterion": "",
    "near_duplicates": True,
    "benchmarks": [],
    "personal_data": "hold",
    "tokenizer": "",
    "file": {"format": "messages"},
}
# Assignments of the kind that a route is about; the others are for any kind.
KIND_OF_ROUTE = {
    "thread/": TaskKind.DEMONSTRATION,
    "demonstration/": TaskKind.DEMONSTRATION,
    "drafts/": TaskKind.DEMONSTRATION,
    "turns/": TaskKind.CHAT,
    "regenerate/": TaskKind.CHAT,
    "continue/": TaskKind.CHAT,
    "branch/": TaskKind.CHAT,
    "lengths/": TaskKind.CHAT,
    "amend/": TaskKind.CHAT,
    "chat/": TaskKind.CHAT,
    "review/": TaskKind.REVIEW,
}


@dataclass(frozen=True)
class World:
    """One project with somebody in every role, and something of the owner's behind every route."""

    users: dict[str, User]
    project: Project
    assignments: dict[TaskKind, int]
    ids: dict[str, object]
    sessions: dict[str, str]

    def path(self, route: str) -> str:
        kind = next(
            (kind for end, kind in KIND_OF_ROUTE.items() if route.endswith("/" + end)),
            TaskKind.RANKING,
        )
        values = self.ids | {"slug": self.project.slug, "assignment_id": self.assignments[kind]}
        path = route
        for name, value in values.items():
            for converter in ("int", "str", "slug", "uuid"):
                path = path.replace(f"<{converter}:{name}>", str(value))
        query = f"?generations={self.ids['generation_id']}" if route == "events/" else ""
        return f"/api/v1/{path}{query}"

    def client(self, actor: str) -> APIClient:
        client = APIClient()
        if actor in self.sessions:
            client.cookies["sessionid"] = self.sessions[actor]
        return client


def session_of(user: User) -> str:
    client = APIClient()
    client.force_login(user)
    return client.cookies["sessionid"].value


def new_world() -> World:
    """Somebody in every role, and a row behind every route."""
    project = RoundFactory().project
    roles = Membership.Role
    people = {
        "owner": MembershipFactory(project=project).user,
        "colleague": MembershipFactory(project=project).user,
        "reviewer": MembershipFactory(project=project, role=roles.REVIEWER).user,
        "manager": MembershipFactory(project=project, role=roles.MANAGER).user,
        "outsider": MembershipFactory(role=roles.MANAGER).user,
        "admin": UserFactory(is_superuser=True, is_staff=True),
    }
    author = rater_of(people["owner"])
    now = clock.now()
    submitted = Conversation.objects.create(
        project=project, kind="demonstration", state="submitted", author=author,
        origin_key="x", created_at=now, finished_at=now,
    )  # fmt: skip
    prompt = PromptFactory(project=project)
    wanted = {
        TaskKind.RANKING: {"comparison": ready_comparison(project)},
        TaskKind.DEMONSTRATION: {"prompt": prompt},
        TaskKind.CHAT: {"prompt": prompt},
        TaskKind.REVIEW: {"subject": submitted, "barred_raters": (author.pk,)},
    }
    tasks.add_tasks(
        tasks=[tasks.NewTask(project=project, kind=kind, **row) for kind, row in wanted.items()]
    )
    claimants = dict.fromkeys(TaskKind, "owner") | {TaskKind.REVIEW: "reviewer"}
    assignments = {
        kind: claim.claim(user=people[actor], slug=project.slug, kind=kind)
        for kind, actor in claimants.items()
    }
    ids = rows_behind_routes(project, people["owner"], assignments)
    sessions = {actor: session_of(user) for actor, user in people.items()}
    return World(people, project, assignments, ids, sessions)


def rows_behind_routes(
    project: Project, owner: User, assignments: dict[TaskKind, int]
) -> dict[str, object]:
    now = clock.now()
    generations = [
        Generation.objects.create(
            project=project, policy=PolicyFactory(), context=ContextFactory(), purpose=purpose,
            priority=0, requested_by=owner, n_completions=1, base_seed=1, state="done",
            created_at=now, finished_at=now,
        )
        for purpose in ("chat", "draft")
    ]  # fmt: skip
    completion = Completion.objects.create(
        generation=generations[0], index=0, seed=1, text="Hello.", finish_reason="stop",
        n_prompt_tokens=1, n_tokens=1, reproducible="none", created_at=now,
    )  # fmt: skip
    chat = Conversation.objects.get(assignment=assignments[TaskKind.CHAT])
    position = chat.messages.count()
    last = chat.messages.filter(is_live=True).order_by("-position").first()
    if last is None:
        last = Message.objects.create(
            project=project, conversation=chat, position=0, role="user", content="Hi",
            origin="human", created_at=now,
        )  # fmt: skip
        position = 1
    message = Message.objects.create(
        project=project, conversation=chat, parent=last, position=position, role="assistant",
        content="Hello.", origin="model", completion=completion, created_at=now,
    )  # fmt: skip
    draft = Draft.objects.create(
        project=project, assignment_id=assignments[TaskKind.DEMONSTRATION],
        generation=generations[1], index=0, position=1, role="assistant", shown_order=0,
        created_at=now,
    )  # fmt: skip
    failed = ComparisonFactory(
        project=project, state=Comparison.State.FAILED, ready_at=None, error_code="too_few",
    )  # fmt: skip
    export = Export.objects.create(project=project, kind="sft", format="messages", created_at=now)
    hold = PersonalDataHold.objects.create(
        project=project,
        rows_of="conversation",
        row_id=1,
        language="en",
        kinds=["email"],
        found_at=now,
    )
    upload = Upload.objects.create(project=project, file_name="x", n_bytes=1, created_at=now)
    recipe = Recipe.objects.create(
        project=project, name="mix", kind="sft", contents=CONTENTS, created_at=now, changed_at=now
    )  # fmt: skip
    dataset = Dataset.objects.create(
        project=project, kind="sft", number=1, recipe={"contents": CONTENTS}, n_rows=0,
        pseudonym_key=b"", created_at=now,
    )  # fmt: skip
    version = DatasetVersion.objects.create(
        project=project, recipe=recipe, number=1, dataset=dataset, archive="datasets/x.zip",
        manifest={"kept": 0, "format": "messages", "table": {"tokens": None}}, card="---\n---\n",
        plots={}, sha256="0" * 64, n_bytes=0, created_at=now,
    )  # fmt: skip
    freezing = Freezing.objects.create(
        project=project, recipe=recipe, is_trial=False, kind=recipe.kind, contents=CONTENTS,
        dataset=dataset, state="done", created_at=now,
    )  # fmt: skip
    question = Question.objects.create(
        project=project, assignment_id=assignments[TaskKind.CHAT], kind="chat",
        rater=rater_of(owner), text="Why?", asked_at=now,
    )  # fmt: skip
    flag = ManagerFlag.objects.create(
        project=project, assignment_id=assignments[TaskKind.RANKING], kind="ranking",
        rater=rater_of(owner), text="Look.", raised_at=now,
    )  # fmt: skip
    run = PickRun.objects.create(
        project=project, round=project.rounds.get(), rule="conversation-uniform", seed=1, as_of=now,
        population=1, n_wanted=1, created_at=now,
    )  # fmt: skip
    contest = TimeContest.objects.create(
        project=project, rater=rater_of(owner), day=now.date(), counted_seconds=0,
        claimed_seconds=60, text="More.", created_at=now,
    )  # fmt: skip
    token, _ = ApiToken.objects.create(user=owner, scopes=["read"])
    return {
        "guideline_id": GuidelineFactory(project=project).pk,
        "generation_id": generations[0].pk,
        "message_id": message.pk,
        "draft_id": draft.pk,
        "comparison_id": failed.pk,
        "export_id": export.pk,
        "upload_id": upload.pk,
        "hold_id": hold.pk,
        "number": 0,
        "recipe_id": recipe.pk,
        "version_id": version.pk,
        "freezing_id": freezing.pk,
        "question_id": question.pk,
        "task_id": Assignment.objects.get(pk=assignments[TaskKind.DEMONSTRATION]).task_id,
        "prompt_id": PromptFactory(project=project).pk,
        "conversation_id": chat.pk,
        "contest_id": contest.pk,
        "flag_id": flag.pk,
        "run_id": run.pk,
        "token_id": token.token_key,
        "policy_id": generations[0].policy_id,
        "runner_id": Runner.objects.create(
            id=uuid.uuid4(), host="gpu-1", started_at=now, seen_at=now
        ).pk,
        "turn": 0,
    }
