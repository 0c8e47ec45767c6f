"""Files out and in again: what leaves comes back the same, and `datasets` reads every row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.datasets import comparison_formats, formats
from annotation.models import (
    Conversation,
    TaskKind,
)
from tests.datasets import strategies
from tests.factories import (
    GuidelineFactory,
    MembershipFactory,
    ProjectFactory,
    RatingSchemaFactory,
    RoundFactory,
)
from tests.importing import (
    FIXTURES,
    dialogue,
    joined,
    lines_of,
    lines_out,
    ranking,
    said,
    take_in,
    weighted,
    write_out,
)
from tests.judging import judged

pytestmark = pytest.mark.django_db

# Each imports and exports whole projects: 25 in make test, 250 in make test-long.
SOME_EXAMPLES = settings.default.max_examples // 4  # type: ignore[attr-defined]
# What a `ranking` line cannot have in common with the line that it was imported from.
OURS = ("id", "group_id", "project", "rater", "shown_order")


@pytest.fixture
def project():
    return ProjectFactory()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.jsonl"


def without_ids(line: dict[str, Any]) -> dict[str, Any]:
    places = {candidate["id"]: n for n, candidate in enumerate(line["candidates"])}
    return {key: value for key, value in line.items() if key not in OURS} | {
        "candidates": [{**candidate, "id": None} for candidate in line["candidates"]],
        "shown_places": [places[pk] for pk in line.get("shown_order", [])],
    }


def everything(project) -> dict[str, list[Any]]:
    """The project's rankings whole, and its dialogues with and without weights."""
    return {
        "ranking": lines_out(project, "comparisons", "ranking", criterion="any"),
        "messages": lines_out(project, "sft", "messages"),
        "openai": lines_out(project, "sft", "openai"),
    }


def as_rows(lines: list[Any]) -> list[bytes]:
    """The lines without repeats, in no particular order."""
    return sorted({orjson.dumps(line) for line in lines})


class TestRoundTrip:
    def test_dialogues_come_back_byte_for_byte(self, project, path):
        content = joined(FIXTURES)
        take_in(project, *content.splitlines())
        written = write_out(project, "sft", "messages", path)
        sent = [{"messages": line["messages"]} for line in map(orjson.loads, content.splitlines())]
        assert lines_of(path) == sent
        assert written.manifest["kept"] == len(sent)
        assert written.manifest["excluded"] == {}

    def test_what_a_person_ranked_comes_back_but_for_the_ids(self, project, path, tmp_path):
        RoundFactory(project=project)
        RatingSchemaFactory(project=project)
        GuidelineFactory(project=project, kind=TaskKind.RANKING)
        member = MembershipFactory(project=project)
        for tiers in (
            [["B"], ["A", "D"], ["C"]],
            [["A", "B", "C", "D"]],
            [["D"], ["C"], ["B", "A"]],
        ):
            judged(project, member, tiers)
        write_out(project, "comparisons", "ranking", path)
        sent = lines_of(path)
        assert [line["id"] for line in sent] == sorted(line["id"] for line in sent)
        assert len(sent) == 3
        fresh = sent[0]["candidates"][3]
        assert (fresh["origin"], fresh["content"], fresh["seed"]) == ("fresh", "Sampled tw", 1)
        assert fresh["finish_reason"] == "length"
        assert fresh["params"] == {
            "max_tokens": 512,
            "min_p": 0.0,
            "repetition_penalty": 1.0,
            "stop": [],
            "stop_token_ids": [],
            "temperature": 1.0,
            "top_k": 0,
            "top_p": 1.0,
        }

        other = ProjectFactory()
        run, rejects = take_in(other, *sent)
        assert (run.format, run.n_added, rejects) == ("ranking", 3, [])
        back = tmp_path / "back.jsonl"
        write_out(other, "comparisons", "ranking", back)
        came = lines_of(back)
        assert [without_ids(line) for line in came] == [without_ids(line) for line in sent]
        assert [list(line) for line in came] == [list(line) for line in sent]
        for key in ("id", "group_id", "project", "rater"):
            assert {line[key] for line in came}.isdisjoint({line[key] for line in sent})
        # One person stays one person.
        assert len({line["rater"] for line in came}) == len({line["rater"] for line in sent}) == 1

    def test_a_foreign_lines_every_field_comes_back(self, project, path):
        line = ranking(
            "B",
            "AC",
            revision=2,
            round=4,
            language="pt-BR",
            criterion="Which is funnier?",
            reason="extra",
            purpose="train",
            pick={"rule": "uniform", "seed": 2**62, "as_of": "2026-01-02T03:04:05.000006Z"},
            acceptable_tier=0,
            strength={"grade": -3, "scale": "-3..3"},
            rewrite="A better one.",
            comment="  kept as is \n",
            rater="r_x",
            guideline=7,
            rating_schema=3,
            shown_order=["B", "C", "A"],
            active_seconds=0.25,
            created_at="2025-12-31T23:59:59.999999Z",
        )
        for candidate, extra in zip(
            line["candidates"],
            (
                {"rating": 1, "flags": [], "origin": "original", "policy": "p@1", "seed": -1},
                {"flags": ["opinion"], "origin": "fresh", "params": {"top_p": 1e300, "a": [1.0]}},
                {"flags": [], "origin": "reference", "finish_reason": "length"},
            ),
            strict=True,
        ):
            candidate |= extra
        take_in(project, line)
        write_out(project, "comparisons", "ranking", path)
        (came,) = lines_of(path)
        context_hash = came.pop("context_hash")
        assert len(context_hash) == 64
        assert without_ids(came) == without_ids(line)

    @pytest.mark.timeout(900)
    @settings(max_examples=SOME_EXAMPLES)
    @given(st.lists(strategies.rankings(), min_size=1, max_size=4))
    def test_any_ranking_that_went_in_comes_back(self, records):
        sent = comparison_formats.ranking_lines(
            [replace(record, reason="planned", purpose="train") for record in records],
            formats.Options(),
        )
        copies = []
        for project in ProjectFactory.create_batch(2):
            _, rejects = take_in(project, *sent, file_format="ranking")
            assert rejects == []
            sent = lines_out(project, "comparisons", "ranking", criterion="any")
            copies.append([without_ids(line) for line in sent])
        assert copies[0] == copies[1]
        given_texts = {(c.content, c.rank, c.rating) for r in records for c in r.candidates}
        assert given_texts == {
            (c["content"], c["rank"], c.get("rating"))
            for line in copies[0]
            for c in line["candidates"]
        }

    @pytest.mark.timeout(900)
    @settings(max_examples=SOME_EXAMPLES)
    @given(
        st.lists(strategies.dialogues(), max_size=3),
        st.lists(strategies.trees(), max_size=2),
        st.lists(strategies.rankings(), max_size=3),
        st.lists(strategies.prompts(), max_size=2),
    )
    def test_whole_projects_come_back(self, dialogues, trees, rankings, prompts):
        project, other = ProjectFactory.create_batch(2)
        files = {
            "openai": [weighted(dialogue) for dialogue in dialogues],
            "oasst": trees,
            "ranking": comparison_formats.ranking_lines(
                [replace(record, reason="planned", purpose="train") for record in rankings],
                formats.Options(),
            ),
            "prompt-only": [
                line for p in prompts for line in formats.prompt_only_lines(p, formats.Options())
            ],
        }
        for file_format, lines in files.items():
            _, rejects = take_in(project, *lines, file_format=file_format)
            assert rejects == []
        sent = everything(project)
        for file_format, lines in sent.items():
            _, rejects = take_in(other, *lines, file_format=file_format)
            assert rejects == []
        came = everything(other)
        assert [without_ids(line) for line in came.pop("ranking")] == [
            without_ids(line) for line in sent.pop("ranking")
        ]
        # What stands in a dialogue and in a tree is one dialogue once it comes as lines, and what the
        # first of two files holds comes before what only the second does.
        for name, lines in sent.items():
            assert as_rows(came[name]) == as_rows(lines)
            assert len(came[name]) == len(as_rows(lines))

    def test_prompts_come_back(self, project, path):
        lines = [
            {"prompt": [said("user", "Hi?")]},
            {"prompt": [said("user", "Hi?"), said("assistant", "Hello."), said("user", "And?")]},
        ]
        take_in(project, *lines)
        write_out(project, "prompts", "prompt-only", path)
        assert lines_of(path) == lines

    def test_metadata_says_where_a_row_comes_from(self, project, path):
        take_in(project, dialogue("Hi?", "Hello.") | {"note": {"x": 1e300}}, licence="MIT")
        write_out(project, "sft", "messages", path, with_metadata=True)
        (line,) = lines_of(path)
        conversation = Conversation.objects.get()
        assert line["metadata"] == {
            "id": conversation.pk,
            "kind": "imported",
            "source": "rows.jsonl",
            "source_row": 1,
            "origin_key": conversation.origin_key,
            "licence": "MIT",
            "language": "en",
            "imported": {"note": {"x": 1e300}},
        }


@pytest.mark.parametrize(
    ("kind", "file_format", "n_rows"),
    [
        ("sft", "messages", 225),
        ("sft", "openai", 225),
        ("sft", "prompt-completion", None),
        ("sft", "sharegpt", 225),
        ("comparisons", "ranking", 2),
        ("comparisons", "preference", 4),
        ("comparisons", "preference-implicit", 4),
        ("prompts", "prompt-only", None),
    ],
)
def test_datasets_reads_every_row(project, path, monkeypatch, tmp_path, kind, file_format, n_rows):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    library = pytest.importorskip("datasets")
    take_in(project, *joined(FIXTURES).splitlines())
    take_in(project, ranking("A", "B"), ranking("B", "A", "C", group_id="g2"))
    written = write_out(project, kind, file_format, path)
    rows = library.load_dataset(
        "json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(rows) == written.files[0].rows
    assert n_rows in (None, len(rows))
    # It fills keys that only some rows have with None.
    given = [{key: value for key, value in row.items() if value is not None} for row in rows]
    assert file_format == "ranking" or given == lines_of(path)
