"""Writing demonstrations over the API: threads, drafts, handing in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from annotation.models import (
    Assignment,
    Conversation,
    Draft,
    Message,
    PersonalDataFinding,
    Prompt,
    RoundPolicy,
    Task,
)
from labelhub.accounts.models import Project
from sampling import tokens
from sampling.models import Generation, Policy
from tests.factories import ImportRunFactory, PromptFactory, RoundPolicyFactory
from tests.writing import (
    CHAT,
    DEMONSTRATION,
    UNUSUAL_PARAMS,
    Person,
    contents,
    conversation_of,
    dialogue,
    end_generation,
    serving_project,
)

pytestmark = pytest.mark.django_db
NINE = "The harbour wall was built of grey stone quarried inland."


@pytest.fixture
def trainer() -> Person:
    return Person(serving_project())


@pytest.fixture
def assignment(trainer: Person) -> Assignment:
    return trainer.take_new(DEMONSTRATION)


def set_project(project: Project, **settings: Any) -> None:
    Project.objects.filter(pk=project.pk).update(**settings)


def ids(answer: Any) -> list[int]:
    return [message["id"] for message in answer.json()["messages"]]


def generation_of(answer: dict[str, Any]) -> int:
    """The one generation that the drafts of an answer come from."""
    (generation,) = {draft["generation"] for draft in answer["drafts"]}
    return int(generation)


def drafts_for(trainer: Person, assignment: Assignment, *texts: str, **body: Any) -> list[int]:
    """Ask for drafts and let them end; their ids by index."""
    answer = trainer.post(
        f"assignments/{assignment.pk}/drafts/",
        {"version": conversation_of(assignment).version} | body,
    )
    assert answer.status_code == 200, answer.json()
    end_generation(generation_of(answer.json()), *texts)
    return [draft["id"] for draft in sorted(answer.json()["drafts"], key=lambda row: row["index"])]


class TestOpening:
    def test_a_prompt_is_the_first_turn_and_can_be_edited(self, trainer: Person) -> None:
        prompt = PromptFactory(
            project=trainer.project,
            kind=Prompt.Kind.PROMPT,
            text="Why is the sea salt?",
            licence="cc0",
        )
        assignment = trainer.take_new(DEMONSTRATION, prompt)
        conversation = conversation_of(assignment)
        assert contents(assignment) == ["Why is the sea salt?"]
        assert (conversation.licence, conversation.origin_key) == ("cc0", prompt.origin_key)
        answer = trainer.save(assignment, [{"role": "user", "content": "Why is sea water salt?"}])
        assert [turn["content"] for turn in answer.json()["messages"]] == ["Why is sea water salt?"]

    def test_a_brief_leaves_the_page_empty(self, trainer: Person) -> None:
        prompt = PromptFactory(project=trainer.project, kind=Prompt.Kind.BRIEF)
        assert contents(trainer.take_new(DEMONSTRATION, prompt)) == []

    def test_turns_that_came_with_a_prompt_train_nothing(self, trainer: Person) -> None:
        set_project(trainer.project, review_first=0, review_share=0)
        prompt = PromptFactory(
            project=trainer.project,
            kind=Prompt.Kind.PROMPT,
            turns_before=[
                {"role": "user", "content": "Hello."},
                {"role": "assistant", "content": "Good day."},
            ],
        )
        assignment = trainer.take_new(DEMONSTRATION, prompt)
        kept = [
            {"id": pk} for pk in conversation_of(assignment).messages.values_list("pk", flat=True)
        ]
        answer = trainer.save(assignment, [*kept, {"role": "assistant", "content": "It is so."}])
        assert answer.status_code == 200
        assert trainer.hand_in(assignment).json()["next"] == "accepted"
        trainable = conversation_of(assignment).messages.filter(trainable=True)
        assert [message.content for message in trainable] == ["It is so."]

    def test_the_arm_of_the_trial_is_stored_and_follows_the_share(self, trainer: Person) -> None:
        set_project(trainer.project, no_draft_share=1.0)
        assert trainer.take_new(DEMONSTRATION).draft_arm == Assignment.DraftArm.NO_DRAFTS
        set_project(trainer.project, no_draft_share=0.0)
        other = Person(trainer.project)
        assert other.take_new(DEMONSTRATION).draft_arm == Assignment.DraftArm.DRAFTS


class TestThread:
    def test_only_what_differs_is_written_anew_and_nothing_is_lost(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        first = ids(trainer.save(assignment, dialogue(4)))
        answer = trainer.save(
            assignment,
            [
                {"id": first[0]},
                {"role": "assistant", "content": "Another answer."},
                {"id": first[2]},
                {"id": first[3]},
            ],
        )
        second = ids(answer)
        assert second[0] == first[0]
        assert not set(second[1:]) & set(first)
        assert answer.json()["version"] == 2
        assert [len(turn["tries"]) for turn in answer.json()["messages"]] == [1, 2, 1, 1]
        set_aside = Message.objects.filter(conversation=conversation_of(assignment), is_live=False)
        assert set(set_aside.values_list("pk", flat=True)) == set(first[1:])

    def test_turns_are_inserted_and_deleted(self, trainer: Person, assignment: Assignment) -> None:
        kept = [{"id": pk} for pk in ids(trainer.save(assignment, dialogue(4)))]
        inserted = [{"role": "user", "content": "And?"}, {"role": "assistant", "content": "That."}]
        trainer.save(assignment, [*kept[:2], *inserted, *kept[2:]])
        assert contents(assignment)[2:4] == ["And?", "That."]
        assert len(contents(assignment)) == 6
        live = conversation_of(assignment).messages.filter(is_live=True).order_by("position")
        answer = trainer.save(assignment, [{"id": message.pk} for message in live[:2]])
        assert len(answer.json()["messages"]) == 2
        assert trainer.save(assignment, []).json()["messages"] == []

    def test_a_system_turn_may_come_first(self, trainer: Person, assignment: Assignment) -> None:
        system = {"role": "system", "content": "Answer in one sentence."}
        answer = trainer.save(assignment, [system, *dialogue(2)])
        roles = [turn["role"] for turn in answer.json()["messages"]]
        assert roles == ["system", "user", "assistant"]

    def test_the_same_words_again_change_nothing(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        first = trainer.save(assignment, dialogue(4)).json()
        assert trainer.save(assignment, dialogue(4)).json() == first

    def test_pasting_is_stored_as_a_length(self, trainer: Person, assignment: Assignment) -> None:
        turn = {"role": "user", "content": "Pasted words.", "pasted_characters": 13}
        trainer.save(assignment, [turn])
        assert conversation_of(assignment).messages.get().pasted_characters == 13

    @pytest.mark.parametrize(
        ("turns", "code", "place"),
        [
            ([{"role": "assistant", "content": "I begin."}], "roles_must_alternate", "turns.0"),
            ([*dialogue(1), *dialogue(1)], "roles_must_alternate", "turns.1"),
            (
                [*dialogue(2), {"role": "system", "content": "Late."}],
                "roles_must_alternate",
                "turns.2",
            ),
            ([*dialogue(1), {"role": "assistant", "content": " \n"}], "empty_turn", "turns.1"),
            ([{"role": "user", "content": "x" * 201}], "turn_too_long", "turns.0"),
            (dialogue(7), "too_many_turns", "turns.6"),
            ([{"id": 2**40}], "unknown_turn", "turns.0"),
            ([{"content": "Whose?"}], "invalid", "turns.0.non_field_errors"),
            ([{"role": "tool", "content": "1"}], "invalid", "turns.0.role"),
        ],
    )
    def test_a_thread_that_is_no_dialogue_is_refused_by_name(
        self, trainer: Person, assignment: Assignment, turns: list[Any], code: str, place: str
    ) -> None:
        set_project(trainer.project, max_turns=6, max_turn_characters=200)
        answer = trainer.save(assignment, turns)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert list(answer.json()["fields"]) == [place]
        assert contents(assignment) == []

    def test_a_second_tab_is_told(self, trainer: Person, assignment: Assignment) -> None:
        trainer.save(assignment, dialogue(2), version=0)
        answer = trainer.save(assignment, dialogue(4), version=0)
        assert (answer.status_code, answer.json()["code"]) == (409, "stale_version")
        assert answer.json()["version"] == 1
        assert len(contents(assignment)) == 2

    def test_anothers_assignment_and_another_kind_are_not_there(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        stranger = Person(trainer.project)
        chat = trainer.take_new(CHAT)
        for person, pk in ((stranger, assignment.pk), (trainer, chat.pk), (trainer, 10**9)):
            for answer in (
                person.put(f"assignments/{pk}/thread/", {"version": 0, "turns": []}),
                person.post(f"assignments/{pk}/drafts/", {"version": 0}),
                person.post(
                    f"assignments/{pk}/demonstration/", {"version": 0, "key": str(uuid4())}
                ),
            ):
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    def test_the_number_of_statements_does_not_grow_with_the_thread(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        counts = []
        for n_turns in (2, 30):
            turns = dialogue(n_turns)
            turns[0] = {"role": "user", "content": f"A thread of {n_turns} turns."}
            with CaptureQueriesContext(
                connection,
            ) as captured:
                assert trainer.save(assignment, turns, version=len(counts)).status_code == 200
            counts.append(len(captured))
        # The second save also sets the first thread aside.
        assert counts[0] <= counts[1] <= counts[0] + 1
        assert counts[1] <= 18


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


class TestHandingIn:
    def test_the_first_ones_wait_for_a_review(self, trainer: Person) -> None:
        conversation = trainer.hand_in_new()
        assert conversation.state == Conversation.State.SUBMITTED
        task = Task.objects.get(kind="review")
        assert task.subject == conversation
        assert task.barred_raters == [trainer.member.user.rater.pk]
        assert not conversation.messages.filter(trainable=True).exists()

    def test_later_ones_are_drawn_and_the_rest_accepted(self, trainer: Person) -> None:
        set_project(trainer.project, review_first=1, review_share=0)
        assert trainer.hand_in_new().state == Conversation.State.SUBMITTED
        accepted = trainer.hand_in_new()
        assert accepted.state == Conversation.State.ACCEPTED_BY_SAMPLING
        trainable = accepted.messages.filter(trainable=True)
        assert set(trainable.values_list("role", flat=True)) == {"assistant"}
        set_project(trainer.project, review_share=1)
        assert trainer.hand_in_new().state == Conversation.State.SUBMITTED

    def test_what_is_accepted_can_never_change(self, trainer: Person) -> None:
        set_project(trainer.project, review_first=0, review_share=0)
        conversation = trainer.hand_in_new()
        message = conversation.messages.first()
        assert message is not None
        for change in (
            lambda: Message.objects.filter(pk=message.pk).update(is_live=False),
            lambda: Message.objects.filter(pk=message.pk).update(content="Other words."),
            lambda: Message.objects.filter(pk=message.pk).delete(),
            lambda: Message.objects.create(
                project=conversation.project,
                conversation=conversation,
                parent=message,
                position=1,
                sibling=9,
                is_live=False,
                role="user",
                content="One more.",
                origin="human",
                created_at=conversation.created_at,
            ),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()

    def test_submitting_twice(self, trainer: Person, assignment: Assignment) -> None:
        trainer.save(assignment, dialogue(2))
        body = {"key": str(uuid4()), "version": 1}
        path = f"assignments/{assignment.pk}/demonstration/"
        first = trainer.post(path, body)
        assert (first.status_code, first.json()) == (200, {"state": "submitted", "next": "review"})
        assert trainer.post(path, body).json() == first.json()
        for other in (body | {"key": str(uuid4())}, body | {"version": 2}):
            answer = trainer.post(path, other)
            assert answer.status_code == 409
            assert answer.json()["code"] == "already_submitted_differently"
        assert Task.objects.filter(kind="review").count() == 1
        late = trainer.save(assignment, dialogue(4), version=1)
        assert (late.status_code, late.json()["code"]) == (409, "lease_lost")

    def test_refusals(self, trainer: Person, assignment: Assignment) -> None:
        set_project(trainer.project, min_turns=4)

        def refusal() -> tuple[int, str]:
            answer = trainer.hand_in(assignment)
            return answer.status_code, answer.json()["code"]

        assert refusal() == (400, "nothing_written")
        trainer.save(assignment, dialogue(1))
        assert refusal() == (400, "must_end_with_assistant")
        trainer.save(assignment, dialogue(2))
        assert refusal() == (400, "too_few_turns")
        stale = trainer.post(
            f"assignments/{assignment.pk}/demonstration/", {"key": str(uuid4()), "version": 1}
        )
        assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
        assert conversation_of(assignment).state == Conversation.State.WRITING

    def test_the_number_of_statements_does_not_grow_with_thread_or_drafts(
        self, trainer: Person
    ) -> None:
        trainer.hand_in_new()  # makes the pool of reviews
        counts = []
        for n_turns in (2, 20):
            assignment = trainer.take_new(DEMONSTRATION)
            for done in range(1, n_turns, 2):
                trainer.save(assignment, dialogue(done))
                drafts_for(trainer, assignment, "One.", "Two.")
            trainer.save(assignment, dialogue(n_turns))
            with CaptureQueriesContext(connection) as captured:
                assert trainer.hand_in(assignment).status_code == 200
            counts.append(len(captured))
        assert counts[0] == counts[1]
        assert counts[1] <= 30


class TestPuttingBack:
    def test_an_earlier_turn_comes_back_with_what_it_began_as(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        """An undo names turns that are no longer live; nothing of their making is lost."""
        question = ids(trainer.save(assignment, dialogue(1)))
        (draft, _) = drafts_for(trainer, assignment, NINE, "Other.")
        used = trainer.save(
            assignment,
            [{"id": question[0]}, {"role": "assistant", "content": NINE, "draft": draft}],
        )
        before = ids(used)
        rewritten = {"role": "assistant", "content": "All my own words here.", "edits": before[1]}
        assert trainer.save(assignment, [{"id": before[0]}, rewritten]).status_code == 200
        answer = trainer.save(assignment, [{"id": pk} for pk in before])
        assert answer.status_code == 200
        last = answer.json()["messages"][-1]
        assert (last["content"], last["origin"], last["model_share"]) == (NINE, "model", 1.0)
        assert Draft.objects.get(pk=draft).outcome == Draft.Outcome.INSERTED

    def test_a_turn_of_another_conversation_does_not(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        other = Person(trainer.project)
        theirs = ids(other.save(other.take_new(DEMONSTRATION), dialogue(1)))
        answer = trainer.save(assignment, [{"id": theirs[0]}])
        assert answer.json()["code"] == "unknown_turn"


class TestPasting:
    def test_a_rewording_keeps_what_was_pasted_before(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        turn = {"role": "user", "content": "Pasted words.", "pasted_characters": 13}
        (first,) = ids(trainer.save(assignment, [turn]))
        reworded = {"role": "user", "content": "Pasted words!", "edits": first}
        (message,) = trainer.save(assignment, [reworded]).json()["messages"]
        assert message["pasted_characters"] == 13

    @pytest.mark.parametrize(("pasted", "following"), [(10, "review"), (9, "accepted")])
    def test_half_a_turn_pasted_goes_to_a_reviewer(
        self, trainer: Person, assignment: Assignment, pasted: int, following: str
    ) -> None:
        set_project(trainer.project, review_first=0, review_share=0)
        turns = [
            *dialogue(1),
            {"role": "assistant", "content": "x" * 20, "pasted_characters": pasted},
        ]
        trainer.save(assignment, turns)
        assert trainer.hand_in(assignment).json()["next"] == following


class TestPersonalData:
    def test_the_author_is_warned_once_and_the_spans_are_kept(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        turns = [*dialogue(1), {"role": "assistant", "content": "Write to ada@mail.org."}]
        trainer.save(assignment, turns)
        refused = trainer.hand_in(assignment)
        assert (refused.status_code, refused.json()["code"]) == (409, "personal_data_found")
        assert refused.json()["fields"] == {
            "turns.1": ["“ada@mail.org” looks like an e-mail address."]
        }
        body = {"key": str(uuid4()), "version": 1, "personal_data_confirmed": True}
        path = f"assignments/{assignment.pk}/demonstration/"
        assert trainer.post(path, body).status_code == 200
        (finding,) = PersonalDataFinding.objects.all()
        message = finding.message.content
        assert (finding.kind, message[finding.start : finding.end]) == ("email", "ada@mail.org")

    def test_what_came_with_the_prompt_is_not_the_authors(self, trainer: Person) -> None:
        prompt = PromptFactory(
            project=trainer.project,
            kind=Prompt.Kind.PROMPT,
            text="Is ada@mail.org right?",
            import_run=ImportRunFactory(project=trainer.project),
        )
        assignment = trainer.take_new(DEMONSTRATION, prompt)
        kept = conversation_of(assignment).messages.get()
        trainer.save(assignment, [{"id": kept.pk}, {"role": "assistant", "content": "Yes."}])
        assert trainer.hand_in(assignment).status_code == 200


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
        (question,) = ids(trainer.save(assignment, dialogue(1)))
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


class TestLengths:
    def test_tokens_are_the_policys_own(self, trainer: Person, assignment: Assignment) -> None:
        path = f"assignments/{assignment.pk}/lengths/"
        body = {"role": "user", "content": "How do I keep basil alive?"}
        # Nobody can count for a server without a tokenizer.
        assert trainer.post(path, body).json()["turn"] is None
        Policy.objects.update(source="fixtures/policy/demo", context_window_tokens=1024)
        counted = trainer.post(path, body).json()
        chat = tokens.load(settings.BASE_DIR / "fixtures" / "policy" / "demo")
        assert counted["turn"] == chat.count_text(body["content"])
        assert counted["total"] == chat.count([body])
        assert (counted["window"], counted["reply"], counted["limit"]) == (1024, 512, None)

    def test_a_turn_over_the_limit_is_named(self, trainer: Person, assignment: Assignment) -> None:
        Policy.objects.update(source="fixtures/policy/demo")
        set_project(trainer.project, max_turn_tokens=5)
        long = {"role": "assistant", "content": "One two three four five six seven eight nine."}
        answer = trainer.save(assignment, [{"role": "user", "content": "Hi."}, long])
        assert (answer.status_code, answer.json()["code"]) == (400, "turn_too_long")
        assert list(answer.json()["fields"]) == ["turns.1"]


def test_a_refused_submission_names_the_turn(trainer: Person, assignment: Assignment) -> None:
    assert trainer.hand_in(assignment).json()["fields"] == {"turns.0": ["Write the first turn."]}
    trainer.save(assignment, dialogue(3))
    assert list(trainer.hand_in(assignment).json()["fields"]) == ["turns.2"]
    set_project(trainer.project, min_turns=4)
    trainer.save(assignment, dialogue(2))
    assert trainer.hand_in(assignment).json()["fields"] == {
        "turns.1": ["Write 2 more after this one."]
    }
