"""What `benchmarks.web` does on a demo's data beside the browser; run as programs of their own."""

from __future__ import annotations

import os

import django

N_JOBS, N_CANDIDATES = 4, 9


def set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelhub.settings")
    django.setup()


def count_autosave_statements(assignment_id: int) -> int:
    """SQL statements of one autosave over the API, session and user included."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from annotation.models import Assignment
    from benchmarks.open_rankings import sign_in

    settings.ALLOWED_HOSTS = ["testserver"]
    assignment = Assignment.objects.select_related("rater__user").get(pk=assignment_id)
    client = Client()
    client.cookies["sessionid"] = sign_in(assignment.rater.user)
    path = f"/api/v1/assignments/{assignment_id}/autosaves/4999/"  # no turn of the thread has it
    body = {"version": 0, "payload": {"role": "user", "content": "A word."}}
    with CaptureQueriesContext(connection) as captured:
        answer = client.put(path, body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    transaction_control = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
    return sum(not query["sql"].startswith(transaction_control) for query in captured)


def ask_for_candidates() -> list[int]:
    """A full batch: `N_JOBS` generations of `N_CANDIDATES` long completions each; their ids."""
    from labelhub.accounts.models import Project
    from sampling.engine.protocol import SamplingParams
    from sampling.models import Generation, Policy
    from sampling.services import request_completions

    return [
        request_completions(
            project=Project.objects.get(slug="demo"),
            policy=Policy.objects.get(name="demo"),
            messages=[{"role": "user", "content": f"Tell me a long story about number {number}."}],
            purpose=Generation.Purpose.CANDIDATE,
            n=N_CANDIDATES,
            params=SamplingParams(max_tokens=400, temperature=1.3),
        ).pk
        for number in range(N_JOBS)
    ]
