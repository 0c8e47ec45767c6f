"""Locks of rows that others point at: no stronger than what is written to them."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import Prompt
from annotation.services import exams, prompts, serving
from tests.factories import UserFactory
from tests.writing import serving_project

pytestmark = pytest.mark.django_db


def test_settings_lock_nobody_out_who_only_points_at_them() -> None:
    """FOR UPDATE would make every new row that names the project, round or policy wait."""
    project, actor = serving_project(), UserFactory()
    with CaptureQueriesContext(connection) as asked:
        exams.require(project=project, wanted=False, writing=False, actor=actor)
        served = [
            serving.Served(policy=row.policy_id, use=row.use, weight=1.0, params=row.params)
            for row in project.rounds.get().policies.all()
        ]
        serving.set_serving(project=project, served=served, actor=actor)
    locks = [found[0] for query in asked for found in re.finditer(r"FOR .*UPDATE", query["sql"])]
    assert len(locks) == 3
    assert set(locks) == {"FOR NO KEY UPDATE"}


def test_prompts_that_are_added_at_once_are_compared_one_after_the_other() -> None:
    new = prompts.NewPrompt(kind=Prompt.Kind.PROMPT, text="How do I boil an egg?")
    with CaptureQueriesContext(connection) as asked:
        prompts.add(project=serving_project(), user=UserFactory(), licence="", prompts=[new])
    statements = [query["sql"] for query in asked]
    locked = next(n for n, sql in enumerate(statements) if "pg_advisory_xact_lock" in sql)
    stored = next(n for n, sql in enumerate(statements) if 'INSERT INTO "annotation_prompt"' in sql)
    assert locked < stored
