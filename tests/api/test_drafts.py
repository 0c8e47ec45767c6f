"""Drafts over the API: asking for them, taking them whole, in part or changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from annotation.models import (
    Assignment,
    Draft,
    RoundPolicy,
)
from labelhub.accounts.models import Project
from sampling.models import Generation
from tests.factories import RoundPolicyFactory
from tests.writing import (
    DEMONSTRATION,
    NINE,
    UNUSUAL_PARAMS,
    Person,
    conversation_of,
    dialogue,
    drafts_for,
    end_generation,
    generation_of,
    message_ids,
    serving_project,
    set_project,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer() -> Person:
    return Person(serving_project())


@pytest.fixture
def assignment(trainer: Person) -> Assignment:
    return trainer.take_new(DEMONSTRATION)


class TestDrafts:
    def test_a_draft_taken_whole_and_one_changed(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        trainer.save(assignment, dialogue(1))
        whole, ignored = drafts_for(trainer, assignment, NINE, "Nothing to see.")
        turns = dialogue(3)
        turns[1] = {"role": "assistant", "content": NINE, "draft": whole}
        answer = trainer.save(assignment, turns)
        turn = answer.json()["messages"][1]
        assert (turn["origin"], turn["model_share"]) == ("model", 1.0)
        changed, _ = drafts_for(trainer, assignment, NINE, "Still nothing.")
        edited = {"role": "assistant", "content": f"{NINE} Or so one more says.", "draft": changed}
        answer = trainer.save(assignment, [*turns, edited])
        turn = answer.json()["messages"][3]
        assert turn["origin"] == "model-edited"
        assert turn["model_share"] == pytest.approx(10 / 15)
        assert trainer.hand_in(assignment).status_code == 200
        ledger = {draft.pk: draft for draft in Draft.objects.all()}
        assert (ledger[whole].outcome, ledger[whole].survival) == ("inserted", 1.0)
        assert (ledger[changed].outcome, ledger[changed].survival) == ("edited", 1.0)
        assert ledger[ignored].outcome == "ignored"
        assert ledger[ignored].text_as_shown == "Nothing to see."
        assert ledger[whole].first_token_seconds is not None

    def test_an_edited_turn_stays_the_drafts_while_words_of_it_are_left(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        first = trainer.save(assignment, dialogue(1)).json()["messages"][0]["id"]
        draft, _ = drafts_for(trainer, assignment, NINE, "Other.")
        kept = {"id": first}
        trainer.save(assignment, [kept, {"role": "assistant", "content": NINE, "draft": draft}])
        later = {"role": "assistant", "content": "Grey stone quarried inland makes a wall."}
        turn = trainer.save(assignment, [kept, later]).json()["messages"][1]
        assert turn["origin"] == "model-edited"
        assert 0 < turn["model_share"] < 1
        row = Draft.objects.get(pk=draft)
        assert (row.outcome, row.message_id) == ("edited", turn["id"])
        own = {"role": "assistant", "content": "Nobody knows any more."}
        turn = trainer.save(assignment, [kept, own]).json()["messages"][1]
        assert (turn["origin"], turn["model_share"]) == ("human", None)
        trainer.hand_in(assignment)
        row.refresh_from_db()
        assert (row.outcome, row.message_id) == ("ignored", None)

    def test_a_draft_whose_context_changed_is_stale_at_submit(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        trainer.save(assignment, dialogue(1))
        drafts_for(trainer, assignment, "One.", "Two.")
        trainer.save(assignment, [{"role": "user", "content": "Something else?"}, dialogue(2)[1]])
        trainer.hand_in(assignment)
        assert set(Draft.objects.values_list("outcome", flat=True)) == {"stale"}

    def test_a_draft_can_be_inserted_before_its_job_has_run(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        trainer.save(assignment, dialogue(1))
        asked = trainer.post(f"assignments/{assignment.pk}/drafts/", {"version": 1}).json()
        shown = {draft["index"]: draft["id"] for draft in asked["drafts"]}
        turns = [*dialogue(1), {"role": "assistant", "content": NINE, "draft": shown[0]}]
        answer = trainer.save(assignment, turns)
        assert (answer.status_code, answer.json()["code"]) == (409, "draft_unfinished")
        end_generation(generation_of(asked), NINE, "Other.", ring=False)
        assert trainer.save(assignment, turns).json()["messages"][1]["origin"] == "model"
        row = Draft.objects.get(pk=shown[0])
        assert row.completion is not None
        assert row.completion.text == row.text_as_shown == NINE

    def test_order_and_params_are_stored_and_the_temperature_can_be_chosen(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        set_project(trainer.project, n_drafts=3)
        RoundPolicy.objects.filter(use="draft").update(**UNUSUAL_PARAMS)
        trainer.save(assignment, dialogue(1))
        asked = trainer.post(
            f"assignments/{assignment.pk}/drafts/", {"version": 1, "temperature": 0.25}
        ).json()
        assert sorted(draft["shown_order"] for draft in asked["drafts"]) == [0, 1, 2]
        assert sorted(draft["index"] for draft in asked["drafts"]) == [0, 1, 2]
        generation = Generation.objects.get(pk=generation_of(asked))
        usual = RoundPolicy.objects.get(use="draft").params
        assert generation.params == replace(usual, temperature=0.25)
        assert generation.n_completions == 3
        assert generation.requested_by == trainer.member.user
        assert generation.context.messages == dialogue(1)

    def test_the_page_tells_what_it_did_with_a_draft(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        trainer.save(assignment, dialogue(1))
        draft, used = drafts_for(trainer, assignment, "One two three.", NINE)
        told = {"outcome": "dismissed", "on_screen_seconds": 4.5}
        assert trainer.patch(f"drafts/{draft}/", told).status_code == 204
        assert trainer.patch(f"drafts/{draft}/", {"on_screen_seconds": 2.0}).status_code == 204
        row = Draft.objects.get(pk=draft)
        assert (row.outcome, row.on_screen_seconds) == ("dismissed", 4.5)
        turns = [*dialogue(1), {"role": "assistant", "content": NINE, "draft": used}]
        trainer.save(assignment, turns)
        answer = trainer.patch(f"drafts/{used}/", {"outcome": "dismissed"})
        assert (answer.status_code, answer.json()["code"]) == (409, "draft_used")
        assert trainer.patch(f"drafts/{draft}/", {"outcome": "inserted"}).status_code == 400
        assert Person(trainer.project).patch(f"drafts/{draft}/", told).status_code == 404

    def test_a_report_after_the_submit_changes_the_time_on_screen_only(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        trainer.save(assignment, dialogue(1))
        used, ignored = drafts_for(trainer, assignment, NINE, "Nothing to see.")
        trainer.save(
            assignment, [*dialogue(1), {"role": "assistant", "content": NINE, "draft": used}]
        )
        assert trainer.hand_in(assignment).status_code == 200
        late = {"outcome": "stale", "on_screen_seconds": 4.5, "text_as_shown": "Nothing"}
        for draft in (used, ignored):
            assert trainer.patch(f"drafts/{draft}/", late).status_code == 204
        rows = Draft.objects.values_list("outcome", "text_as_shown", "on_screen_seconds")
        assert set(rows) == {("inserted", NINE, 4.5), ("ignored", "Nothing to see.", 4.5)}

    def test_what_was_on_screen_of_a_draft_waved_away_early_is_kept(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        trainer.save(assignment, dialogue(1))
        asked = trainer.post(f"assignments/{assignment.pk}/drafts/", {"version": 1}).json()
        seen = min(asked["drafts"], key=lambda draft: draft["index"])["id"]
        trainer.patch(f"drafts/{seen}/", {"outcome": "dismissed", "text_as_shown": "The harb"})
        end_generation(generation_of(asked), NINE, "Other.")
        row = Draft.objects.get(pk=seen)
        assert row.completion is not None
        assert (row.text_as_shown, row.completion.text) == ("The harb", NINE)

    def test_asking_again_stops_what_is_still_being_written(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        trainer.save(assignment, dialogue(1))
        path = f"assignments/{assignment.pk}/drafts/"
        ended = generation_of(trainer.post(path, {"version": 1}).json())
        end_generation(ended, "One.", "Two.")
        first = generation_of(trainer.post(path, {"version": 1}).json())
        second = generation_of(trainer.post(path, {"version": 1}).json())
        states = dict(Generation.objects.values_list("pk", "state"))
        assert (states[ended], states[first], states[second]) == ("done", "cancelled", "queued")

    def test_refusals(self, trainer: Person, assignment: Assignment) -> None:
        path = f"assignments/{assignment.pk}/drafts/"

        def refusal(body: dict[str, Any]) -> tuple[int, str]:
            answer = trainer.post(path, body)
            return answer.status_code, answer.json()["code"]

        assert refusal({"version": 0}) == (409, "not_the_assistants_turn")
        trainer.save(assignment, dialogue(1))
        assert refusal({"version": 0}) == (409, "stale_version")
        assert refusal({"version": 1, "temperature": 9}) == (400, "invalid")
        set_project(trainer.project, draft_mode=Project.DraftMode.OFF)
        assert refusal({"version": 1}) == (403, "drafts_off")
        set_project(trainer.project, draft_mode=Project.DraftMode.ON_REQUEST)
        Assignment.objects.update(draft_arm=Assignment.DraftArm.NO_DRAFTS)
        assert refusal({"version": 1}) == (403, "drafts_off")
        Assignment.objects.update(draft_arm=Assignment.DraftArm.DRAFTS)
        trainer.project.rounds.get().policies.all().delete()
        assert refusal({"version": 1}) == (409, "no_policy")

    def test_only_ones_own_drafts_for_such_a_turn_can_be_inserted(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        other = Person(trainer.project)
        others = other.take_new(DEMONSTRATION)
        other.save(others, dialogue(1))
        (draft, _) = drafts_for(other, others, NINE, "Other.")
        trainer.save(assignment, dialogue(1))
        theirs = [*dialogue(1), {"role": "assistant", "content": NINE, "draft": draft}]
        assert trainer.save(assignment, theirs).json()["code"] == "unknown_draft"
        (own, _) = drafts_for(trainer, assignment, NINE, "Other.")
        as_user = [{"role": "user", "content": NINE, "draft": own}]
        assert trainer.save(assignment, as_user).json()["code"] == "unknown_draft"


class TestDraftsOfBothSides:
    def test_a_policy_plays_the_user_where_the_project_allows(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        trainer.save(assignment, dialogue(2))
        path = f"assignments/{assignment.pk}/drafts/"
        assert trainer.post(path, {"version": 1}).json()["code"] == "not_the_assistants_turn"
        set_project(trainer.project, user_drafts=True)
        answer = trainer.post(path, {"version": 1})
        generation = Generation.objects.get(pk=generation_of(answer.json()))
        (asked,) = generation.context.messages
        assert asked["content"].endswith("Assistant: Turn 1 says something of its own.")
        end_generation(generation.pk, "And what is it made of?", "Why?")
        draft = Draft.objects.get(generation=generation, index=0)
        turns = [
            {"id": pk} for pk in conversation_of(assignment).messages.values_list("pk", flat=True)
        ]
        turn = {"role": "user", "content": "And what is it made of?", "draft": draft.pk}
        message = trainer.save(assignment, [*turns, turn]).json()["messages"][-1]
        assert (message["role"], message["origin"]) == ("user", "model")

    def test_several_policies_meet_side_by_side(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        RoundPolicyFactory(round=trainer.project.rounds.get(), use=RoundPolicy.Use.DRAFT)
        trainer.save(assignment, dialogue(1))
        answer = trainer.post(f"assignments/{assignment.pk}/drafts/", {"version": 1}).json()
        generations = {draft["generation"] for draft in answer["drafts"]}
        policies = set(
            Generation.objects.filter(pk__in=generations).values_list("policy", flat=True)
        )
        assert (len(generations), len(policies)) == (2, 2)
        assert [draft["shown_order"] for draft in answer["drafts"]] == [0, 1]

    def test_words_of_a_draft_taken_one_by_one_are_a_part(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        (question,) = message_ids(trainer.save(assignment, dialogue(1)))
        (draft, _) = drafts_for(trainer, assignment, NINE, "Other.")
        turn = {
            "role": "assistant",
            "content": "The harbour wall was built.",
            "draft": draft,
            "draft_part": True,
        }
        trainer.save(assignment, [{"id": question}, turn])
        trainer.hand_in(assignment)
        row = Draft.objects.get(pk=draft)
        assert (row.outcome, row.survival) == (Draft.Outcome.PARTIAL, 0.5)
