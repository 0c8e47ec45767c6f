"""Mixtures: sources in their shares, without personal data, benchmarks and near-duplicates."""

from __future__ import annotations

import orjson
import pytest

from annotation.datasets import benchmarks
from annotation.exceptions import (
    BenchmarkEmpty,
    BenchmarkUnknown,
    FormatUnknown,
    FreezingUnderWay,
    RecipeNameTaken,
    SourceUnknown,
    TokenizerUnknown,
)
from annotation.models import Benchmark, Conversation, Dataset, DatasetVersion
from annotation.services import freezings, recipes
from sampling import policies
from sampling.models import Policy
from tests.factories import MembershipFactory, ProjectFactory
from tests.freezing import counted, declared, files_of, frozen, run
from tests.importing import dialogue, ranking, said, take_in, unlike
from tests.writing import Person, serving_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


def unlike_dialogues(n, *, first=0, answer="A reply of its own"):
    return [dialogue(unlike(first + k), f"{answer}: {unlike(900 + first + k)}") for k in range(n)]


def rows(table):
    return {source["name"]: source["rows"] for source in table["sources"]}


class TestSources:
    def test_demonstrations_and_instructions_of_two_projects_become_one(self, project):
        written = serving_project()
        person = Person(written)
        Conversation.objects.filter(pk=person.hand_in_new().pk).update(state="approved")
        take_in(project, *unlike_dialogues(3), licence="MIT")
        instructions = [
            {"instruction": unlike(n), "input": "", "output": unlike(70 + n)} for n in range(50, 54)
        ]
        take_in(project, *instructions, file_format="alpaca", licence="CC-BY-4.0")
        recipe = declared(
            project,
            sources=[
                {"name": "ours", "project": written.slug, "origins": "written"},
                {"name": "instructions", "licences": ["CC-BY-4.0"]},
                {"name": "rest", "origins": "imported"},
            ],
            file={"format": "openai"},
        )
        assert rows(counted(recipe)) == {"ours": 1, "instructions": 4, "rest": 3}
        version = frozen(recipe)
        assert version.manifest["licences"] == ["CC-BY-4.0", "MIT"]
        # The demonstration of a fresh project has a reply that nobody approved to train on.
        lines = files_of(version)["mix-v1.jsonl"].splitlines()
        assert len(lines) == version.manifest["kept"]

    def test_rounds_imports_categories_and_languages_choose(self, project):
        first, _ = take_in(project, *unlike_dialogues(3))
        take_in(project, *unlike_dialogues(4, first=20))
        Conversation.objects.filter(import_run=first).update(category="open_qa", language="de")
        for choice, n in (
            ({"import_runs": [first.pk]}, 3),
            ({"categories": ["open_qa"]}, 3),
            ({"categories": [""]}, 4),
            ({"languages": ["de"]}, 3),
            ({"rounds": [1]}, 0),
            ({"origins": "written"}, 0),
        ):
            recipe = declared(
                project, name=f"r-{next(iter(choice))}-{n}", sources=[{"name": "s"} | choice]
            )
            assert rows(counted(recipe)) == {"s": n}

    def test_a_row_of_two_sources_is_the_firsts(self, project):
        run_, _ = take_in(project, *unlike_dialogues(3))
        take_in(project, *unlike_dialogues(2, first=20))
        recipe = declared(
            project, sources=[{"name": "a", "import_runs": [run_.pk], "cap": 1}, {"name": "b"}]
        )
        table = counted(recipe)
        assert rows(table) == {"a": 1, "b": 2}
        assert table["sources"][0]["excluded"] == {"over_quota": 2}

    def test_weights_hold_and_the_seed_draws(self, project):
        one, _ = take_in(project, *unlike_dialogues(12))
        other, _ = take_in(project, *unlike_dialogues(4, first=30))
        sources = [
            {"name": "a", "import_runs": [one.pk], "weight": 1},
            {"name": "b", "import_runs": [other.pk], "weight": 2},
        ]
        drawn = {}
        for seed in (1, 2):
            recipe = declared(project, name=f"seed-{seed}", sources=sources, seed=seed)
            assert rows(counted(recipe)) == {"a": 2, "b": 4}
            drawn[seed] = [files_of(frozen(recipe))[f"seed-{seed}-v{n}.jsonl"] for n in (1,)]
        assert drawn[1] != drawn[2]

    def test_a_quota_keeps_comparisons_whole(self, project):
        take_in(
            project,
            *(
                ranking("A", "B", id=f"{n}-{rater}", group_id=n, rater=rater,
                        prompt=[said("user", unlike(n))])
                for n in range(6)
                for rater in ("r_1", "r_2")
            ),
        )  # fmt: skip
        recipe = declared(project, kind="comparisons", sources=[{"name": "a", "cap": 5}])
        version = frozen(recipe)
        lines = [orjson.loads(line) for line in files_of(version)["mix-v1.jsonl"].splitlines()]
        groups = [line["group_id"] for line in lines]
        assert len(lines) == 4
        assert all(groups.count(group) == 2 for group in groups)


class TestScreening:
    def test_personal_data_holds_a_row_is_masked_or_kept(self, project):
        mail = "Write to anna.smith@gmail.com today."
        take_in(project, *unlike_dialogues(2), dialogue("Whom do I ask?", mail))
        held = counted(declared(project, name="held"))
        assert held["sources"][0]["excluded"] == {"personal_data": 1}
        for choice, shown in (("mask", "Write to [email] today."), ("keep", mail)):
            version = frozen(declared(project, name=choice, personal_data=choice))
            content = files_of(version)[f"{choice}-v1.jsonl"].decode()
            assert content.count("\n") == 3
            assert shown in content

    def test_masking_reaches_every_text_of_a_ranking(self, project):
        mail = "anna.smith@gmail.com"
        line = ranking("A", "B", prompt=[said("user", f"Is {mail} right?")], comment=f"Not {mail}.")
        line["candidates"][0]["content"] = f"Yes, {mail}."
        take_in(project, line)
        version = frozen(declared(project, kind="comparisons", personal_data="mask"))
        (made,) = [orjson.loads(x) for x in files_of(version)["mix-v1.jsonl"].splitlines()]
        assert made["prompt"][0]["content"] == "Is [email] right?"
        assert made["candidates"][0]["content"] == "Yes, [email]."
        assert made["comment"] == "Not [email]."

    @pytest.mark.parametrize("field", ["comment", "rewrite"])
    def test_what_each_rater_wrote_is_looked_through(self, project, field):
        held = {field: "Ask anna.smith@gmail.com."}
        take_in(
            project,
            ranking("A", "B", id="1", rater="r_1"),
            ranking("A", "B", id="2", rater="r_2", **held),
            ranking("B", "A", id="3", rater="r_3"),
        )
        (source,) = counted(declared(project, kind="comparisons"))["sources"]
        assert (source["rows"], source["excluded"]) == (2, {"personal_data": 1})

    def test_near_duplicates_across_sources_are_left_out(self, project):
        other = ProjectFactory()
        take_in(project, *unlike_dialogues(3))
        take_in(other, dialogue(unlike(1) + "!", f"A reply of its own: {unlike(901)} indeed"))
        recipe = declared(project, sources=[{"name": "a"}, {"name": "b", "project": other.slug}])
        table = counted(recipe)
        assert rows(table) == {"a": 3, "b": 0}
        assert table["sources"][1]["excluded"] == {"near_duplicate": 1}
        assert rows(counted(declared(project, name="kept", near_duplicates=False, sources=[
            {"name": "a"}, {"name": "b", "project": other.slug}]))) == {"a": 3, "b": 1}  # fmt: skip

    def test_several_rankings_of_one_comparison_are_no_duplicates(self, project):
        take_in(project, *(ranking("A", "B", id=n, rater=f"r_{n}") for n in range(3)))
        assert rows(counted(declared(project, kind="comparisons"))) == {"all": 3}

    def test_what_repeats_a_benchmark_is_left_out(self, project):
        question = (
            "Which river in the far north of the country freezes first when winter comes early?"
        )
        take_in(project, *unlike_dialogues(2), dialogue(f"Hm. {question.upper()}", "The Torne."))
        benchmark = recipes.add_benchmark(
            project=project,
            name="rivers",
            content=orjson.dumps({"question": question, "choices": ["Torne", "Elbe"]}) + b"\n",
            added_by=None,
        )
        assert (benchmark.n_texts, benchmark.n_too_short, benchmark.n_runs) == (3, 2, 3)
        table = counted(declared(project, benchmarks=[benchmark.pk]))
        assert table["sources"][0]["excluded"] == {"benchmark_overlap": 1}
        version = frozen(declared(project, name="clean", benchmarks=[benchmark.pk]))
        assert version.manifest["benchmarks"][0]["sha256"] == benchmark.sha256
        assert version.manifest["excluded"]["benchmark_overlap"] == 1

    @pytest.mark.parametrize("content", [b'["too short"]', b"", b"\xff\xfe\x00"])
    def test_a_benchmark_of_which_nothing_could_be_told_is_refused(self, project, content):
        with pytest.raises(BenchmarkEmpty):
            recipes.add_benchmark(project=project, name="x", content=content, added_by=None)

    def test_a_benchmark_nested_as_deep_as_json_goes_is_read(self, project):
        text = unlike(1) * 2
        content = f'{"[" * 1000}"{text}"{"]" * 1000}'
        added = recipes.add_benchmark(
            project=project, name="deep", content=content.encode(), added_by=None
        )
        assert added.n_texts == 1

    def test_a_benchmark_sent_twice_at_once_is_kept_once(self, project, monkeypatch):
        content = (unlike(1) * 2).encode()
        sent = {"project": project, "name": "twice", "content": content, "added_by": None}
        read = benchmarks.texts_of

        def read_while_another_is_sent(content):
            monkeypatch.setattr(benchmarks, "texts_of", read)
            recipes.add_benchmark(**sent)
            return read(content)

        monkeypatch.setattr(benchmarks, "texts_of", read_while_another_is_sent)
        assert recipes.add_benchmark(**sent) == Benchmark.objects.get()

    def test_the_same_benchmark_is_kept_once(self, project):
        text = " ".join(f"word{n}" for n in range(20)).encode()
        for _ in range(2):
            recipes.add_benchmark(project=project, name="x", content=text, added_by=None)
        assert Benchmark.objects.count() == 1


class TestTable:
    def test_rows_and_tokens_by_source_and_category(self, project):
        Policy.objects.create(
            name="counts", source="fixtures/policy/demo", context_window_tokens=512
        )
        take_in(project, *unlike_dialogues(2))
        Conversation.objects.update(category="open_qa")
        take_in(project, *unlike_dialogues(1, first=10))
        table = counted(declared(project, tokenizer="counts"))
        assert [(row["name"], row["rows"]) for row in table["categories"]] == [
            ("open_qa", 2),
            ("", 1),
        ]
        chat = policies.chat_tokenizer(Policy.objects.get(name="counts"))
        texts = [text["content"] for line in unlike_dialogues(2) + unlike_dialogues(1, first=10)
                 for text in line["messages"]]  # fmt: skip
        assert table["tokens"] == sum(chat.count_text(text) for text in texts)
        assert table["tokens"] == sum(row["tokens"] for row in table["categories"])
        assert counted(declared(project, name="uncounted"))["tokens"] is None

    def test_a_trial_freezes_nothing(self, project):
        take_in(project, *unlike_dialogues(2))
        freezing = run(declared(project), is_trial=True)
        assert (freezing.state, freezing.dataset) == ("done", None)
        assert not Dataset.objects.exists()
        assert not DatasetVersion.objects.exists()


class TestRefusals:
    def test_a_project_that_is_not_yours_is_no_source(self, project):
        user = MembershipFactory(project=project, role="manager").user
        other = MembershipFactory(user=user, role="trainer").project
        for slug in (other.slug, "nowhere"):
            with pytest.raises(SourceUnknown, match=slug):
                declared(project, user=user, sources=[{"name": "a", "project": slug}])

    def test_what_a_recipe_names_must_be_there(self, project):
        declared(project)
        with pytest.raises(RecipeNameTaken):
            declared(project)
        with pytest.raises(BenchmarkUnknown):
            declared(project, name="b", benchmarks=[99])
        with pytest.raises(TokenizerUnknown):
            declared(project, name="c", tokenizer="nobody")
        with pytest.raises(FormatUnknown):
            declared(project, name="d", file={"format": "ranking"})

    def test_a_tokenizer_that_cannot_be_read_fails_the_freezing(self, project):
        take_in(project, *unlike_dialogues(1))
        Policy.objects.create(
            name="remote", source="openai:http://127.0.0.1:9/v1#x", context_window_tokens=512
        )
        freezing = run(declared(project, tokenizer="remote"), is_trial=True)
        assert (freezing.state, freezing.error_code) == ("failed", "tokenizer_unknown")

    def test_rankings_that_answer_different_questions_are_not_mixed(self, project):
        take_in(
            project,
            ranking("A", "B", criterion="helpfulness"),
            ranking("B", "A", criterion="harmlessness"),
        )
        freezing = run(declared(project, kind="comparisons"))
        assert (freezing.state, freezing.error_code) == ("failed", "criteria_mixed")
        version = frozen(declared(project, kind="comparisons", name="x", criterion="helpfulness"))
        assert version.manifest["excluded"] == {"other_criterion": 1}

    def test_one_recipe_is_mixed_once_at_a_time(self, project):
        recipe = declared(project)
        first = freezings.start(recipe=recipe, is_trial=True, requested_by=None)
        with pytest.raises(FreezingUnderWay):
            freezings.start(recipe=recipe, is_trial=False, requested_by=None)
        freezings.cancel(freezing=first)
        freezings.start(recipe=recipe, is_trial=False, requested_by=None)
