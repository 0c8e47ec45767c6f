"""Versions: immutable, made again byte for byte, described, compared, withdrawn."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import orjson
import pytest
from datasets import load_dataset
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from annotation import freezing_runner
from annotation.exceptions import AlreadyWithdrawn, RebuildDiffers
from annotation.models import (
    Conversation,
    Dataset,
    DatasetVersion,
    Freezing,
    Ranking,
    Recipe,
)
from annotation.selectors import dataset_facts
from annotation.selectors.versions import diff
from annotation.services import freezings, leased_jobs, versions
from annotation.services.explanations import explain_line
from labelhub import clock
from labelhub.accounts.models import AuditEvent
from tests.factories import (
    MembershipFactory,
    ProjectFactory,
    RatingSchemaFactory,
    RoundFactory,
)
from tests.freezing import counted, declared, files_of, frozen, run
from tests.importing import dialogue, ranking, said, take_in, unlike
from tests.judging import given_by_people, judged
from tests.writing import Person, serving_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    project = ProjectFactory(slug="harbour")
    take_in(project, *(dialogue(unlike(n), unlike(100 + n)) for n in range(12)), licence="MIT")
    return project


def unpacked(version, folder):
    for name, content in files_of(version).items():
        (folder / name).write_bytes(content)
    return folder


class TestFreezing:
    def test_a_version_is_numbered_whole_and_told_of(self, project):
        recipe = declared(project, file={"format": "messages", "split": "test=0.5,train=0.5"})
        first, second = frozen(recipe), frozen(recipe)
        assert (first.number, second.number) == (1, 2)
        found = files_of(first)
        assert list(found) == [
            "README.md",
            "mix-v1.jsonl.manifest.json",
            "mix-v1.test.jsonl",
            "mix-v1.train.jsonl",
            "rows_by_category.svg",
            "rows_by_source.svg",
        ]
        manifest = orjson.loads(found["mix-v1.jsonl.manifest.json"])
        assert manifest == first.manifest
        for file in manifest["files"]:
            assert hashlib.sha256(found[file["name"]]).hexdigest() == file["sha256"]
        lines = "".join(f"{file['sha256']}  {file['name']}\n" for file in manifest["files"])
        assert hashlib.sha256(lines.encode()).hexdigest() == first.sha256
        assert manifest["kept"] == 12
        assert manifest["filters"]["contents"]["seed"] == 0
        assert {"orjson", "rensa", "phonenumbers"} <= manifest["libraries"].keys()
        assert AuditEvent.objects.filter(verb="dataset version made").count() == 2

    def test_neither_a_version_nor_its_rows_can_be_changed_or_deleted(self, project):
        version = frozen(declared(project))
        for words, change in (
            ("frozen", {"card": "Better."}),
            ("frozen", {"manifest": {}}),
            ("frozen", {"number": 7}),
        ):
            with pytest.raises(DatabaseError, match=words), transaction.atomic():
                DatasetVersion.objects.filter(pk=version.pk).update(**change)
        with pytest.raises(DatabaseError, match="annot delete"), transaction.atomic():
            DatasetVersion.objects.filter(pk=version.pk)._raw_delete(using="default")
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            Dataset.objects.filter(pk=version.dataset_id).update(n_rows=1)

    def test_a_recipe_that_changes_leaves_its_versions_alone(self, project):
        recipe = declared(project)
        version = frozen(recipe)
        Recipe.objects.filter(pk=recipe.pk).update(contents=recipe.contents | {"seed": 9})
        version.refresh_from_db()
        assert version.dataset.recipe["contents"]["seed"] == 0

    def test_a_freezing_makes_what_its_recipe_was_when_it_was_asked_for(self, project):
        recipe = declared(project)
        freezing = freezings.start(recipe=recipe, is_trial=False, requested_by=None)
        Recipe.objects.filter(pk=recipe.pk).update(kind="comparisons")
        freezing_runner.run_freezing(freezing_id=freezing.pk)
        assert DatasetVersion.objects.get().dataset.kind == "sft"

    def test_a_line_of_a_version_is_explained(self, project, tmp_path):
        folder = unpacked(frozen(declared(project)), tmp_path)
        explained = explain_line(path=folder / "mix-v1.jsonl", number=3)
        assert explained.rows[0]["licence"] == "MIT"

    def test_cancelled_it_makes_no_version(self, project, monkeypatch):
        recipe = declared(project)
        freezing = freezings.start(recipe=recipe, is_trial=False, requested_by=None)

        def cancel_and_go_on(**anything):
            freezings.cancel(freezing=freezing)
            raise leased_jobs.Stopped

        monkeypatch.setattr(versions.dataset_files, "write_files", cancel_and_go_on)
        freezing_runner.run_freezing(freezing_id=freezing.pk)
        freezing.refresh_from_db()
        assert freezing.state == "cancelled"
        assert not DatasetVersion.objects.exists()
        freezing_runner.run_freezing(freezing_id=freezing.pk)
        monkeypatch.undo()
        assert frozen(recipe).number == 1

    @pytest.mark.parametrize("after", ["write_files", "save"])
    def test_a_worker_that_dies_leaves_its_frozen_rows_to_the_next(
        self, project, monkeypatch, after
    ):
        recipe = declared(project)
        freezing = freezings.start(recipe=recipe, is_trial=False, requested_by=None)

        class Killed(BaseException):
            pass

        def die(*args, **kwargs):
            raise Killed

        target = versions.dataset_files if after == "write_files" else default_storage
        monkeypatch.setattr(target, after, die)
        with pytest.raises(Killed):
            freezing_runner.run_freezing(freezing_id=freezing.pk)
        monkeypatch.undo()
        take_in(project, dialogue("Later?", "Yes."))
        Freezing.objects.filter(pk=freezing.pk).update(lease_until=clock.now())
        freezings.sweep()
        freezing_runner.run_freezing(freezing_id=freezing.pk)
        freezing.refresh_from_db()
        assert (freezing.state, freezing.attempt) == ("done", 2)
        assert DatasetVersion.objects.get().manifest["kept"] == 12

    def test_one_that_died_between_its_last_steps_is_not_made_twice(self, project, monkeypatch):
        recipe = declared(project)
        freezing = freezings.start(recipe=recipe, is_trial=False, requested_by=None)
        monkeypatch.setattr(freezings, "finish", lambda **anything: None)
        freezing_runner.run_freezing(freezing_id=freezing.pk)
        monkeypatch.undo()
        Freezing.objects.filter(pk=freezing.pk).update(lease_until=clock.now())
        freezings.sweep()
        freezing_runner.run_freezing(freezing_id=freezing.pk)
        freezing.refresh_from_db()
        assert freezing.state == "done"
        assert DatasetVersion.objects.get().number == 1

    def test_after_three_deaths_it_fails(self, project):
        freezing = freezings.start(recipe=declared(project), is_trial=True, requested_by=None)
        Freezing.objects.filter(pk=freezing.pk).update(
            state="running", lease_until=clock.now(), attempt=leased_jobs.MAX_ATTEMPTS
        )
        freezings.sweep()
        freezing.refresh_from_db()
        assert (freezing.state, freezing.error_code) == ("failed", "worker_lost")


class TestRebuilding:
    @pytest.mark.parametrize("kind", ["sft", "comparisons"])
    def test_the_same_bytes_come_of_it(self, project, tmp_path, kind):
        take_in(
            project,
            *(
                ranking(
                    "A", "B", id=f"{n}-{r}", group_id=n, rater=r, prompt=[said("user", unlike(n))]
                )
                for n in range(8)
                for r in ("r_1", "r_2")
            ),
        )
        recipe = declared(
            project,
            kind=kind,
            seed=5,
            sources=[{"name": "a", "cap": 9}],
            file={"split": "test=0.4,train=0.6", "with_metadata": True},
        )
        version = frozen(recipe)
        with default_storage.open(version.archive) as stored:
            frozen_bytes = stored.read()
        # What happens later is none of its affair.
        take_in(project, dialogue("Later?", "Yes."))
        recipe.contents = recipe.contents | {"seed": 6}
        recipe.save()
        frozen(recipe)
        again = DatasetVersion.objects.select_related("recipe", "dataset__project").get(
            pk=version.pk
        )
        archive = versions.rebuild(version=again, folder=tmp_path, progress=lambda n: None)
        assert archive.read_bytes() == frozen_bytes

    def test_a_recipe_of_another_name_now_makes_the_same_archive(self, project, tmp_path):
        version = frozen(declared(project))
        with default_storage.open(version.archive) as stored:
            frozen_bytes = stored.read()
        version.recipe.name = "renamed"
        version.recipe.save()
        archive = versions.rebuild(version=version, folder=tmp_path, progress=lambda n: None)
        assert archive.name == "mix-v1.zip"
        assert archive.read_bytes() == frozen_bytes

    def test_rows_that_are_others_now_are_refused(self, project, tmp_path):
        version = frozen(declared(project, file={"with_metadata": True}))
        Conversation.objects.filter(source_row=1).update(licence="other")
        with pytest.raises(RebuildDiffers, match="frozen with"):
            versions.rebuild(version=version, folder=tmp_path, progress=lambda n: None)


class TestCard:
    def test_datasets_reads_the_splits_that_the_card_declares(self, project, tmp_path):
        recipe = declared(project, file={"split": "test=0.5,train=0.5"})
        folder = unpacked(frozen(recipe), tmp_path)
        loaded = load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
        assert {name: len(rows) for name, rows in loaded.items()} == {
            split: file["rows"]
            for split, file in zip(("test", "train"), frozen_manifest(folder)["files"], strict=True)
        }
        card = (folder / "README.md").read_text()
        assert "license:\n- mit\n" in card
        assert "size_categories:\n- n<1K\n" in card
        assert "| all | harbour | by our people and from files | 12 | 0 |" in card

    def test_a_licence_stands_there_once_however_it_was_given(self, project):
        for n, licence in enumerate(("mit", "Mit", "house rules"), start=20):
            take_in(project, dialogue(unlike(n), unlike(100 + n)), licence=licence)
        version = frozen(declared(project))
        assert version.manifest["licences"] == ["MIT", "Mit", "house rules", "mit"]
        assert (
            "Licences of the rows: house rules, MIT (given as “MIT”, “Mit”, “mit”).\n"
            in version.card
        )
        assert "license:\n- other\n" in version.card

    def test_rows_without_a_licence_are_not_under_that_of_the_others(self, project):
        take_in(project, dialogue("Whose is this?", "Nobody says."))
        version = frozen(declared(project))
        assert (version.manifest["licences"], version.manifest["without_licence"]) == (["MIT"], 1)
        assert "Licences of the rows: MIT. 1 row names none.\n" in version.card
        assert "license:\n- other\n" in version.card

    def test_it_says_how_the_people_were_treated(self, tmp_path):
        project = serving_project()
        person = Person(project)
        for state in ("approved", "accepted_by_sampling"):
            conversation = person.hand_in_new()
            conversation.messages.filter(role="assistant").update(trainable=True)
            Conversation.objects.filter(pk=conversation.pk).update(state=state)
        version = frozen(declared(project, near_duplicates=False, file={"format": "openai"}))
        people = version.manifest["people"]
        assert (people["n_raters"], people["n_demonstrations"], people["n_reviewed"]) == (1, 2, 1)
        assert "1 of 2 demonstrations (50%) were read by a reviewer" in version.card
        assert person.member.user.username not in version.card

    def test_it_says_how_far_people_agree(self):
        project = ProjectFactory()
        RoundFactory(project=project)
        RatingSchemaFactory(project=project)
        judged(project, MembershipFactory(project=project), [["A"], ["B"], ["C"], ["D"]])
        version = frozen(declared(project, kind="comparisons"))
        assert version.manifest["agreement"]["same_order"] is None
        assert "Not enough overlap" in version.card
        assert version.manifest["rating_schemas"] == [1]
        assert version.manifest["people"]["n_raters"] == 1

    def test_its_agreement_is_that_of_its_own_rows(self):
        """Whatever comes later, the same frozen rows have the same card."""
        project = ProjectFactory()
        for number in range(30):
            fields = {"group_id": f"g{number}", "prompt": [said("user", unlike(number))]}
            for rater in ("r_1", "r_2"):
                take_in(project, ranking("A", "B", id=f"{number}{rater}", rater=rater, **fields))
        people = given_by_people(project)
        version = frozen(declared(project, kind="comparisons", near_duplicates=False))
        told = version.manifest["agreement"]
        assert (told["n_comparisons"], told["same_order"]["value"]) == (30, 1.0)
        # Another opinion on each, one that was taken back, and a person whose labels count no more.
        for number in range(30):
            take_in(
                project,
                ranking("B", "A", id=f"{number}r_3", rater="r_3", group_id=f"g{number}")
                | {"prompt": [said("user", unlike(number))]},
            )
        given_by_people(project)
        MembershipFactory(
            project=project, user=people["r_1"].user, excluded_from=clock.now() - timedelta(days=1)
        )
        Ranking.objects.filter(rater=people["r_2"]).update(is_current=False)
        again = orjson.loads(orjson.dumps(dataset_facts.agreement_of(version.dataset)))
        assert again == told

    def test_a_recipe_that_gives_no_line_makes_no_version(self):
        project = ProjectFactory()
        empty = run(declared(project))
        assert (empty.state, empty.error_code) == ("failed", "nothing_to_freeze")
        assert empty.error_detail.startswith("No row may go into this version; count the recipe")
        assert not Dataset.objects.exists()
        # Rows there are, but the file has a line for none of them.
        take_in(project, ranking("AB"))
        tied = run(
            declared(project, kind="comparisons", name="tied", file={"format": "preference"})
        )
        assert (tied.state, tied.error_code) == ("failed", "nothing_to_freeze")
        assert "1 all_tied" in tied.error_detail
        assert not DatasetVersion.objects.exists()
        assert not Dataset.objects.filter(withdrawn_at=None).exists()
        # Counting says what there is.
        assert counted(declared(project, name="other"))["rows"] == 0


def frozen_manifest(folder):
    (manifest,) = folder.glob("*.manifest.json")
    return orjson.loads(manifest.read_bytes())


class TestDiff:
    def test_rows_added_and_gone_are_counted_and_shown(self, project):
        recipe = declared(project)
        before = frozen(recipe)
        Conversation.objects.filter(source_row__in=[1, 2]).update(allowed_use=["eval"])
        take_in(project, dialogue("Something new?", "Yes."))
        recipe.contents = recipe.contents | {"seed": 3, "near_duplicates": False}
        recipe.save()
        found = diff(before=before, after=frozen(recipe))
        assert (found.added, found.changed, found.gone, found.same) == (1, 0, 2, 10)
        assert found.examples["added"][0].after == "Something new? … Yes."
        assert found.examples["gone"][0].before.startswith(unlike(0))
        assert found.recipe_changes == ["near_duplicates: yes → no", "seed: 0 → 3"]

    def test_a_demonstration_revised_twice_in_between_is_one_change(self, project):
        recipe = declared(project)
        before = frozen(recipe)
        first = Conversation.objects.get(project=project, source_row=1)
        for text in ("Not yet.", "Better?"):
            take_in(project, dialogue(text, unlike(200)))
        third, second = Conversation.objects.filter(project=project).order_by("-pk")[:2]
        Conversation.objects.filter(pk=second.pk).update(revises=first)
        Conversation.objects.filter(pk=third.pk).update(revises=second)
        Conversation.objects.filter(pk__in=[first.pk, second.pk]).update(allowed_use=["eval"])
        found = diff(before=before, after=frozen(recipe))
        assert (found.added, found.changed, found.gone, found.same) == (0, 1, 0, 11)
        (change,) = found.examples["changed"]
        assert (change.was_id, change.id) == (first.pk, third.pk)
        assert change.before.startswith(unlike(0))
        assert change.after.startswith("Better?")

    def test_a_ranking_made_again_is_a_change(self):
        project = ProjectFactory()
        RoundFactory(project=project)
        RatingSchemaFactory(project=project)
        first = judged(project, MembershipFactory(project=project), [["A"], ["B"], ["C"], ["D"]])
        recipe = declared(project, kind="comparisons")
        before = frozen(recipe)
        Ranking.objects.filter(pk=first.pk).update(is_current=False)
        placements = list(first.placements.order_by("tier"))
        again = Ranking.objects.get(pk=first.pk)
        again.pk, again.revision, again.is_current = None, 2, True
        again.save(force_insert=True)
        for place, placement in enumerate(reversed(placements), start=1):
            placement.pk, placement.ranking, placement.tier = None, again, place
            placement.save(force_insert=True)
        found = diff(before=before, after=frozen(recipe))
        assert (found.added, found.changed, found.gone, found.same) == (0, 1, 0, 0)
        (change,) = found.examples["changed"]
        assert (change.id, change.was_id) == (again.pk, first.pk)
        assert change.before != change.after


class TestWithdrawing:
    def test_its_archive_goes_and_it_stays_on_record(
        self, project, django_capture_on_commit_callbacks
    ):
        version = frozen(declared(project))
        with django_capture_on_commit_callbacks(execute=True):
            versions.withdraw(version=version, because="A licence was wrong.", actor=None)
        assert not default_storage.exists(version.archive)
        version.refresh_from_db()
        assert version.withdrawn_because == "A licence was wrong."
        assert version.manifest["kept"] == 12
        with pytest.raises(AlreadyWithdrawn):
            versions.withdraw(version=version, because="Again.", actor=None)
        with pytest.raises(DatabaseError, match="stays withdrawn"), transaction.atomic():
            DatasetVersion.objects.update(withdrawn_at=None, withdrawn_because="")


class TestCommand:
    def test_it_declares_counts_freezes_and_rebuilds(self, project, tmp_path, capsys):
        recipe = tmp_path / "recipe.json"
        benchmark = tmp_path / "bench.jsonl"
        benchmark.write_bytes(orjson.dumps({"q": " ".join([unlike(3)] * 2)}))
        recipe.write_bytes(
            orjson.dumps(
                {
                    "name": "mix",
                    "kind": "sft",
                    "contents": {
                        "sources": [{"name": "all", "project": project.slug}],
                        "file": {"format": "messages"},
                    },
                }
            )
        )
        run_ = ("freeze_dataset", "--project", project.slug)
        call_command(*run_, str(recipe), "--dry-run")
        assert "all: 12 rows" in capsys.readouterr().err
        assert not DatasetVersion.objects.exists()
        call_command(*run_, "mix", "--out", str(tmp_path), "--decontaminate", str(benchmark))
        assert "mix v1: 12 rows, sha256" in capsys.readouterr().err
        archive = (tmp_path / "mix-v1.zip").read_bytes()
        (tmp_path / "again").mkdir()
        call_command(*run_, "mix", "--rebuild", "1", "--out", str(tmp_path / "again"))
        assert (tmp_path / "again" / "mix-v1.zip").read_bytes() == archive

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["absent"], "neither a recipe nor a file"),
            (["mix", "--rebuild", "3"], "no version 3"),
            (["mix", "--out", "/nowhere"], "no folder"),
        ],
    )
    def test_refusals(self, project, arguments, words):
        declared(project)
        with pytest.raises(CommandError, match=words) as refusal:
            call_command("freeze_dataset", "--project", project.slug, *arguments)
        assert refusal.value.returncode == 2

    def test_a_file_that_declares_nothing_is_refused(self, project, tmp_path):
        path = tmp_path / "recipe.json"
        for content, words in ((b"{", "not JSON"), (b'{"name": "x"}', "kind")):
            path.write_bytes(content)
            with pytest.raises(CommandError, match=words):
                call_command("freeze_dataset", "--project", project.slug, str(path))


def test_no_worker_takes_what_the_command_freezes(project, monkeypatch):
    declared(project)
    rung = []
    monkeypatch.setattr(freezings, "ring", lambda job, *ids: rung.append(ids))
    call_command("freeze_dataset", "mix", "--project", project.slug, "--dry-run")
    assert rung == []
    freezing = freezings.start(recipe=Recipe.objects.get(), is_trial=True, requested_by=None)
    assert rung == [(freezing.pk,)]


def test_a_freezing_that_freezes_nothing_has_no_dataset(project):
    freezing = run(declared(project), is_trial=True)
    dataset = frozen(declared(project, name="other")).dataset
    with pytest.raises(DatabaseError, match="trials_freeze_nothing"), transaction.atomic():
        Freezing.objects.filter(pk=freezing.pk).update(dataset=dataset)
