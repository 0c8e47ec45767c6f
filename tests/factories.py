"""Rows for tests, with the least that the database accepts."""

from __future__ import annotations

import hashlib
from typing import Any

import factory
from factory.django import DjangoModelFactory

from annotation.models import (
    Candidate,
    Comparison,
    Guideline,
    ImportRun,
    Prompt,
    RatingSchema,
    Round,
    RoundPolicy,
    TaskKind,
)
from labelhub import clock
from labelhub.accounts.models import Membership, Project, Rater, User
from sampling.models import Context, Policy


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"person{n}")
    password = factory.django.Password("correct horse")


class RaterFactory(DjangoModelFactory[Rater]):
    class Meta:
        model = Rater

    user = factory.SubFactory(UserFactory)


class ProjectFactory(DjangoModelFactory[Project]):
    class Meta:
        model = Project

    slug = factory.Sequence(lambda n: f"project-{n}")
    name = factory.LazyAttribute(lambda row: row.slug.title())


class MembershipFactory(DjangoModelFactory[Membership]):
    """A trainer of the project, rater included."""

    class Meta:
        model = Membership

    project = factory.SubFactory(ProjectFactory)
    user = factory.LazyAttribute(lambda _: RaterFactory().user)
    role = Membership.Role.TRAINER
    languages = ["en"]


class RoundFactory(DjangoModelFactory[Round]):
    class Meta:
        model = Round

    project = factory.SubFactory(ProjectFactory)
    number = 1
    started_at = factory.LazyFunction(clock.now)


class PolicyFactory(DjangoModelFactory[Policy]):
    """A policy on a server that counts no tokens, so that no files are needed."""

    class Meta:
        model = Policy

    name = factory.Sequence(lambda n: f"policy-{n}")
    source = "openai:http://127.0.0.1:9/v1#served"
    context_window_tokens = 4096
    activated_at = factory.LazyFunction(clock.now)


class RoundPolicyFactory(DjangoModelFactory[RoundPolicy]):
    class Meta:
        model = RoundPolicy

    round = factory.SubFactory(RoundFactory)
    project = factory.SelfAttribute("round.project")
    policy = factory.SubFactory(PolicyFactory)
    use = RoundPolicy.Use.CHAT


class PromptFactory(DjangoModelFactory[Prompt]):
    class Meta:
        model = Prompt

    project = factory.SubFactory(ProjectFactory)
    kind = Prompt.Kind.BRIEF
    text = factory.Sequence(lambda n: f"Explain subject number {n} to a shop owner.")
    category = "open_qa"
    content_sha256 = factory.LazyAttribute(
        lambda row: hashlib.sha256(row.text.encode()).hexdigest()
    )
    origin_key = factory.LazyAttribute(lambda row: row.content_sha256)


class GuidelineFactory(DjangoModelFactory[Guideline]):
    class Meta:
        model = Guideline

    project = factory.SubFactory(ProjectFactory)
    kind = TaskKind.DEMONSTRATION
    version = 1
    markdown = "Write clearly."
    published_at = factory.LazyFunction(clock.now)


class RatingSchemaFactory(DjangoModelFactory[RatingSchema]):
    class Meta:
        model = RatingSchema

    project = factory.SubFactory(ProjectFactory)
    version = 1
    flags = [{"key": "hallucination", "label": "Hallucination", "help": "States what is not so."}]
    created_at = factory.LazyFunction(clock.now)


class ContextFactory(DjangoModelFactory[Context]):
    class Meta:
        model = Context

    messages = factory.Sequence(lambda n: [{"role": "user", "content": f"Question {n}?"}])
    sha256 = factory.Sequence(lambda n: hashlib.sha256(str(n).encode()).hexdigest())


class ImportRunFactory(DjangoModelFactory[ImportRun]):
    class Meta:
        model = ImportRun

    project = factory.SubFactory(ProjectFactory)
    file_name = "rows.jsonl"
    format = "ranking"
    started_at = factory.LazyFunction(clock.now)


class ComparisonFactory(DjangoModelFactory[Comparison]):
    """An imported comparison, ready to be ranked."""

    class Meta:
        model = Comparison

    project = factory.SubFactory(ProjectFactory)
    criterion = Comparison.Criterion.OVERALL
    state = Comparison.State.READY
    context = factory.SubFactory(ContextFactory)
    origin_key = factory.Sequence(lambda n: f"origin-{n}")
    import_run = factory.SubFactory(ImportRunFactory, project=factory.SelfAttribute("..project"))
    created_at = factory.LazyFunction(clock.now)
    ready_at = factory.LazyFunction(clock.now)


def ready_comparison(project: Project, n_candidates: int = 4, **fields: Any) -> Comparison:
    """An imported comparison with its candidates."""
    comparison = ComparisonFactory(project=project, **fields)
    Candidate.objects.bulk_create(
        Candidate(
            project=project,
            comparison=comparison,
            index=index,
            origin=Candidate.Origin.IMPORTED,
            content=f"Reply {index} to comparison {comparison.pk}.",
        )
        for index in range(n_candidates)
    )
    return comparison
