"""What tests of demonstrations, chats and reviews share: a project that serves, people at work, and the
GPU worker's part played by hand."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from rest_framework.response import Response
from rest_framework.test import APIClient

from annotation import jobs
from annotation.models import Assignment, Conversation, Prompt, RoundPolicy, Task, TaskKind
from annotation.selectors import conversations as selectors
from annotation.services import claim, tasks
from labelhub import clock
from labelhub.accounts.models import Membership, Project
from sampling.models import Completion, Generation
from tests.factories import MembershipFactory, ProjectFactory, RoundFactory, RoundPolicyFactory

# Sampling params of which none is the usual one, as a round's row holds them.
UNUSUAL_PARAMS: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.9,
    "top_k": 40,
    "min_p": 0.02,
    "repetition_penalty": 1.2,
    "max_tokens": 64,
    "stop": ["\nuser:", " "],
    "stop_token_ids": [3],
}
DEMONSTRATION, CHAT, REVIEW = TaskKind.DEMONSTRATION, TaskKind.CHAT, TaskKind.REVIEW
Body = dict[str, Any]
# What a draft says: nine words and a full stop.
NINE = "The harbour wall was built of grey stone quarried inland."


def serving_project(**settings: Any) -> Project:
    """A project whose open round has one policy for drafts and chats."""
    project = ProjectFactory(**settings)
    round_ = RoundFactory(project=project)
    served = RoundPolicyFactory(round=round_, use=RoundPolicy.Use.CHAT)
    RoundPolicyFactory(round=round_, policy=served.policy, use=RoundPolicy.Use.DRAFT)
    return project


class Person:
    """A member at their browser."""

    def __init__(self, project: Project, role: str = Membership.Role.TRAINER) -> None:
        self.member: Membership = MembershipFactory(project=project, role=role)
        self.project = project
        self.client = APIClient()
        self.client.force_login(self.member.user)

    def claim(self, kind: TaskKind) -> Assignment:
        pk = claim.claim(user=self.member.user, slug=self.project.slug, kind=kind)
        return Assignment.objects.get(pk=pk)

    def take_new(self, kind: TaskKind, prompt: Prompt | None = None) -> Assignment:
        """Claim a task that was made just now."""
        new_task(self.project, kind, prompt)
        return self.claim(kind)

    def put(self, path: str, body: Body) -> Response:
        return self.client.put(f"/api/v1/{path}", body)

    def post(self, path: str, body: Body) -> Response:
        return self.client.post(f"/api/v1/{path}", body)

    def patch(self, path: str, body: Body) -> Response:
        return self.client.patch(f"/api/v1/{path}", body)

    def save(
        self, assignment: Assignment, turns: list[Body], version: int | None = None
    ) -> Response:
        """Save a thread on the newest version, or on `version`."""
        if version is None:
            version = conversation_of(assignment).version
        return self.put(
            f"assignments/{assignment.pk}/thread/", {"version": version, "turns": turns}
        )

    def hand_in(self, assignment: Assignment) -> Response:
        return self.post(
            f"assignments/{assignment.pk}/demonstration/",
            {"key": str(uuid4()), "version": conversation_of(assignment).version},
        )

    def hand_in_new(self) -> Conversation:
        """Claim, write and hand in a demonstration."""
        assignment = self.take_new(DEMONSTRATION)
        assert self.save(assignment, dialogue(2)).status_code == 200
        assert self.hand_in(assignment).status_code == 200
        return conversation_of(assignment)

    def review(self, assignment: Assignment, verdict: str, **body: Any) -> Response:
        body = {"key": str(uuid4()), "verdict": verdict, "comment": "", "comments": []} | body
        return self.post(f"assignments/{assignment.pk}/review/", body)


def new_task(project: Project, kind: TaskKind, prompt: Prompt | None = None) -> Task:
    round_ = project.rounds.get()
    (task,) = tasks.add_tasks(
        tasks=[tasks.NewTask(project=project, kind=kind, prompt=prompt, round=round_)]
    )
    return task


def dialogue(n_turns: int) -> list[Body]:
    """User and assistant by turns, in full."""
    return [
        {
            "role": "assistant" if i % 2 else "user",
            "content": f"Turn {i} says something of its own.",
        }
        for i in range(n_turns)
    ]


def conversation_of(assignment: Assignment) -> Conversation:
    if assignment.kind == REVIEW:
        return Conversation.objects.get(tasks=assignment.task_id)
    return Conversation.objects.get(assignment=assignment)


def contents(assignment: Assignment) -> list[str]:
    live = selectors.live_messages(conversation=conversation_of(assignment))
    return [message.content for message in live]


def end_generation(
    generation_id: int,
    *texts: str,
    state: Generation.State = Generation.State.DONE,
    finish_reason: Completion.FinishReason = Completion.FinishReason.STOP,
    ring: bool = True,
) -> list[Completion]:
    """Store what a GPU worker would, and run the job it would ring."""
    generation = Generation.objects.get(pk=generation_id)
    now = clock.now()
    completions = [
        Completion.objects.create(
            generation=generation,
            index=index,
            seed=index,
            text=text,
            finish_reason=finish_reason,
            n_prompt_tokens=10,
            n_tokens=len(text.split()),
            reproducible=Completion.Reproducible.NONE,
            created_at=now,
        )
        for index, text in enumerate(texts)
    ]
    generation.state = state
    generation.finished_at = generation.first_token_at = now
    generation.error_code = "engine_failed" if state == Generation.State.FAILED else ""
    generation.save()
    if ring:
        run = {
            "annotation.reply_ended": jobs.reply_ended,
            "annotation.drafts_ended": jobs.drafts_ended,
        }
        run[generation.on_done](generation.pk)
    return completions


def set_project(project: Project, **settings: Any) -> None:
    Project.objects.filter(pk=project.pk).update(**settings)


def message_ids(answer: Any) -> list[int]:
    return [message["id"] for message in answer.json()["messages"]]


def generation_of(answer: dict[str, Any]) -> int:
    """The one generation that the drafts of an answer come from."""
    (generation,) = {draft["generation"] for draft in answer["drafts"]}
    return int(generation)


def drafts_for(trainer: Person, assignment: Assignment, *texts: str, **body: Any) -> list[int]:
    """Ask for drafts and let them end; their ids by index."""
    answer = trainer.post(
        f"assignments/{assignment.pk}/drafts/",
        {"version": conversation_of(assignment).version} | body,
    )
    assert answer.status_code == 200, answer.json()
    end_generation(generation_of(answer.json()), *texts)
    return [draft["id"] for draft in sorted(answer.json()["drafts"], key=lambda row: row["index"])]
