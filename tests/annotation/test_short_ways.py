"""What is had fast is what the records give: lines that PostgreSQL writes, and orders without the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pgtrigger
import pytest

from annotation.datasets import comparison_formats, formats
from annotation.datasets.aggregation import Aggregate
from annotation.datasets.formats import CannotWriteError, Options
from annotation.datasets.pairs import Margin, Ties
from annotation.models import Candidate, Conversation, Ranking
from annotation.selectors import dataset_rankings
from annotation.selectors import datasets as selectors
from tests.datasets.strategies import PLANES
from tests.factories import ProjectFactory
from tests.importing import dialogue, ranking, said, take_in, write_out
from tests.judging import given_by_people

pytestmark = pytest.mark.django_db

TEXTS = [
    # U+0000 is the one character that PostgreSQL does not hold.
    "".join(map(chr, range(1, 0x100))),
    "".join(PLANES),
    "\u2028\u2029\ufeff\ufffe\uffff\U0010ffff",
    '"quoted" \\ / </script> \\u0041',
    "e\u0301 \u0627\u200f \r\n\t",
    "\\.",
    "%s %(before)s {} 100 %",
]


def outcome(write: Any, record: Any, options: Options) -> bytes | str:
    try:
        lines = write(record, options)
    except CannotWriteError as error:
        return error.reason.value
    return b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)


def test_dialogues_that_postgresql_writes(tmp_path: Path) -> None:
    project = ProjectFactory()
    take_in(project, *(dialogue(text, text[::-1], "And?", text) for text in TEXTS))
    take_in(project, {"messages": [said("system", TEXTS[0]), *dialogue("a", "b")["messages"]]})
    for number, given in enumerate([(1, 1), (0, 1), (0, 0)]):
        turns = dialogue(f"{number}?", "A.", "And?", "B.")["messages"]
        for turn, weight in zip(turns[1::2], given, strict=True):
            turn["weight"] = weight
        take_in(project, {"messages": turns})
    ids = list(Conversation.objects.order_by("pk").values_list("pk", flat=True))
    expected = [
        outcome(formats.messages_lines, one, Options())
        for one in selectors.dialogues(ids, metadata=False)
    ]
    path = tmp_path / "out.jsonl"
    written = write_out(project, "sft", "messages", path, personal_data="keep")
    assert path.read_bytes() == b"".join(line for line in expected if isinstance(line, bytes))
    assert written.files[0].rows == len(TEXTS) + 2
    assert written.manifest["excluded"] == {"no_trainable_turn": 1, "untrainable_turn": 1}
    assert expected[-2:] == ["untrainable_turn", "no_trainable_turn"]


@pytest.mark.parametrize(
    "file_format", sorted(comparison_formats.COMPARISON_FORMATS.keys() - {"ranking"})
)
@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options(margin=Margin.STRENGTH, ties=Ties.HALF, system="prefix"),
        Options(margin=Margin.RATING),
        Options(aggregate=Aggregate.CONSENSUS),
        Options(aggregate=Aggregate.BORDA, margin=Margin.RANK),
    ],
)
def test_orders_of_rankings(file_format: str, options: Options) -> None:
    project = ProjectFactory()
    strength = {"grade": 2, "scale": "-3..3"}
    lines = [
        ranking("A", "B", rater="r1", strength=strength, acceptable_tier=1),
        ranking("A", "B", rater="r2", strength={"grade": 0, "scale": "-3..3"}),
        ranking("AB", rater="r3"),
        ranking("C", "AB", "D", group_id="g2", rater="r1"),
        ranking(
            "A", "B", group_id="g3", prompt=[said("system", "Be kind."), said("user", TEXTS[0])]
        ),
    ]
    for candidate, rating in zip(lines[3]["candidates"], (2, 6, 7, 4), strict=True):
        candidate["rating"] = rating
    take_in(project, *lines)
    given_by_people(project)
    with pgtrigger.ignore("annotation.Candidate:append_only"):
        Candidate.objects.filter(content="Reply A.").update(
            content="Reply of ▇▇▇.", names_model=True, provenance={"said": "Reply of Llama."}
        )
    ids = list(Ranking.objects.order_by("comparison_id", "pk").values_list("pk", flat=True))
    whole = dataset_rankings.rankings(ids, key=b"key", metadata=False)
    orders = dataset_rankings.orders(ids)

    def outcomes(records: list[Any]) -> list[bytes | str]:
        groups: dict[Any, list[Any]] = {}
        for record in records:
            groups.setdefault(record.group_id, []).append(record)
        write = comparison_formats.COMPARISON_FORMATS[file_format]
        return [
            outcome(
                lambda group, options: comparison_formats.comparison_lines(
                    group, options, write=write
                ),
                group,
                options,
            )
            for group in groups.values()
        ]

    assert len(whole) == len(lines)
    assert outcomes(orders) == outcomes(whole)
    assert any(isinstance(one, bytes) for one in outcomes(orders)) or "kto" in file_format
