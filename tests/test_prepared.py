"""Prepared statements, and connections that the server closed."""

import tracemalloc
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import Placement, Ranking
from labelhub import clock, prepared
from labelhub.accounts.models import Project, User
from tests.factories import MembershipFactory, ProjectFactory, ready_comparison

pytestmark = pytest.mark.django_db


def prepared_statements() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


def test_a_statement_is_prepared_once_whatever_the_size_of_its_numbers() -> None:
    for number in (1, 100_000, 2**40):
        assert prepared.fetch("SELECT %(number)s + 1 AS once", {"number": number}) == [
            (number + 1,)
        ]
    assert sum("once" in statement for statement in prepared_statements()) == 1


def test_a_connection_keeps_no_text_of_what_it_does_not_prepare() -> None:
    prepared.fetch("SELECT 1", {})
    n_bytes = 2**20
    tracemalloc.start()
    try:
        for number in range(20):
            with connection.cursor() as cursor:
                cursor.execute("SELECT length(%s)", [f"{number}" + "x" * n_bytes])
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The last cursor has its own still.
    assert kept < 5 * n_bytes


def test_prepared_statements_are_counted_with_their_parameters() -> None:
    with CaptureQueriesContext(connection) as captured:
        prepared.fetch("SELECT %(word)s::text", {"word": "seen"})
    assert [query["sql"] for query in captured] == ["SELECT 'seen'::text"]


def test_a_row_comes_by_its_key_as_the_orm_gives_it() -> None:
    user = MembershipFactory().user
    found = prepared.by_key(User, user.pk)
    assert found == user
    assert found is not None
    assert found.__dict__.keys() - {"_state"} == User.objects.get().__dict__.keys() - {"_state"}
    assert prepared.by_key(User, user.pk + 1) is None


def test_rows_are_stored_whole_and_in_order() -> None:
    project: Project = ProjectFactory()
    comparison = ready_comparison(project)
    ranking = Ranking(
        project=project,
        comparison=comparison,
        imported_fields={"text": "ä\n\"'\\ 😀", "deep": [None, 1.5, {"a": []}]},
        reason="planned",
        purpose="train",
        comment="%s %(x)s",
        shown_order=[2, 0, 1, 3],
        created_at=clock.now(),
    )
    prepared.insert([ranking])
    stored = Ranking.objects.get(pk=ranking.pk)
    for field in Ranking._meta.concrete_fields:
        assert getattr(stored, field.attname) == getattr(ranking, field.attname), field.name

    candidates = list(comparison.candidates.order_by("index"))
    placements = [
        Placement(ranking=ranking, candidate=row, tier=row.index + 1, flags=["a", "b"][: row.index])
        for row in candidates
    ]
    prepared.insert(placements)
    for placement in placements:
        again = Placement.objects.get(pk=placement.pk)
        assert (again.candidate, again.flags) == (placement.candidate, placement.flags)
    prepared.insert([])


def test_no_id_is_larger_than_a_column_holds() -> None:
    assert prepared.is_id(2**63 - 1)
    assert not prepared.is_id(2**63)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_closed_is_noticed() -> None:
    connection.ensure_connection()
    assert connection.is_usable()
    with psycopg.connect(settings.DATABASE_URL, dbname=connection.settings_dict["NAME"]) as other:
        ended = other.execute(
            "SELECT pg_terminate_backend(%s, 10000)", [connection.connection.info.backend_pid]
        )
        assert ended.fetchone() == (True,)
    assert not connection.is_usable()
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_connection_at_rest_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a round trip")

    monkeypatch.setattr(type(connection.connection), "cursor", refuse)
    assert connection.is_usable()
