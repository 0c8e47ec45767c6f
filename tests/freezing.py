"""What tests of recipes share: declaring one, freezing it, reading its files."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from unittest.mock import patch

from django.core.files.storage import default_storage

from annotation import leased_work
from annotation.freezing_runner import run_freezing
from annotation.models import DatasetVersion, Freezing, Recipe
from annotation.serializers.recipes import RecipeInput
from annotation.services import freezings, recipes
from labelhub.accounts.models import Project, User


def declared(
    project: Project,
    *,
    kind: str = "sft",
    name: str = "mix",
    user: User | None = None,
    **contents: Any,
) -> Recipe:
    """A recipe of the whole project, unless `contents` say otherwise."""
    file = {"format": "messages" if kind == "sft" else "ranking"} | contents.pop("file", {})
    sources = contents.pop("sources", [{"name": "all"}])
    asked = {
        "name": name,
        "kind": kind,
        "contents": {
            "sources": [{"project": project.slug} | source for source in sources],
            "file": file,
            **contents,
        },
    }
    return recipes.save_recipe(
        project=project, changed_by=user, **RecipeInput().run_validation(asked)
    )


def run(recipe: Recipe, *, is_trial: bool = False) -> Freezing:
    freezing = freezings.start(recipe=recipe, is_trial=is_trial, requested_by=None)
    # The lease's thread has a connection of its own, which cannot see what a test has not committed.
    with patch.object(leased_work, "RENEW_SECONDS", 3600.0):
        run_freezing(freezing_id=freezing.pk)
    freezing.refresh_from_db()
    return freezing


def frozen(recipe: Recipe) -> DatasetVersion:
    freezing = run(recipe)
    assert freezing.state == "done", freezing.error_detail
    return DatasetVersion.objects.select_related("recipe", "dataset__project").get(
        dataset=freezing.dataset
    )


def counted(recipe: Recipe) -> dict[str, Any]:
    """The table of a trial."""
    freezing = run(recipe, is_trial=True)
    assert freezing.state == "done", freezing.error_detail
    return dict(freezing.table)


def files_of(version: DatasetVersion) -> dict[str, bytes]:
    with default_storage.open(version.archive) as stored:
        archive = zipfile.ZipFile(io.BytesIO(stored.read()))
    return {name: archive.read(name) for name in archive.namelist()}
