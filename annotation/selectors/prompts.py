"""Reading prompts, and how far each category has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotation.models import Prompt, PromptQuota, Purpose, Round, Task, TaskKind
from labelhub.accounts.models import Project, User
from labelhub.accounts.selectors import row_for

# Tasks that begin with a prompt.
KINDS = (TaskKind.DEMONSTRATION, TaskKind.CHAT)
SHOWS = ("all", "unused", "alike", "set_aside")


def prompts_in(
    *, project: Project, show: str = "all", search: str = "", category: str | None = None
) -> QuerySet[Prompt]:
    """A project's prompts with `n_tasks`, or those among them that nothing was made of, that say nearly
    what another says, that were set aside; `search` looks in the text.
    """
    n_tasks = (
        Task.objects.filter(prompt=OuterRef("pk"))
        .order_by()
        .values("prompt")
        .annotate(n=Count("pk"))
        .values("n")
    )
    rows = Prompt.objects.filter(project=project).annotate(n_tasks=Coalesce(Subquery(n_tasks), 0))
    if show == "unused":
        rows = rows.filter(n_tasks=0, set_aside_at=None)
    elif show == "alike":
        rows = rows.filter(alike_to__isnull=False, set_aside_at=None)
    elif show == "set_aside":
        rows = rows.filter(set_aside_at__isnull=False)
    if category is not None:
        rows = rows.filter(category=category)
    if search.strip():
        rows = rows.filter(text__icontains=search.strip())
    return rows.select_related("author__user", "alike_to")


def prompt_for_manager(*, user: User | AnonymousUser, prompt_id: int) -> Prompt:
    """A prompt of a project that the person manages. Raises NotFound for any other."""
    return row_for(Prompt.objects.all(), prompt_id, user=user)


def tasks_by_category(*, project: Project, kind: TaskKind) -> dict[str, int]:
    """Tasks of a kind that were made from prompts and not taken out."""
    return dict(
        Task.objects.filter(project=project, kind=kind, prompt__isnull=False, subject=None)
        .exclude(Q(state=Task.State.WITHDRAWN) | Q(purpose=Purpose.EXAM))
        .order_by()
        .values_list("prompt__category")
        .annotate(n=Count("pk"))
    )


def tasks_by_author(*, project: Project, round_: Round) -> dict[int, int]:
    """Tasks of a round by the author of their prompt, where that is a person of this installation."""
    return dict(
        Task.objects.filter(
            project=project, round=round_, prompt__author__isnull=False, subject=None
        )
        .exclude(Q(state=Task.State.WITHDRAWN) | Q(purpose=Purpose.EXAM))
        .order_by()
        .values_list("prompt__author")
        .annotate(n=Count("pk"))
    )


@dataclass(frozen=True)
class Wanted:
    """A kind of task in a category: how many are wanted (None: no quota), made, and done."""

    kind: TaskKind
    target: int | None
    made: int
    done: int


@dataclass(frozen=True)
class Category:
    """A category's prompts: all, and those that could be handed out now, by kind of task."""

    name: str
    n_prompts: int
    n_alike: int
    is_free: bool
    wanted: list[Wanted]


def categories_of(*, project: Project) -> list[Category]:
    """Every category with a prompt or a quota, by name; three queries."""
    prompts: dict[str, dict[str, Any]] = {
        row["category"]: dict(row)
        for row in Prompt.objects.filter(project=project, set_aside_at=None)
        .order_by()
        .values("category")
        .annotate(
            n_prompts=Count("pk", filter=~Q(kind=Prompt.Kind.FREE)),
            n_alike=Count("pk", filter=Q(alike_to__isnull=False)),
            n_free=Count("pk", filter=Q(kind=Prompt.Kind.FREE)),
        )
    }
    made: dict[tuple[str, str], dict[str, Any]] = {
        (row["prompt__category"], row["kind"]): dict(row)
        for row in Task.objects.filter(
            project=project, kind__in=KINDS, prompt__isnull=False, subject=None
        )
        .exclude(Q(state=Task.State.WITHDRAWN) | Q(purpose=Purpose.EXAM))
        .order_by()
        .values("prompt__category", "kind")
        .annotate(made=Count("pk"), done=Count("pk", filter=Q(state=Task.State.DONE)))
    }
    targets = {
        (row.category, row.kind): row.target for row in PromptQuota.objects.filter(project=project)
    }
    names = prompts.keys() | {name for name, _ in targets} | {name for name, _ in made}
    none: dict[str, Any] = {"n_prompts": 0, "n_alike": 0, "n_free": 0, "made": 0, "done": 0}
    return [
        Category(
            name=name,
            n_prompts=prompts.get(name, none)["n_prompts"],
            n_alike=prompts.get(name, none)["n_alike"],
            is_free=prompts.get(name, none)["n_free"] > 0,
            wanted=[
                Wanted(
                    kind=kind,
                    target=targets.get((name, kind)),
                    made=made.get((name, kind), none)["made"],
                    done=made.get((name, kind), none)["done"],
                )
                for kind in KINDS
            ],
        )
        for name in sorted(names)
    ]
