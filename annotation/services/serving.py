"""Which policies serve a project's open round, for what, and with which weight in blind draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from annotation import exceptions
from annotation.models import Round, RoundPolicy
from labelhub.accounts.models import Project, User
from labelhub.accounts.services import record
from sampling.engine.protocol import SamplingParams
from sampling.exceptions import PolicyNotActive, PolicyRetired
from sampling.models import Policy


@dataclass(frozen=True)
class Served:
    """One policy's part: `weight` over the sum of all weights of a use is its share of draws."""

    policy: int
    use: str
    weight: float
    params: SamplingParams


@transaction.atomic
def set_serving(*, project: Project, served: Sequence[Served], actor: User) -> Round:
    """Replace all that serves the open round, at once: no draw ever sees half of it.

    Drafts and replies that are being written stay with their policy. Raises NoOpenRound,
    ServedTwice, PolicyNotActive or PolicyRetired.
    """
    rounds = Round.objects.select_for_update(no_key=True)
    round_ = rounds.filter(project=project, closed_at=None).first()
    if round_ is None:
        raise exceptions.NoOpenRound
    wanted = {(each.policy, each.use): each for each in served}
    if len(wanted) != len(served):
        raise exceptions.ServedTwice
    # Held until the end, so that none of them is retired meanwhile.
    policies = Policy.objects.select_for_update(no_key=True).in_bulk(
        {each.policy for each in served}
    )
    before = {(row.policy_id, row.use): row for row in round_.policies.select_related("policy")}
    told_before = [_told(row, row.policy) for row in before.values()]
    for each in served:
        policy = policies.get(each.policy)
        if policy is None or policy.activated_at is None:
            raise PolicyNotActive
        # What serves already may stay, retired or not: it is left out of every draw by itself.
        if policy.retired_at is not None and (each.policy, each.use) not in before:
            raise PolicyRetired(f"The policy {policy.name} was retired.")
    for key, row in before.items():
        if key not in wanted:
            row.delete()
    for key, each in wanted.items():
        row = before.get(key) or RoundPolicy(project=project, round=round_)
        row.policy, row.use = policies[each.policy], each.use
        row.weight = each.weight
        for name, value in asdict(each.params).items():
            setattr(row, name, value)
        row.full_clean()
        row.save()
    record(
        actor=actor,
        verb="serving_changed",
        subject=round_,
        project=project,
        before=told_before,
        after=[_told(each, policies[each.policy]) for each in served],
    )
    return round_


def _told(part: RoundPolicy | Served, policy: Policy) -> dict[str, Any]:
    shown = {"policy": policy.name, "use": part.use, "weight": part.weight}
    return shown | asdict(part.params)
