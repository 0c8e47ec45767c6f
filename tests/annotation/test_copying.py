"""Rows added by COPY hold exactly what was given."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.models import Prompt
from annotation.services.copying import copy_rows, json_text, stored_among
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db

# What PostgreSQL can hold: every character but U+0000 and lone surrogates.
texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
) | st.sampled_from(
    ["\\N", "\\.", "a\tb", "a\\tb", "line\nline\r\n", "NULL", "{}", '"', "\\", "{,}"]
)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
rows = st.tuples(
    texts,
    st.lists(st.sampled_from(["sft", "comparison", "rl-prompt", "eval"])),
    st.lists(texts.map(lambda text: text[:50])),
    st.none() | st.integers(0, 2**31 - 1),
    st.dictionaries(texts, texts | st.none() | st.booleans()),
    moments,
)


@given(given_rows=st.lists(rows, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_goes_in_is_there(given_rows: list[tuple]) -> None:
    project = ProjectFactory()
    copy_rows(
        Prompt,
        ("content_sha256", "text", "allowed_use", "sensitivity", "source_row", "imported_fields", "created_at"),
        [
            (f"{number:064}", *row[:4], json_text(row[4]), row[5])
            for number, row in enumerate(given_rows)
        ],
        same={"project_id": project.pk, "kind": "prompt", "source": "tab\tand \\ in the file's name"},
    )  # fmt: skip
    stored = Prompt.objects.filter(project=project).order_by("content_sha256")
    assert [
        (p.text, p.allowed_use, p.sensitivity, p.source_row, p.imported_fields, p.created_at)
        for p in stored
    ] == given_rows
    assert all(p.source == "tab\tand \\ in the file's name" for p in stored)
    assert all((p.language, p.turns_before, p.author_id) == ("en", [], None) for p in stored)


def test_what_is_stored_is_told_apart_by_project() -> None:
    here, elsewhere = ProjectFactory(), ProjectFactory()
    for project, key in ((here, "a"), (elsewhere, "b")):
        copy_rows(Prompt, ("content_sha256", "text"), [(key, "?")], same={
            "project_id": project.pk, "kind": "prompt", "created_at": datetime.now(UTC)})  # fmt: skip
    assert stored_among(Prompt, "content_sha256", ["a", "b", "c"], project_id=here.pk) == {"a"}


def test_a_type_of_no_column_is_refused() -> None:
    with pytest.raises(KeyError), transaction.atomic():
        copy_rows(Prompt, ("text",), [(b"bytes",)], same={"project_id": 1, "kind": "prompt"})
