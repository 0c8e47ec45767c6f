"""What holds for files of every format once they are in the database."""

from __future__ import annotations

import io

import orjson
import pytest

from annotation.datasets import readers
from annotation.models import AllowedUse, Comparison, Conversation, ImportRun, Prompt
from annotation.services import imports
from annotation.services.rejects import write_rejects
from tests.datasets.reading import SOUND
from tests.factories import ProjectFactory
from tests.importing import take_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.parametrize("file_format", sorted(readers.READERS)),
]

EVERY_USE = list(AllowedUse.values)
LONG = "é 🌊\r\n" * (2**20 // 9)


@pytest.fixture
def project():
    return ProjectFactory()


def uses_of(project):
    """What each kind of row that the project holds may be used for."""
    return {
        model: set(
            map(tuple, model.objects.filter(project=project).values_list("allowed_use", flat=True))
        )
        for model in (Conversation, Prompt, Comparison)
        if model.objects.filter(project=project).exists()
    }


def test_uses_follow_the_format_unless_they_are_named(project, file_format):
    line = SOUND[file_format]("Yes.")
    take_in(project, line, file_format=file_format)
    # Comparisons that were ranked elsewhere compare alone; those still to be ranked are ours.
    ranked = file_format in ("hh", "oasst", "ranking")
    for model, uses in uses_of(project).items():
        compares_alone = ranked and model is Comparison
        assert uses == {("comparison",) if compares_alone else tuple(EVERY_USE)}, model

    narrowed = ProjectFactory()
    run, _ = take_in(narrowed, line, file_format=file_format, allowed_use=["eval", "comparison"])
    assert run.allowed_use == ["comparison", "eval"]
    assert uses_of(narrowed).keys() == uses_of(project).keys()
    assert set().union(*uses_of(narrowed).values()) == {("comparison", "eval")}


def test_a_line_is_there_once_however_often_it_comes(project, file_format):
    lines = [SOUND[file_format](text) for text in ("One.", "Two.", "One.")]
    first, rejects = take_in(project, *lines, file_format=file_format)
    assert (rejects, first.n_added) == ([], first.n_read // 3 * 2)
    again, _ = take_in(project, *lines, file_format=file_format)
    assert (again.n_added, again.n_duplicates) == (0, first.n_read)


def test_a_turn_of_a_megabyte_goes_in_whole(project, file_format):
    run, rejects = take_in(project, SOUND[file_format](LONG), file_format=file_format)
    assert (rejects, run.n_added) == ([], run.n_read)
    stored = [
        *Conversation.objects.filter(messages__content=LONG),
        *Prompt.objects.filter(text=LONG),
        *Comparison.objects.filter(candidates__content=LONG),
    ]
    assert stored


def test_an_import_that_was_killed_goes_on_where_it_stood(project, file_format, monkeypatch):
    monkeypatch.setattr(imports, "CHUNK_ROWS", 2)
    rows = [orjson.dumps(SOUND[file_format](f"Number {n}.")) for n in range(9)]
    rows.insert(3, b'{"broken":')
    content = b"\n".join([*rows, rows[0]])

    class Killed(BaseException):
        pass

    def die(run):
        if run.rows_through >= 4:
            raise Killed

    def attempt(on_progress):
        reader = imports.reader_of(stream=io.BytesIO(content), file_format=file_format)
        run = imports.begin_run(
            project=project, reader=reader, file_name="rows.jsonl", file_sha256="a" * 64
        )
        return imports.read_rows(run=run, reader=reader, on_progress=on_progress)

    with pytest.raises(Killed):
        attempt(die)
    cut_off = ImportRun.objects.get()
    assert 0 < cut_off.rows_through < len(rows)
    run = attempt(lambda run: None)
    assert run.pk == cut_off.pk
    n_of_a_line = (run.n_read - 1) // 10
    assert run.n_read == 10 * n_of_a_line + 1
    assert (run.n_added, run.n_duplicates) == (9 * n_of_a_line, n_of_a_line)
    assert run.rejects == {"invalid_json": 1}
    assert list(run.rejected_rows.values_list("row", flat=True)) == [4]


def test_rejects_that_were_mended_go_in(project, file_format):
    good, bad = (orjson.dumps(SOUND[file_format](text)) for text in ("One.", "M\\ud83dENDED."))
    bad = bad.replace(b"\\\\ud83d", b"\\ud83d")
    run, rejects = take_in(project, good, bad, b"[" + good, file_format=file_format)
    assert [reject.code.value for reject in rejects] == ["lone_surrogate", "invalid_json"]
    lines = io.BytesIO()
    write_rejects(run=run, lines=lines)
    assert lines.getvalue().splitlines() == [bad, b"[" + good]
    mended = lines.getvalue().replace(b"\\ud83d", b"").replace(b"\n[", b"\n")
    again, rejects = take_in(project, *mended.splitlines(), file_format=file_format)
    assert rejects == []
    # One of the two was there already.
    assert again.n_added == again.n_duplicates == again.n_read // 2 > 0
