"""Splits of what is alike, of authors' prompts and of people's judgements."""

from __future__ import annotations

import pytest

from annotation.datasets.splits import split_of
from annotation.models import Conversation, Ranking, SplitKey
from annotation.services.split_keys import splits_of_keys
from tests.factories import (
    MembershipFactory,
    ProjectFactory,
    RatingSchemaFactory,
    RoundFactory,
)
from tests.importing import dialogue, lines_of, ranking, said, take_in, unlike, write_out
from tests.judging import judged
from tests.writing import Person, serving_project

pytestmark = pytest.mark.django_db

HALVES = {"test": 0.5, "train": 0.5}
HALF = "test=0.5,train=0.5"


@pytest.fixture
def project():
    return ProjectFactory()


class TestAlike:
    def test_what_nearly_says_the_same_never_straddles(self, project, tmp_path):
        pairs = [(unlike(n), unlike(n).upper() + ", please!") for n in range(40)]
        take_in(project, *(dialogue(one, "Yes.") for one, _ in pairs))
        write_out(project, "sft", "messages", tmp_path / "first.jsonl", split=HALF)
        take_in(project, *(dialogue(other, "No.") for _, other in pairs))
        write_out(project, "sft", "messages", tmp_path / "both.jsonl", split=HALF)
        split = {
            line["messages"][0]["content"]: name
            for name in HALVES
            for line in lines_of(tmp_path / f"both.{name}.jsonl")
        }
        assert len(split) == 80
        assert set(split.values()) == set(HALVES)
        assert [split[one] for one, _ in pairs] == [split[other] for _, other in pairs]

    def test_what_would_join_two_splits_is_left_out_for_good(self, project, tmp_path):
        words = " ".join(unlike(n) for n in range(5)).split()
        middle = " ".join(words)
        # Each shares four fifths of its words with the middle one, but only three fifths with the other.
        ours = {"train": " ".join(words[:32]), "test": " ".join(words[8:])}
        for split, opening in ours.items():
            found = splits_of_keys(openings={f"key of {split}": opening}, shares={split: 1.0})
            assert found == {f"key of {split}": split}
        assert splits_of_keys(openings={"new": middle}, shares=HALVES) == {}
        assert not SplitKey.objects.filter(origin_key="new").exists()
        take_in(project, dialogue(middle, "Yes."), dialogue("Something else?", "Yes."))
        manifest = write_out(
            project, "sft", "messages", tmp_path / "out.jsonl", split=HALF
        ).manifest
        assert (manifest["kept"], manifest["excluded"]) == (1, {"bridges_splits": 1})

    def test_shares_hold_within_a_percentage_point_of_the_keys(self):
        shares = {"test": 0.1, "train": 0.9}
        keys = [f"key {n}" for n in range(20_000)]
        n_test = [split_of(key, salt="s", shares=shares) for key in keys].count("test")
        assert abs(n_test / len(keys) - 0.1) < 0.01

    def test_one_query_finds_what_a_whole_chunk_is_like(self, django_assert_num_queries):
        openings = {f"key {n}": unlike(n) for n in range(100)}
        with django_assert_num_queries(7):
            splits_of_keys(openings=openings, shares=HALVES)
        # One by one they would cost hundreds; known ones cost one.
        with django_assert_num_queries(1):
            splits_of_keys(openings=openings, shares=HALVES)


class TestPeople:
    def test_all_prompts_of_one_author_go_the_same_way(self, tmp_path):
        project = serving_project()
        people = [Person(project) for _ in range(6)]
        for person in people:
            for _ in range(2):
                Conversation.objects.filter(pk=person.hand_in_new().pk).update(state="approved")
        manifest = write_out(
            project,
            "sft",
            "openai",
            tmp_path / "out.jsonl",
            split=HALF,
            split_by="author",
            with_metadata=True,
        ).manifest
        assert manifest["options"]["split_by"] == "author"
        keys = {f"author:{person.member.user.rater.pk}" for person in people}
        assert set(SplitKey.objects.values_list("origin_key", flat=True)) == keys
        splits = dict(SplitKey.objects.values_list("origin_key", "split"))
        for name in HALVES:
            lines = lines_of(tmp_path / f"out.{name}.jsonl")
            for line in lines:
                author = Conversation.objects.get(pk=line["metadata"]["id"]).author_id
                assert splits[f"author:{author}"] == name

    def test_held_out_people_have_a_file_of_their_own(self, tmp_path):
        project = ProjectFactory()
        RoundFactory(project=project)
        RatingSchemaFactory(project=project)
        members = [MembershipFactory(project=project) for _ in range(4)]
        for member in members:
            judged(project, member, [["A"], ["B"], ["C", "D"]])
        take_in(project, ranking("A", "B", rater="imported"))
        names = {}
        for seed in range(6):
            path = tmp_path / f"{seed}.jsonl"
            written = write_out(
                project,
                "comparisons",
                "ranking",
                path,
                hold_out_raters=0.25,
                seed=seed,
                with_metadata=True,
            )
            assert [file.rows for file in written.files] == [4, 1]
            (line,) = lines_of(tmp_path / f"{seed}.held-out-raters.jsonl")
            held_out = Ranking.objects.get(pk=line["metadata"]["ranking"]).rater_id
            assert line["rater"] not in {other.get("rater") for other in lines_of(path)}
            names[seed] = held_out
        assert len(set(names.values())) > 1
        again = write_out(
            project, "comparisons", "ranking", tmp_path / "again.jsonl", hold_out_raters=0.25
        )
        assert (
            again.files[1].sha256
            == write_out(
                project, "comparisons", "ranking", tmp_path / "b.jsonl", hold_out_raters=0.25
            )
            .files[1]
            .sha256
        )

    def test_one_person_alone_is_not_held_out(self, project, tmp_path):
        take_in(project, ranking("A", "B"))
        written = write_out(
            project, "comparisons", "preference", tmp_path / "x.jsonl", hold_out_raters=0.5
        )
        assert [file.name for file in written.files] == ["x.jsonl"]


def test_every_prompt_stands_in_one_file_only(project, tmp_path):
    take_in(project, *(dialogue(unlike(n), "Yes.") for n in range(30)))
    take_in(
        project,
        *(ranking("A", "B", id=n, group_id=n, prompt=[said("user", unlike(n))]) for n in range(30)),
    )
    for kind, form in (("sft", "messages"), ("comparisons", "ranking"), ("prompts", "prompt-only")):
        write_out(project, kind, form, tmp_path / f"{kind}.jsonl", split=HALF)
    texts = {
        name: {
            (line.get("messages") or line["prompt"])[0]["content"]
            for path in tmp_path.glob(f"*.{name}.jsonl")
            for line in lines_of(path)
        }
        for name in HALVES
    }
    assert texts["train"] | texts["test"] == {unlike(n) for n in range(30)}
    assert not texts["train"] & texts["test"]


def test_projects_and_kinds_agree_on_what_is_alike(tmp_path):
    """One salt an installation: what nearly says the same is on one side, whoever asks and for what."""
    asked = [(unlike(n), unlike(n).upper() + ", please?") for n in range(24)]
    dialogues, rankings, prompts = ProjectFactory.create_batch(3)
    take_in(dialogues, *(dialogue(one, "Yes.") for one, _ in asked))
    take_in(
        rankings,
        *(
            ranking("A", "B", id=n, group_id=n, prompt=[said("user", other)])
            for n, (_, other) in enumerate(asked)
        ),
    )
    take_in(prompts, *({"prompt": [said("user", text)]} for pair in asked for text in pair))
    found = {name: set() for name in HALVES}
    for project, kind, form in (
        (dialogues, "sft", "messages"),
        (rankings, "comparisons", "preference"),
        (prompts, "prompts", "prompt-only"),
    ):
        manifest = write_out(project, kind, form, tmp_path / f"{kind}.jsonl", split=HALF).manifest
        assert manifest["excluded"] == {}
        for name in HALVES:
            for line in lines_of(tmp_path / f"{kind}.{name}.jsonl"):
                found[name].add((line.get("messages") or line["prompt"])[0]["content"])
    assert found["train"]
    assert found["test"]
    for one, other in asked:
        assert (one in found["train"]) is (other in found["train"])
        assert (one in found["test"]) is (other in found["test"]) is (one not in found["train"])


def test_branches_and_better_replies_share_the_split_of_what_opened_them(tmp_path):
    project = ProjectFactory()
    trees = [
        {
            "message_tree_id": str(n),
            "prompt": {
                "text": unlike(n),
                "role": "prompter",
                "replies": [
                    {
                        "text": "A.",
                        "role": "assistant",
                        "rank": 0,
                        "replies": [
                            {
                                "text": "And then?",
                                "role": "prompter",
                                "replies": [
                                    {"text": f"{word} {n}.", "role": "assistant", "rank": rank}
                                    for rank, word in enumerate(("C", "D"))
                                ],
                            }
                        ],
                    },
                    {"text": "B.", "role": "assistant", "rank": 1},
                ],
            },
        }
        for n in range(20)
    ]
    take_in(project, *trees)
    for kind, form in (("sft", "messages"), ("comparisons", "preference")):
        write_out(project, kind, form, tmp_path / f"{kind}.jsonl", split=HALF)
    openings = {
        (kind, name): {
            (line.get("messages") or line["prompt"])[0]["content"]
            for line in lines_of(tmp_path / f"{kind}.{name}.jsonl")
        }
        for kind in ("sft", "comparisons")
        for name in HALVES
    }
    for name in HALVES:
        assert openings["sft", name] == openings["comparisons", name] != set()
