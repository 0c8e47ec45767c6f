"""Rows that were not taken: what becomes of a person's words in them."""

from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from annotation.models import Message, RejectedRow, Upload
from annotation.services import erasure
from labelhub import clock
from tests.factories import ProjectFactory
from tests.importing import take_in
from tests.writing import Person, serving_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return Person(serving_project())


@pytest.fixture
def text(person):
    """What the person wrote in a dialogue."""
    rater = person.member.user.rater
    conversation = person.hand_in_new()
    return Message.objects.filter(conversation=conversation, author=rater).first().content


def test_rejected_rows_lose_the_words_of_a_person_who_is_erased(
    person, text, django_capture_on_commit_callbacks
):
    holding = [
        f'{{"messages":[{{"role":"user","content":"{text}"}}]}}',
        # No JSON at all, and one voice of several.
        f'{{"messages":[{{"content": "  {text} ",',
        f'{{"chosen":"\\n\\nHuman: {text}\\n\\nAssistant: Yes.","rejected":""}}',
    ]
    others = ['{"messages":[{"role":"user","content":"Unanswered?"}]}', '{"chosen":7}']
    project = ProjectFactory()
    run, rejects = take_in(project, *(row.encode() for row in holding + others))
    assert len(rejects) == 5
    upload = Upload.objects.create(
        project=project,
        file_name="x",
        n_bytes=1,
        state="done",
        import_run=run,
        rejects_name=default_storage.save("rejects.jsonl", ContentFile("\n".join(holding))),
        created_at=clock.now(),
    )
    elsewhere, _ = take_in(ProjectFactory(), others[0].encode())
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(user=person.member.user, actor=None)
    kept = RejectedRow.objects.filter(run=run).order_by("row")
    assert [bytes(row.raw).decode() for row in kept] == ["", "", "", *others]
    assert bytes(elsewhere.rejected_rows.get().raw).decode() == others[0]
    assert not default_storage.exists(upload.rejects_name)
    upload.refresh_from_db()
    assert upload.rejects_name == ""
