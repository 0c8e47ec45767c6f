"""Declaring recipes, and the benchmarks that are kept out of what they make."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, transaction

from annotation.datasets import benchmarks
from annotation.datasets.mixtures import Mixture, Origins, PersonalData
from annotation.exceptions import (
    BenchmarkEmpty,
    BenchmarkUnknown,
    RecipeNameTaken,
    SourceUnknown,
    TokenizerUnknown,
)
from annotation.models import Benchmark, Dataset, Recipe
from annotation.services.file_options import FileOptions
from labelhub import clock, exceptions
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Membership, Project, User
from labelhub.accounts.selectors import membership_for
from sampling.models import Policy


@transaction.atomic
def save_recipe(
    *,
    project: Project,
    name: str,
    kind: str,
    contents: Mapping[str, Any],
    changed_by: User | None,
    recipe: Recipe | None = None,
) -> Recipe:
    """Declare a recipe, or change one; versions frozen before keep what they were made by.

    `contents` is as serializers.recipes.Contents validated it. Raises RecipeNameTaken, SourceUnknown,
    BenchmarkUnknown, TokenizerUnknown, and what FileOptions.checked does.
    """
    check(project=project, kind=kind, contents=contents, user=changed_by)
    now = clock.now()
    recipe = recipe or Recipe(project=project, created_at=now)
    recipe.name, recipe.kind, recipe.contents = name, kind, dict(contents)
    recipe.changed_by, recipe.changed_at = changed_by, now
    try:
        with transaction.atomic():
            recipe.save()
    except IntegrityError as error:
        raise RecipeNameTaken from error
    accounts.record(
        actor=changed_by, verb="recipe saved", subject=recipe, project=project, name=name
    )
    return recipe


def check(
    *, project: Project, kind: str, contents: Mapping[str, Any], user: User | None
) -> Mixture:
    """The mixture, where everything that it names is there and the person may take it.

    Without a person whoever runs this may take everything.
    """
    mixture = Mixture.of(contents)
    for source in mixture.sources:
        _check_source(source.project, user)
    require_benchmarks(project=project, ids=mixture.benchmarks)
    if mixture.tokenizer and not Policy.objects.filter(name=mixture.tokenizer).exists():
        raise TokenizerUnknown
    file_options(kind=kind, mixture=mixture)
    return mixture


def require_benchmarks(*, project: Project, ids: Collection[int]) -> None:
    """Raises BenchmarkUnknown unless all of them are the project's."""
    if Benchmark.objects.filter(project=project, pk__in=ids).count() < len(set(ids)):
        raise BenchmarkUnknown


def _check_source(slug: str, user: User | None) -> None:
    try:
        if user is None:
            Project.objects.get(slug=slug)
        else:
            membership_for(user=user, slug=slug, roles=[Membership.Role.MANAGER])
    except (Project.DoesNotExist, exceptions.NotFound, exceptions.NotAllowed):
        raise SourceUnknown(
            f"There is no project “{slug}” that you manage; name one that you do."
        ) from None


def file_options(*, kind: str, mixture: Mixture) -> FileOptions:
    """What file a mixture becomes. Raises what FileOptions.checked does."""
    file = dict(mixture.file)
    return FileOptions.checked(
        kind=Dataset.Kind(kind).value,
        file_format=file.pop("format"),
        criterion=mixture.criterion,
        thumbs=any(source.origins == Origins.THUMBS for source in mixture.sources),
        seed=mixture.seed,
        # Rows that hold some, or repeat a benchmark, were left out when the rows were mixed.
        personal_data=PersonalData.MASK.value
        if mixture.personal_data == PersonalData.MASK
        else PersonalData.KEEP.value,
        **file,
    )


@transaction.atomic
def add_benchmark(
    *, project: Project, name: str, content: bytes, added_by: User | None
) -> Benchmark:
    """Keep the runs of a benchmark file, JSON, JSON lines or text; the same file is kept once.

    Raises BenchmarkEmpty where it has no text of 13 words.
    """
    digest = sha256(content).hexdigest()
    known = Benchmark.objects.filter(project=project, sha256=digest).first()
    if known is not None:
        return known
    n_texts = n_too_short = 0
    found: set[int] = set()
    try:
        for text in benchmarks.texts_of(content):
            runs = set(benchmarks.runs(text))
            n_texts += 1
            n_too_short += not runs
            found |= runs
    except UnicodeDecodeError as error:
        raise BenchmarkEmpty("The file is not UTF-8 text; save it as such.") from error
    if not found:
        raise BenchmarkEmpty
    benchmark, is_new = Benchmark.objects.get_or_create(
        project=project,
        sha256=digest,
        defaults={
            "name": name,
            "n_texts": n_texts,
            "n_too_short": n_too_short,
            "n_runs": len(found),
            "runs": benchmarks.packed(found),
            "added_by": added_by,
            "added_at": clock.now(),
        },
    )
    if is_new:
        accounts.record(
            actor=added_by, verb="benchmark added", subject=benchmark, project=project, name=name
        )
    return benchmark
