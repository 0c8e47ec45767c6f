import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.datasets import comparison_formats, formats, readers
from annotation.datasets.formats import CannotWriteError, Exclusion, Options
from annotation.datasets.records import (
    CandidateRecord,
    DialogueRecord,
    MessageRecord,
    PickRecord,
    PromptRecord,
    RankingRecord,
    StrengthRecord,
)
from annotation.datasets.writers import LineFile
from tests.datasets.strategies import dialogues, labels, prompts, rankings

SYSTEM = MessageRecord("system", "Sé breve.")
USER = MessageRecord("user", "Hi?\n")
REPLY = MessageRecord("assistant", "Hello 😀", trainable=True)
CONTEXT = MessageRecord("assistant", "Ah")
TOOL = MessageRecord("tool", "7")


def dialogue(*messages, **fields):
    return DialogueRecord(messages, row=1, origin_key="text:0", **fields)


def bytes_of(lines):
    sink = io.BytesIO()
    file = LineFile(sink, name="x.jsonl")
    for line in lines:
        file.add(line)
    assert file.written().bytes == sink.tell()
    return sink.getvalue()


def golden(*lines):
    return "".join(line + "\n" for line in lines).encode()


@pytest.mark.parametrize(
    ("file_format", "record", "options", "expected"),
    [
        (
            "messages",
            dialogue(SYSTEM, USER, REPLY),
            Options(),
            [
                '{"messages":[{"role":"system","content":"Sé breve."},'
                '{"role":"user","content":"Hi?\\n"},{"role":"assistant","content":"Hello 😀"}]}'
            ],
        ),
        (
            "messages",
            dialogue(USER, REPLY, metadata={"split": "train"}),
            Options(metadata=True),
            [
                '{"messages":[{"role":"user","content":"Hi?\\n"},'
                '{"role":"assistant","content":"Hello 😀"}],"metadata":{"split":"train"}}'
            ],
        ),
        (
            "openai",
            dialogue(USER, CONTEXT, USER, REPLY),
            Options(weighted=True),
            [
                '{"messages":[{"role":"user","content":"Hi?\\n"},'
                '{"role":"assistant","content":"Ah","weight":0},'
                '{"role":"user","content":"Hi?\\n"},'
                '{"role":"assistant","content":"Hello 😀","weight":1}]}'
            ],
        ),
        (
            "openai",
            dialogue(USER, REPLY),
            Options(),
            [
                '{"messages":[{"role":"user","content":"Hi?\\n"},'
                '{"role":"assistant","content":"Hello 😀"}]}'
            ],
        ),
        (
            "prompt-completion",
            dialogue(USER, REPLY, TOOL, CONTEXT, USER, REPLY),
            Options(),
            [
                '{"prompt":[{"role":"user","content":"Hi?\\n"}],'
                '"completion":[{"role":"assistant","content":"Hello 😀"}]}',
                '{"prompt":[{"role":"user","content":"Hi?\\n"},'
                '{"role":"assistant","content":"Hello 😀"},{"role":"tool","content":"7"},'
                '{"role":"assistant","content":"Ah"},{"role":"user","content":"Hi?\\n"}],'
                '"completion":[{"role":"assistant","content":"Hello 😀"}]}',
            ],
        ),
        (
            "sharegpt",
            dialogue(SYSTEM, USER, REPLY),
            Options(),
            [
                '{"conversations":[{"from":"human","value":"Hi?\\n"},'
                '{"from":"gpt","value":"Hello 😀"}],"system":"Sé breve."}'
            ],
        ),
        (
            "alpaca",
            dialogue(SYSTEM, USER, REPLY, USER, REPLY, USER, REPLY),
            Options(),
            [
                '{"instruction":"Hi?\\n","input":"","output":"Hello 😀","system":"Sé breve.",'
                '"history":[["Hi?\\n","Hello 😀"],["Hi?\\n","Hello 😀"]]}'
            ],
        ),
        (
            "alpaca",
            dialogue(USER, REPLY),
            Options(),
            ['{"instruction":"Hi?\\n","input":"","output":"Hello 😀"}'],
        ),
    ],
)
def test_sft_lines_are_exact(file_format, record, options, expected):
    assert bytes_of(formats.SFT_FORMATS[file_format](record, options)) == golden(*expected)


def test_the_last_turn_alone_by_option():
    lines = formats.prompt_completion_lines(
        dialogue(USER, REPLY, USER, REPLY._replace(content="Bye")), Options(turns="last")
    )
    assert [line["completion"][0]["content"] for line in lines] == ["Bye"]


def test_prompt_only_lines_are_exact():
    prompt = PromptRecord((SYSTEM, USER), row=1, origin_key="text:0")
    assert bytes_of(formats.prompt_only_lines(prompt, Options())) == golden(
        '{"prompt":[{"role":"system","content":"Sé breve."},{"role":"user","content":"Hi?\\n"}]}'
    )


@pytest.mark.parametrize(
    ("file_format", "messages", "reason"),
    [
        ("messages", (USER, CONTEXT), Exclusion.NO_TRAINABLE_TURN),
        ("messages", (USER, CONTEXT, USER, REPLY), Exclusion.UNTRAINABLE_TURN),
        ("openai", (USER, CONTEXT), Exclusion.NO_TRAINABLE_TURN),
        ("openai", (USER, REPLY, TOOL, REPLY), Exclusion.TOOL_TURN),
        ("prompt-completion", (USER, CONTEXT), Exclusion.NO_TRAINABLE_TURN),
        ("sharegpt", (USER, CONTEXT, USER, REPLY), Exclusion.UNTRAINABLE_TURN),
        ("sharegpt", (USER, REPLY, TOOL, REPLY), Exclusion.TOOL_TURN),
        ("alpaca", (USER, CONTEXT, USER, REPLY), Exclusion.UNTRAINABLE_TURN),
        ("alpaca", (USER, REPLY, TOOL, REPLY), Exclusion.TOOL_TURN),
    ],
)
def test_what_a_format_cannot_say_is_left_out_by_name(file_format, messages, reason):
    with pytest.raises(CannotWriteError) as refusal:
        formats.SFT_FORMATS[file_format](dialogue(*messages), Options())
    assert refusal.value.reason == reason


def candidate(name, rank, **fields):
    return CandidateRecord(id=name, content=f"text {name}", rank=rank, origin="fresh", **fields)


def ranking(*candidates, **fields):
    fields = {"group_id": "c1", "prompt": (USER,)} | fields
    return RankingRecord(row=1, candidates=candidates, origin_key="text:0", **fields)


FULL = ranking(
    candidate("a", 2, rating=5, flags=("violent",)),
    candidate("b", 1, flags=(), policy="p@3", params={"top_p": 0.9}, seed=7, finish_reason="stop"),
    id="r1",
    revision=1,
    project="demo",
    round=2,
    split="train",
    language="en",
    criterion="overall",
    reason="planned",
    purpose="train",
    context_hash="abc",
    pick=PickRecord("uniform", 42, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    acceptable_tier=0,
    strength=StrengthRecord(-1, "-3..3"),
    rewrite="better",
    comment="hm",
    rater="k3",
    guideline=4,
    rating_schema=1,
    shown_order=("b", "a"),
    active_seconds=12.5,
    created_at=datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=UTC),
)


def test_a_full_ranking_line_is_exact():
    assert bytes_of(comparison_formats.ranking_lines([FULL], Options())) == golden(
        '{"schema":"labelhub.ranking/1","id":"r1","group_id":"c1","revision":1,"project":"demo",'
        '"round":2,"split":"train","language":"en","criterion":"overall","reason":"planned",'
        '"purpose":"train","prompt":[{"role":"user","content":"Hi?\\n"}],"context_hash":"abc",'
        '"pick":{"rule":"uniform","seed":42,"as_of":"2026-01-02T03:04:05.000000Z"},'
        '"candidates":[{"id":"a","content":"text a","rank":2,"origin":"fresh","rating":5,'
        '"flags":["violent"]},{"id":"b","content":"text b","rank":1,"origin":"fresh","flags":[],'
        '"policy":"p@3","params":{"top_p":0.9},"seed":7,"finish_reason":"stop"}],'
        '"acceptable_tier":0,"strength":{"grade":-1,"scale":"-3..3"},"rewrite":"better",'
        '"comment":"hm","rater":"k3","guideline":4,"rating_schema":1,"shown_order":["b","a"],'
        '"active_seconds":12.5,"created_at":"2026-01-02T03:04:05.000060Z"}'
    )


def test_preference_lines_are_exact():
    tied = ranking(candidate("a", 1), candidate("b", 2), candidate("c", 2))
    prompt = '"prompt":[{"role":"user","content":"Hi?\\n"}],'
    chosen = '"chosen":[{"role":"assistant","content":"text a"}],'
    assert bytes_of(comparison_formats.preference_lines([tied], Options())) == golden(
        "{" + prompt + chosen + '"rejected":[{"role":"assistant","content":"text b"}],'
        '"group_id":"c1","pair_weight":0.5}',
        "{" + prompt + chosen + '"rejected":[{"role":"assistant","content":"text c"}],'
        '"group_id":"c1","pair_weight":0.5}',
    )


def test_preference_implicit_lines_are_exact():
    pair = ranking(candidate("a", 2), candidate("b", 1), metadata={"k": 1})
    asked = '{"role":"user","content":"Hi?\\n"},'
    assert bytes_of(
        comparison_formats.preference_implicit_lines([pair], Options(metadata=True))
    ) == golden(
        '{"chosen":[' + asked + '{"role":"assistant","content":"text b"}],'
        '"rejected":[' + asked + '{"role":"assistant","content":"text a"}],'
        '"group_id":"c1","pair_weight":1.0,"metadata":{"k":1}}'
    )


@given(st.lists(rankings(), min_size=1, max_size=3))
def test_a_group_gives_all_its_pairs_and_their_weights_sum_to_one(group):
    sizes = [
        [len(ranking.candidates)]
        if len(ranking.candidates) == 2 and ranking.strength == StrengthRecord(0, "-3..3")
        else [len(tier) for tier in ranking.tiers]
        for ranking in group
    ]
    expected = sum((sum(n) ** 2 - sum(size**2 for size in n)) // 2 for n in sizes)
    if not expected:
        with pytest.raises(CannotWriteError) as refusal:
            comparison_formats.preference_lines(group, Options())
        assert refusal.value.reason == Exclusion.ALL_TIED
        return
    lines = comparison_formats.preference_lines(group, Options())
    implicit = comparison_formats.preference_implicit_lines(group, Options())
    assert len(lines) == len(implicit) == expected
    assert sum(line["pair_weight"] for line in lines) == pytest.approx(1)
    for line, whole in zip(lines, implicit, strict=True):
        assert whole["chosen"] == line["prompt"] + line["chosen"]
        assert whole["rejected"] == line["prompt"] + line["rejected"]


def reread(lines, file_format):
    return list(readers.Reader(io.BytesIO(bytes_of(lines)), file_format=file_format))


@given(rankings(), st.dictionaries(labels, labels, max_size=2))
def test_rankings_come_back_as_they_went(record, metadata):
    record = replace(record, metadata=metadata)
    assert reread(comparison_formats.ranking_lines([record], Options(metadata=True)), None) == [
        record
    ]


@given(dialogues(all_trainable=True))
def test_messages_come_back_as_they_went(record):
    assert reread(formats.messages_lines(record, Options()), None) == [record]


@given(dialogues())
def test_openai_weights_come_back_as_they_went(record):
    spoken = all(message.role != "tool" for message in record.messages)
    if spoken and any(message.trainable for message in record.messages):
        assert reread(formats.openai_lines(record, Options(weighted=True)), "openai") == [record]


@given(prompts())
def test_prompts_come_back_as_they_went(record):
    assert reread(formats.prompt_only_lines(record, Options()), None) == [record]


@given(dialogues(all_trainable=True), st.sampled_from(["alpaca", "sharegpt"]))
def test_alpaca_and_sharegpt_come_back_as_they_went(record, file_format):
    if not any(message.role == "tool" for message in record.messages):
        assert reread(formats.SFT_FORMATS[file_format](record, Options()), file_format) == [record]


@given(dialogues())
def test_prompt_completion_rows_train_each_turn_once(record):
    trainable = [i for i, message in enumerate(record.messages) if message.trainable]
    if trainable:
        rows = reread(formats.prompt_completion_lines(record, Options()), "prompt-completion")
        assert [len(row.messages) for row in rows] == [index + 1 for index in trainable]
        assert all(
            [i for i, m in enumerate(row.messages) if m.trainable] == [index]
            for row, index in zip(rows, trainable, strict=True)
        )
