"""A person is erased: their words go everywhere, their judgements stay nobody's, datasets follow."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from annotation import jobs
from annotation.exceptions import NobodyToErase
from annotation.models import (
    Assignment,
    Conversation,
    Dataset,
    DatasetVersion,
    Feedback,
    Message,
    Task,
)
from annotation.selectors import withdrawn
from annotation.services import candidates, erasure, exports, freezings, leases, picks
from annotation.services.file_options import FileOptions
from annotation.services.leased_jobs import Stopped
from labelhub import clock
from labelhub.accounts.models import AuditEvent, Membership, Project
from sampling.models import Context
from tests.chats import CandidatePolicyFactory, GenerationFactory, finished_chat
from tests.factories import (
    MembershipFactory,
    ProjectFactory,
    PromptFactory,
    RatingSchemaFactory,
    RoundFactory,
    UserFactory,
    ready_comparison,
)
from tests.freezing import declared, files_of, frozen
from tests.importing import dialogue, take_in
from tests.judging import judged
from tests.writing import DEMONSTRATION, Person, serving_project

pytestmark = pytest.mark.django_db(transaction=False)

ROOT = Path(__file__).parents[2]


def everything_stored() -> str:
    """Every text, JSON and array of text in the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND data_type IN"
            " ('text', 'character varying', 'jsonb', 'ARRAY')"
        )
        found = []
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT "{column}"::text FROM "{table}"')  # noqa: S608
            found += [value for (value,) in cursor.fetchall() if value]
    return "\n".join(found)


@pytest.fixture
def project():
    return serving_project()


@pytest.fixture
def person(project):
    return Person(project)


def approved(person):
    conversation = person.hand_in_new()
    Conversation.objects.filter(pk=conversation.pk).update(state="approved")
    return conversation


def test_nothing_that_they_wrote_is_left_in_the_database(project, person):
    conversation = approved(person)
    words = [
        text
        for text in Message.objects.filter(
            conversation=conversation, author=person.member.user.rater
        ).values_list("content", flat=True)
        if text
    ]
    assert words
    prompt = PromptFactory(project=project, author=person.member.user.rater, text="Mine alone.")
    said = everything_stored()
    assert all(text in said for text in [*words, "Mine alone."])
    name = person.member.user.username
    erasure.erase(user=person.member.user, actor=None)
    said = everything_stored()
    assert [text for text in [*words, "Mine alone.", name] if text in said] == []
    prompt.refresh_from_db()
    assert (prompt.text, prompt.allowed_use) == ("", [])


def test_no_lead_is_asked_about_a_task_whose_words_are_gone(project, person):
    prompt = PromptFactory(project=project, author=person.member.user.rater)
    held = Person(project).take_new(DEMONSTRATION, prompt)
    leases.skip(assignment=held, reason=Assignment.SkipReason.BROKEN, comment="")
    erasure.erase(user=person.member.user, actor=None)
    assert Task.objects.get().state == Task.State.WITHDRAWN
    assert not withdrawn.withdrawn_in(project=project).exists()


def test_what_they_judged_stays_under_nobodys_name():
    project = ProjectFactory()
    RoundFactory(project=project)
    RatingSchemaFactory(project=project)
    member = MembershipFactory(project=project)
    ranking = judged(project, member, [["A"], ["B"], ["C"], ["D"]])
    assert ranking.comment
    before = frozen(declared(project, kind="comparisons"))
    erased = erasure.erase(user=member.user, actor=None)
    ranking.refresh_from_db()
    assert (ranking.comment, ranking.rater.user) == ("", None)
    assert ranking.placements.count() == 4
    member.refresh_from_db()
    assert member.deactivated_at is not None
    assert not member.user.is_active
    # The comment stood in the version; without it, the ranking may stand in the next.
    before.refresh_from_db()
    assert before.withdrawn_because == erasure.BECAUSE
    (again,) = erased.freezings
    jobs.freeze(again)
    after = DatasetVersion.objects.get(withdrawn_at=None)
    assert (after.number, after.manifest["kept"]) == (2, 1)
    assert "invents a date" not in files_of(after)["mix-v2.jsonl"].decode()


def test_versions_and_exports_with_their_words_go_and_the_next_is_without_them(
    project, person, django_capture_on_commit_callbacks
):
    approved(person)
    take_in(project, dialogue("Hi?", "Hello."))
    recipe = declared(project, file={"format": "openai"}, near_duplicates=False)
    before = frozen(recipe)
    elsewhere = ProjectFactory()
    take_in(elsewhere, dialogue("Untouched?", "Yes."))
    other = frozen(declared(elsewhere))
    export = exports.start_export(
        project=project,
        options=FileOptions.checked(kind="sft", file_format="openai"),
        requested_by=None,
    )
    jobs.export(export.pk)
    export.refresh_from_db()
    stored = exports.storage_name(export)
    assert default_storage.exists(stored)
    with django_capture_on_commit_callbacks(execute=True):
        erased = erasure.erase(user=person.member.user, actor=None)
    assert (erased.n_datasets, erased.n_versions) == (2, 1)
    assert not default_storage.exists(stored)
    assert not default_storage.exists(before.archive)
    export.refresh_from_db()
    assert (export.state, export.error_code) == ("failed", "erased")
    other.refresh_from_db()
    assert other.withdrawn_at is None
    assert Dataset.objects.filter(withdrawn_at=None).get() == other.dataset
    jobs.freeze(erased.freezings[0])
    after = DatasetVersion.objects.get(recipe=recipe, withdrawn_at=None)
    assert after.manifest["table"]["sources"][0]["excluded"] == {"erased": 1}
    assert after.manifest["kept"] == 1


def test_a_mixture_that_has_read_their_words_is_called_off(project, person):
    approved(person)
    asked = freezings.start(
        recipe=declared(project), is_trial=False, requested_by=None, run_here=True
    )
    freezing = freezings.claim(freezing_id=asked.pk)

    def erase_once_all_are_read(stage, n_through, n_rows):
        if n_through and n_through == n_rows:
            erasure.erase(user=person.member.user, actor=None)

    with pytest.raises(Stopped):
        freezings.mixed(freezing=freezing, tell=erase_once_all_are_read)
    assert not Dataset.objects.exists()


def test_what_others_said_too_stays_where_policies_were_shown_it(project, person):
    theirs = approved(person)
    opening = Message.objects.filter(conversation=theirs, role="user").first()
    shown = [{"role": "user", "content": opening.content}]
    context = Context.objects.create(messages=shown, sha256="c" * 64)
    mine = ready_comparison(project, conversation=theirs, context=context)
    others = ready_comparison(
        project, conversation=finished_chat(project, "Good day."), context=context
    )
    erasure.erase(user=person.member.user, actor=None)
    context.refresh_from_db()
    assert (context.messages, context.sha256) == (shown, "c" * 64)
    mine.refresh_from_db()
    others.refresh_from_db()
    assert (mine.allowed_use, others.allowed_use != []) == ([], True)


def test_what_policies_were_shown_goes_and_its_place_is_free_again(project, person):
    conversation = approved(person)
    opening = Message.objects.filter(conversation=conversation, role="user").first()
    shown = [{"role": "user", "content": opening.content}, {"role": "assistant", "content": "x"}]
    context = Context.objects.create(messages=shown, sha256="a" * 64)
    task = Task.objects.create(
        project=project, kind="review", subject=conversation, order_key=1,
        pool=Task.objects.first().pool, created_at=conversation.created_at,
    )  # fmt: skip

    comparison = ready_comparison(project, conversation=conversation, context=context)
    prompt = PromptFactory(project=project, author=person.member.user.rater, text="Mine alone.")
    asked = Context.objects.create(
        messages=[{"role": "user", "content": "Mine alone."}], sha256="b" * 64
    )
    drawn = ready_comparison(project, prompt=prompt, context=asked)
    erasure.erase(user=person.member.user, actor=None)
    drawn.refresh_from_db()
    asked.refresh_from_db()
    assert (asked.messages[0]["content"], drawn.allowed_use) == ("", [])
    context.refresh_from_db()
    assert [turn["content"] for turn in context.messages] == ["", "x"]
    assert context.sha256 != "a" * 64
    comparison.refresh_from_db()
    assert comparison.allowed_use == []
    task.refresh_from_db()
    assert task.state == "withdrawn"


@pytest.mark.parametrize("text", ["Ask the harbour master.", "I am llama-9, ask the master."])
def test_an_answer_of_theirs_among_candidates_goes(text):
    project = CandidatePolicyFactory(policy__name="llama-9").project
    Project.objects.update(reference_takes_part=True, n_candidates=2)
    project.refresh_from_db()
    chat = finished_chat(project, "The original.")
    member = MembershipFactory(project=project)
    Feedback.objects.create(
        project=project, message=chat.messages.get(role="assistant"), rater=member.user.rater,
        thumb="down", rewrite=text, created_at=clock.now(),
    )  # fmt: skip
    (comparison,) = picks.pick_comparisons(project=project, n_wanted=1).begun
    candidates.request_candidates(comparison_id=comparison.pk)
    assert "master" in comparison.candidates.get(origin="reference").content
    erasure.erase(user=member.user, actor=None)
    assert "master" not in everything_stored()
    comparison.refresh_from_db()
    assert comparison.allowed_use == []
    assert Task.objects.get(comparison=comparison).state == "withdrawn"
    assert comparison.candidates.get(origin="original").content == "The original."


def test_what_they_tried_on_a_policy_goes():
    member = MembershipFactory(role=Membership.Role.MANAGER)
    for purpose, asked_by in (("probe", member.user), ("probe", None), ("draft", member.user)):
        words = f"{purpose} of {asked_by and 'theirs'}"
        GenerationFactory(
            project=member.project, purpose=purpose, requested_by=asked_by,
            context=Context.objects.create(
                messages=[{"role": "user", "content": words}], sha256=f"{words:<64}"
            ),
        )  # fmt: skip
    common = Context.objects.create(messages=[{"role": "user", "content": "Hi"}], sha256="c" * 64)
    GenerationFactory(
        project=member.project, purpose="probe", requested_by=member.user, context=common
    )
    ready_comparison(member.project, context=common)
    erasure.erase(user=member.user, actor=None)
    left = {context.messages[0]["content"] for context in Context.objects.all()}
    assert {"", "probe of None", "draft of theirs", "Hi"} <= left
    assert "probe of theirs" not in left


def test_it_is_on_record_and_happens_once(person):
    admin = UserFactory(is_superuser=True)
    user = person.member.user
    rater = user.rater
    erasure.erase(user=user, actor=admin)
    event = AuditEvent.objects.get(verb="person erased")
    assert (event.actor, event.object_id) == (admin, str(rater.pk))
    for someone in (user, admin):
        with pytest.raises(NobodyToErase):
            erasure.erase(user=someone, actor=admin)


def test_the_triggers_hold_again_afterwards(project, person):
    other = approved(Person(project))
    approved(person)
    erasure.erase(user=person.member.user, actor=None)
    with pytest.raises(DatabaseError), transaction.atomic():
        Message.objects.filter(conversation=other).update(content="")


def test_nothing_else_gets_past_the_triggers():
    users = [
        path.relative_to(ROOT).as_posix()
        for app in ("annotation", "sampling", "labelhub")
        for path in (ROOT / app).rglob("*.py")
        if "pgtrigger.ignore" in path.read_text()
    ]
    assert users == ["annotation/services/erasure.py"]


def test_an_admin_and_the_command_erase(project, capsys):
    first, second = Person(project), Person(project)
    client = Client()
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    answer = client.post(
        reverse("admin:accounts_user_changelist"),
        {"action": "erase_people", "_selected_action": [first.member.user.pk]},
        follow=True,
    )
    assert "0 texts erased" in answer.content.decode()
    name = second.member.user.username
    call_command("erase_person", name, "--for-good")
    assert "0 texts erased" in capsys.readouterr().err
    with pytest.raises(CommandError, match="nobody called") as refusal:
        call_command("erase_person", name, "--for-good")
    assert refusal.value.returncode == 2
    assert Membership.objects.filter(project=project, deactivated_at=None).count() == 0
