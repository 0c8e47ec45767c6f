"""Comparisons being sampled, driven by hand."""

from __future__ import annotations

from annotation.models import Comparison
from annotation.services import candidates, picks
from labelhub.accounts.models import Project
from sampling.models import Generation
from tests.chats import end_generation, finished_chat


def begin(project: Project) -> Comparison:
    """A comparison picked from a chat of one reply, its candidates asked for."""
    chat = finished_chat(project, "The original.")
    (comparison,) = picks.pick_comparisons(project=project, n_wanted=1, seed=1).begun
    candidates.request_candidates(comparison_id=comparison.pk)
    assert comparison.conversation == chat
    return comparison


def generations_of(comparison: Comparison) -> list[Generation]:
    return list(Generation.objects.filter(candidate_sampling__comparison=comparison).order_by("pk"))


def finish(generation: Generation, *said: str | tuple[str, str], **how: str) -> None:
    end_generation(generation, *said, **how)
    candidates.candidates_ended(generation_id=generation.pk)
