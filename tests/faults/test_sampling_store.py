"""PostgreSQL killed while a GPU worker has a generation on its device."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection

from labelhub.embedded.places import places_of
from sampling.models import Generation, Policy
from tests.counting import (  # noqa: F401 — fixtures
    Steppers,
    pipe_client,
    policy,
    rung,
    steppers,
    tokenizer_folder,
)
from tests.processes import kill
from tests.sampling.asking import ask, refreshed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]


def postmaster_pid() -> int:
    folder = places_of(settings.CONFIG.var_dir).postgres
    return int((folder / "postmaster.pid").read_text().split()[0])


def test_a_generation_outlives_a_killed_postgresql(
    policy: Policy,  # noqa: F811
    steppers: Steppers,  # noqa: F811
    rung: Callable[[], list[tuple[str, list[int]]]],  # noqa: F811
) -> None:
    worker = steppers.worker()
    generation = ask(policy, max_tokens=3, temperature=0, on_done="tests.ended")
    steppers.start_until_running(worker, 1)
    kill(postmaster_pid())
    connection.close()
    # It ends on the device while PostgreSQL is away or starting, and is stored after that.
    steppers.finish()
    done = refreshed(generation)
    assert (done.state, done.attempt) == (Generation.State.DONE, 1)
    assert done.completions.get().text == "0 1 2 "
    assert ("tests.ended", [generation.pk]) in rung()
