"""Lines that PostgreSQL writes, beside those that Python makes of the same rows."""

from __future__ import annotations

import pytest
from django.db import transaction

from annotation.models import PersonalDataHold
from annotation.services import dataset_files, datasets, framing, personal_data_holds
from tests.factories import ProjectFactory, UserFactory
from tests.importing import dialogue, said, take_in, unlike, write_out

pytestmark = pytest.mark.django_db

TEXTS = [
    "Nobody in here.",
    "Write to ann@harbour-office.net, she knows.",
    'Call\t"(212) 736-5000"\n please \\ now.',
    "数据 naïve “quotes” \u2028 \u001f \u007f 🙂 1984 and 1985",
    "Card ٤٥٣٩ ١٤٨٨ ٠٣٤٣ ٦٤٦٧.",
    "Card ４５３９ １４８８ ０３４３ ６４６７.",
    "Ring +44 20 7946 0018.",
    "The host 8.8.8.8, or 2001:4860:4860::8888.",
    "Bob, bob@harbour-office.net, and cy@harbour-office.net.",
    "Di, di@harbour-office.net.",
    "DE89 3704 0044 0532 0130 00, to be paid by noon",
]


@pytest.fixture
def project():
    project = ProjectFactory()
    rows = [dialogue(unlike(number), text) for number, text in enumerate(TEXTS)]
    rows[0] = {"messages": [said("system", "Be brief."), *rows[0]["messages"]]}
    rows += [
        {"messages": [said("user", unlike(20)), said("assistant", text) | {"weight": 0}]}
        for text in ("Nobody learns this.", "Nor eve@harbour-office.net.")
    ]
    run, rejects = take_in(project, *rows)
    assert (run.n_added, rejects) == (len(TEXTS) + 2, [])
    return project


def written_by(python, project, path, monkeypatch, word):
    with monkeypatch.context() as patch:
        if python:
            patch.setattr(dataset_files, "is_framed", lambda **_: False)
        manifest = write_out(project, "sft", "messages", path, personal_data=word).manifest
    del manifest["dataset"]["number"], manifest["frozen_at"]
    return path.read_bytes(), manifest


def waiting():
    held = PersonalDataHold.objects.order_by("row_id")
    return list(held.values_list("row_id", "rows_of", "language", "kinds", "decision"))


@pytest.mark.parametrize("word", ["keep", "hold", "mask"])
def test_they_are_the_same_byte_for_byte(project, tmp_path, monkeypatch, word):
    monkeypatch.setattr(datasets, "CHUNK_ROWS", 2)
    monkeypatch.setattr(framing, "CHUNKS_AT_ONCE", 3)
    path = tmp_path / "out.jsonl"
    with transaction.atomic():
        framed = written_by(False, project, path, monkeypatch, word)
        held = waiting()
        transaction.set_rollback(True)
    assert written_by(True, project, path, monkeypatch, word) == framed
    assert waiting() == held
    n_held = {"keep": 0, "hold": 10, "mask": 0}[word]
    assert (len(held), framed[1]["excluded"].get("personal_data", 0)) == (n_held, n_held)
    assert len(framed[0].splitlines()) == framed[1]["kept"] == len(TEXTS) - max(n_held - 1, 0)


@pytest.mark.parametrize("word", ["keep", "hold", "mask"])
def test_so_they_are_where_somebody_has_decided(project, tmp_path, monkeypatch, word):
    path = tmp_path / "out.jsonl"
    written_by(False, project, path, monkeypatch, "hold")
    person = UserFactory()
    decisions = ["kept", "blanked", "excluded"] * 2
    for held, decision in zip(PersonalDataHold.objects.order_by("row_id"), decisions, strict=False):
        personal_data_holds.decide(
            held=held, decision=PersonalDataHold.Decision(decision), decided_by=person
        )
    framed = written_by(False, project, path, monkeypatch, word)
    assert written_by(True, project, path, monkeypatch, word) == framed
    assert b"ann@harbour-office.net" in framed[0]
    assert b"[phone]" in framed[0]
