"""The life of a freezing: asked for, leased to a worker, counted or made into a version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction

from annotation.datasets.mixtures import Mixture
from annotation.exceptions import FreezingUnderWay, NothingToFreeze, TokenizerUnknown
from annotation.models import Dataset, Freezing, Recipe
from annotation.selectors.lengths import tokenizer_of
from annotation.services import job_folders, leased_jobs, mixing, recipes
from labelhub import clock
from labelhub.accounts.models import User
from labelhub.ring import ring
from sampling import tokens
from sampling.models import Policy

JOB = "annotation.freeze"

Stage = Freezing.Stage
# Told how many of how many rows of a stage are through; may raise to stop.
Tell = Callable[[Freezing.Stage, int, int | None], None]


@transaction.atomic
def start(
    *, recipe: Recipe, is_trial: bool, requested_by: User | None, run_here: bool = False
) -> Freezing:
    """Queue the mixing of a recipe as it stands: to count it, or to freeze a version of it.

    A worker is told of it, unless the caller is to run it itself. Raises FreezingUnderWay, and what
    recipes.check does.
    """
    recipes.check(
        project=recipe.project, kind=recipe.kind, contents=recipe.contents, user=requested_by
    )
    try:
        with transaction.atomic():
            freezing = Freezing.objects.create(
                project=recipe.project,
                recipe=recipe,
                is_trial=is_trial,
                kind=recipe.kind,
                contents=recipe.contents,
                requested_by=requested_by,
                created_at=clock.now(),
            )
    except IntegrityError as error:
        raise FreezingUnderWay from error
    if not run_here:
        ring(JOB, freezing.pk)
    return freezing


def cancel(*, freezing: Freezing) -> None:
    """Stop it: at once while it waits, soon while it runs; what has ended stays as it is."""
    leased_jobs.cancel(freezing)


def claim(*, freezing_id: int) -> Freezing | None:
    """Lease a queued one to the caller; None where somebody else has it or it has ended."""
    return leased_jobs.claim(Freezing, freezing_id, n_through=0, stage=Stage.SELECTING)


def renew(*, freezing: Freezing, stage: Freezing.Stage, n_through: int, n_rows: int | None) -> bool:
    """Keep the lease and say how far it has come. False where it was lost or is not wanted."""
    return leased_jobs.renew(freezing, stage=stage, n_through=n_through, n_rows=n_rows)


def mixed(*, freezing: Freezing, tell: Tell) -> Dataset | None:
    """Mix and count the recipe's rows; the dataset of them, or None where they are only counted.

    What an attempt that was cut off has frozen is taken up again. Raises CriteriaMixed,
    TokenizerUnknown, NothingToFreeze, and Stopped where it was called off while it mixed.
    """
    if freezing.dataset is not None:
        return freezing.dataset
    kind, mixture = Dataset.Kind(freezing.kind), Mixture.of(freezing.contents)
    tokenizer = tokenizer_named(mixture.tokenizer)
    tell(Stage.SELECTING, 0, None)
    table = mixing.mix(
        kind=kind,
        mixture=mixture,
        count_tokens=tokenizer.count_text if tokenizer else None,
        progress=lambda n_through, n_rows: tell(Stage.SCREENING, n_through, n_rows),
    )
    freezing.table = table
    if freezing.is_trial:
        return None
    if not table["rows"]:
        raise NothingToFreeze
    with transaction.atomic():
        freezing.dataset = mixing.frozen(
            project=freezing.project,
            kind=kind,
            mixture=mixture,
            contents=freezing.contents,
            name=freezing.recipe.name,
            created_by=freezing.requested_by,
        )
        leased_jobs.keep(freezing)
        freezing.save(update_fields=["dataset", "table"])
    return freezing.dataset


def tokenizer_named(policy_name: str) -> tokens.ChatTokenizer | None:
    """The tokenizer of a policy; None for no name. Raises TokenizerUnknown."""
    if not policy_name:
        return None
    policy = Policy.objects.filter(name=policy_name).first()
    tokenizer = tokenizer_of(policy) if policy else None
    if tokenizer is None:
        raise TokenizerUnknown(
            f"The tokenizer of “{policy_name}” cannot be read; choose a policy whose files are here."
        )
    return tokenizer


def finish(*, freezing: Freezing) -> None:
    leased_jobs.finish(freezing, table=freezing.table)


def sweep() -> None:
    """Free those whose worker died, and ring again for those that nobody heard of."""
    leased_jobs.sweep(Freezing, ring_as=JOB)
    job_folders.forget_folders_of_ended(Freezing)


def facts_for_manifest(freezing: Freezing) -> dict[str, Any]:
    """What of a freezing its version's manifest repeats."""
    tokenizer = tokenizer_named(Mixture.of(freezing.contents).tokenizer)
    return {
        "table": freezing.table,
        "tokenizer": {
            "policy": freezing.contents["tokenizer"],
            "sha256": tokenizer.tokenizer_sha256,
        }
        if tokenizer
        else None,
    }
