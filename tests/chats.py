"""Finished chats, and generations that end as a test says, for what is made of them."""

from __future__ import annotations

from typing import Any

import factory
from factory.django import DjangoModelFactory

from annotation.models import Conversation, Draft, Message, RoundPolicy
from labelhub import clock
from labelhub.accounts.models import Project
from sampling.models import Completion, Generation
from tests.factories import (
    ContextFactory,
    PolicyFactory,
    ProjectFactory,
    RaterFactory,
    RoundPolicyFactory,
)


class CandidatePolicyFactory(RoundPolicyFactory):
    """A policy that writes the round's candidates."""

    use = RoundPolicy.Use.CANDIDATE
    max_tokens = 100


class GenerationFactory(DjangoModelFactory[Generation]):
    class Meta:
        model = Generation

    project = factory.SubFactory(ProjectFactory)
    policy = factory.SubFactory(PolicyFactory)
    context = factory.SubFactory(ContextFactory)
    purpose = Generation.Purpose.CHAT
    priority = Generation.Priority.INTERACTIVE
    n_completions = 1
    base_seed = 1
    created_at = factory.LazyFunction(clock.now)


def end_generation(
    generation: Generation, *said: str | tuple[str, str], state: str = Generation.State.DONE
) -> list[Completion]:
    """End a generation with these texts, each perhaps with its finish reason."""
    completions = [
        Completion(
            generation=generation,
            index=index,
            seed=index,
            text=text if isinstance(text, str) else text[0],
            finish_reason="stop" if isinstance(text, str) else text[1],
            n_prompt_tokens=5,
            n_tokens=3,
            reproducible=Completion.Reproducible.NONE,
            created_at=clock.now(),
        )
        for index, text in enumerate(said)
    ]
    generation.state = state
    generation.error_code = "engine_failed" if state == Generation.State.FAILED else ""
    generation.error_detail = "The engine fell over." if generation.error_code else ""
    generation.finished_at = clock.now()
    generation.save()
    return Completion.objects.bulk_create(completions)


def finished_chat(project: Project, *replies: str, **fields: Any) -> Conversation:
    """A finished chat whose trainer asked something and got each of these replies in turn."""
    now = clock.now()
    conversation = Conversation.objects.create(
        **{
            "project": project,
            "kind": Conversation.Kind.CHAT,
            "state": Conversation.State.FINISHED,
            "author": RaterFactory(),
            "origin_key": "chat",
            "created_at": now,
            "finished_at": now,
            **fields,
        }
    )
    parent = None
    for number, reply in enumerate(replies):
        (completion,) = end_generation(GenerationFactory(project=project), reply)
        for offset, turn in enumerate(
            (
                {"role": "user", "origin": "human", "content": f"Question {number}?"},
                {
                    "role": "assistant",
                    "origin": "model",
                    "content": reply,
                    "completion": completion,
                },
            )
        ):
            parent = Message.objects.create(
                project=project,
                conversation=conversation,
                parent=parent,
                position=2 * number + offset,
                created_at=now,
                **turn,
            )
    return conversation


def drafted(conversation: Conversation, *, outcome: str, message: Message | None) -> Draft:
    """A draft that was shown in a demonstration, and what became of it."""
    assert conversation.assignment is not None
    return Draft.objects.create(
        project=conversation.project,
        assignment=conversation.assignment,
        generation=GenerationFactory(
            project=conversation.project, purpose=Generation.Purpose.DRAFT
        ),
        index=0,
        position=1,
        role=Message.Role.ASSISTANT,
        shown_order=0,
        outcome=outcome,
        message=message,
        created_at=clock.now(),
    )
