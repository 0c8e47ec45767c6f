"""How sampling does, in numbers: for the managers' page and for Prometheus. Reads only.

The last hour is read by index and added up in PostgreSQL; counts of what waits are bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from labelhub import clock
from labelhub.accounts.models import Project
from sampling.models import Completion, Fault, Generation, Policy, Runner
from sampling.selectors import RUNNER_SILENT_AFTER

WINDOW = timedelta(hours=1)
FAULTS_WINDOW = timedelta(hours=24)
MINUTES = 60
# Counting stops here; the page writes "999+".
COUNT_BOUND = 1_000
FAULT_KINDS = 20

Priority = Generation.Priority
State = Generation.State


@dataclass(frozen=True, slots=True)
class Line:
    """What waits and runs at one priority. `n_waiting` is bounded; no age where nothing waits."""

    priority: str
    n_waiting: int
    n_running: int
    oldest_seconds: float | None


@dataclass(frozen=True, slots=True)
class FirstToken:
    """How long people waited for the first token, from asking on; None where nobody did."""

    n: int
    p50_seconds: float | None
    p95_seconds: float | None


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One reason and how often it came; `n_final` of them ended their generation."""

    code: str
    n: int
    n_final: int
    last_at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class PolicyFault:
    """How often a policy's attempts failed for one reason; `n_final` of them ended their generation."""

    policy_name: str
    code: str
    n: int
    n_final: int


@dataclass(frozen=True, slots=True)
class PolicyFigures:
    """One policy's last hour. `cut_share` is the share of completions that max_tokens ended."""

    policy: Policy
    n_done: int
    n_failed: int
    n_cancelled: int
    first_token: FirstToken
    n_completions: int
    n_tokens: int
    mean_tokens: float | None
    cut_share: float | None
    cached_share: float | None


def lines() -> list[Line]:
    """The two queues, people's first."""
    now = clock.now()
    found = []
    for priority in Priority:
        waiting = Generation.objects.filter(state=State.QUEUED, priority=priority)
        # The queue's index is in the order of ids, and so of age.
        oldest = waiting.order_by("id").values_list("created_at", flat=True).first()
        found.append(
            Line(
                priority=priority.name.lower(),
                n_waiting=waiting[:COUNT_BOUND].count(),
                n_running=Generation.objects.filter(state=State.RUNNING, priority=priority).count(),
                oldest_seconds=None if oldest is None else (now - oldest).total_seconds(),
            )
        )
    return found


def runners() -> list[Runner]:
    """The GPU workers that reported themselves lately, the longest running first."""
    alive_since = clock.now() - RUNNER_SILENT_AFTER
    return list(Runner.objects.filter(seen_at__gte=alive_since).order_by("started_at", "id"))


def first_token() -> FirstToken:
    """Over all drafts, replies and test prompts of the last hour."""
    rows = _rows(
        f"""
        SELECT count(*), {_PERCENTILES} FROM {_GENERATION} g
        WHERE g.finished_at >= %(since)s AND g.priority = 0 AND g.first_token_at IS NOT NULL
        """
    )
    return FirstToken(*rows[0])


def tokens_by_minute() -> list[int]:
    """Tokens of completions that ended in each of the last 60 minutes, the oldest minute first."""
    rows = _rows(
        f"""
        SELECT floor(extract(epoch FROM %(now)s - g.finished_at) / 60)::int, sum(c.n_tokens)
        FROM {_GENERATION} g JOIN {_COMPLETION} c ON c.generation_id = g.id
        WHERE g.finished_at > %(since)s GROUP BY 1
        """
    )
    by_age = {minutes_ago: int(n_tokens) for minutes_ago, n_tokens in rows}
    return [by_age.get(minutes_ago, 0) for minutes_ago in reversed(range(MINUTES))]


def faults(*, project: Project) -> list[FaultKind]:
    """Why the project's attempts failed within a day, the most frequent reason first."""
    rows = _rows(
        f"""
        SELECT f.code, count(*), count(*) FILTER (WHERE f.final), max(f.at),
               (array_agg(f.detail ORDER BY f.at DESC))[1]
        FROM {Fault._meta.db_table} f
        JOIN {_GENERATION} g ON g.id = f.generation_id
        WHERE f.at >= %(faults_since)s AND g.project_id = %(project)s
        GROUP BY f.code ORDER BY 2 DESC, 1 LIMIT {FAULT_KINDS}
        """,
        project=project.pk,
    )
    return [FaultKind(*row) for row in rows]


def faults_by_policy() -> list[PolicyFault]:
    """Why attempts failed within a day, in all projects."""
    rows = _rows(
        f"""
        SELECT p.name, f.code, count(*), count(*) FILTER (WHERE f.final)
        FROM {Fault._meta.db_table} f
        JOIN {_GENERATION} g ON g.id = f.generation_id
        JOIN {Policy._meta.db_table} p ON p.id = g.policy_id
        WHERE f.at >= %(faults_since)s GROUP BY 1, 2 ORDER BY 1, 2
        """
    )
    return [PolicyFault(*row) for row in rows]


def by_policy() -> list[PolicyFigures]:
    """Every policy that ended something in the last hour, by name."""
    ended = _rows(
        f"""
        SELECT g.policy_id,
               count(*) FILTER (WHERE g.state = 'done'),
               count(*) FILTER (WHERE g.state = 'failed'),
               count(*) FILTER (WHERE g.state = 'cancelled')
        FROM {_GENERATION} g WHERE g.finished_at >= %(since)s GROUP BY 1
        """
    )
    waits = _rows(
        f"""
        SELECT g.policy_id, count(*), {_PERCENTILES} FROM {_GENERATION} g
        WHERE g.finished_at >= %(since)s AND g.priority = 0 AND g.first_token_at IS NOT NULL
        GROUP BY 1
        """
    )
    said = _rows(
        f"""
        SELECT g.policy_id, count(*), sum(c.n_tokens), avg(c.n_tokens)::float8,
               avg((c.finish_reason = 'length')::int)::float8,
               sum(c.n_cached_tokens)::float8 / nullif(sum(c.n_prompt_tokens), 0)
        FROM {_GENERATION} g JOIN {_COMPLETION} c ON c.generation_id = g.id
        WHERE g.finished_at >= %(since)s GROUP BY 1
        """
    )
    first_tokens = {policy_id: FirstToken(*rest) for policy_id, *rest in waits}
    completions = {policy_id: rest for policy_id, *rest in said}
    policies = Policy.objects.in_bulk([policy_id for policy_id, *_ in ended])
    figures = []
    for policy_id, n_done, n_failed, n_cancelled in ended:
        n, n_tokens, mean, cut, cached = completions.get(policy_id, (0, 0, None, None, None))
        figures.append(
            PolicyFigures(
                policy=policies[policy_id],
                n_done=n_done,
                n_failed=n_failed,
                n_cancelled=n_cancelled,
                first_token=first_tokens.get(policy_id, FirstToken(0, None, None)),
                n_completions=n,
                n_tokens=int(n_tokens),
                mean_tokens=mean,
                cut_share=cut,
                cached_share=cached,
            )
        )
    return sorted(figures, key=lambda each: each.policy.name)


_GENERATION = Generation._meta.db_table
_COMPLETION = Completion._meta.db_table
_PERCENTILES = ", ".join(
    f"percentile_cont({share}) WITHIN GROUP "
    "(ORDER BY extract(epoch FROM g.first_token_at - g.created_at)::float8)"
    for share in (0.5, 0.95)
)


def _rows(statement: str, **values: Any) -> Sequence[tuple[Any, ...]]:
    now = clock.now()
    moments = {"now": now, "since": now - WINDOW, "faults_since": now - FAULTS_WINDOW}
    with connection.cursor() as cursor:
        cursor.execute(statement, moments | values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
