"""Which completions become the candidates of a comparison, and what must be sampled again (DATA.md §2).

A completion is left out when it is empty or says the same as one before it, when the length limit cut
it, and, where that is wanted, when it names a model. It is sampled again with the same budget, a cut one
once with twice the budget; what is cut even then takes part, marked, and so does what nothing replaced
that names a model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from annotation.similarity import normalised

FINISHED = frozenset({"stop", "stop_string"})
CUT = "length"


@dataclass(frozen=True, slots=True)
class Sampled:
    """One completion of one of the comparison's generations."""

    completion_id: int
    text: str
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Request:
    """One generation of the comparison: what was asked of which policy, and what came of it.

    `sampled` is shorter than `n` where the generation failed or was cancelled.
    """

    policy_id: int
    n: int
    max_tokens: int
    sampled: Sequence[Sampled]


@dataclass(frozen=True, slots=True)
class Accepted:
    completion_id: int
    text: str
    cut_by_length: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """Completions to be asked of one policy once more."""

    policy_id: int
    n: int
    max_tokens: int


@dataclass(slots=True)
class Assembly:
    """What can be ranked so far, what replaces the rest, and texts to fall back on: cut ones, and such as
    were not wanted."""

    accepted: list[Accepted] = field(default_factory=list)
    again: list[Again] = field(default_factory=list)
    spare: list[Accepted] = field(default_factory=list)

    def as_it_stands(self) -> list[Accepted]:
        """The candidates when nothing is sampled any more: what nothing replaced takes part."""
        return self.accepted + self.spare


def assemble(
    requests: Sequence[Request],
    *,
    given: Sequence[str] = (),
    unwanted: Callable[[str], bool] = lambda text: False,
) -> Assembly:
    """Sort the completions of a comparison's generations, given in the order they were requested.

    The first request to a policy says how many candidates it owes and with which budget; requests
    with a larger budget are those for cut ones. `given` are the texts that take part already: the
    picked message, a person's answer. An `unwanted` text takes part only where nothing replaces it.
    """
    assembly = Assembly()
    seen = {normalised(text) for text in given}
    first: dict[int, Request] = {}
    for request in requests:
        first.setdefault(request.policy_id, request)
    cut: dict[int, list[Sampled]] = {policy_id: [] for policy_id in first}
    refused: dict[int, list[Accepted]] = {policy_id: [] for policy_id in first}
    n_good, n_lost, n_longer = Counter[int](), Counter[int](), Counter[int]()

    for request in requests:
        policy_id = request.policy_id
        is_longer = request.max_tokens > first[policy_id].max_tokens
        n_longer[policy_id] += request.n * is_longer
        n_lost[policy_id] += request.n
        for sampled in request.sampled:
            if sampled.finish_reason not in FINISHED | {CUT}:
                continue
            n_lost[policy_id] -= 1
            is_cut = sampled.finish_reason == CUT
            if is_cut and not is_longer:
                cut[policy_id].append(sampled)
            elif _is_new(sampled.text, seen):
                made = Accepted(sampled.completion_id, sampled.text, is_cut)
                if unwanted(sampled.text):
                    refused[policy_id].append(made)
                else:
                    assembly.accepted.append(made)
                    n_good[policy_id] += 1

    for policy_id, request in first.items():
        # What was lost had as many attempts as sampling allows; it is not asked for again here.
        missing = max(request.n - n_good[policy_id] - n_lost[policy_id], 0)
        longer = max(min(missing, len(cut[policy_id]) - n_longer[policy_id]), 0)
        if longer:
            assembly.again.append(Again(policy_id, longer, 2 * request.max_tokens))
        if missing > longer:
            assembly.again.append(Again(policy_id, missing - longer, request.max_tokens))
        unreplaced = (
            Accepted(sampled.completion_id, sampled.text, cut_by_length=True)
            for sampled in cut[policy_id]
            if _is_new(sampled.text, seen)
        )
        n_short = max(request.n - n_good[policy_id], 0)
        assembly.spare += islice(chain(refused[policy_id], unreplaced), n_short)
    return assembly


def _is_new(text: str, seen: set[str]) -> bool:
    """Whether the text is not blank and not among those seen, where it is from now on."""
    normal = normalised(text)
    if not normal or normal in seen:
        return False
    seen.add(normal)
    return True
