"""Refusals about work. One class a refusal; the code is part of the API."""

from labelhub.exceptions import LabelhubError


class NoTaskAvailable(LabelhubError):
    code, status = "no_task_available", 404
    detail = "There is nothing for you to do here right now."


class KindNotYours(LabelhubError):
    code, status = "kind_not_yours", 403
    detail = "Your role in this project does not do this kind of work."


class ProjectPaused(LabelhubError):
    code, status = "project_paused", 409
    detail = "A manager has paused this project; your saved work is safe. Come back later."


class GuidelineUnread(LabelhubError):
    code, status = "guideline_unread", 409
    detail = "The guidelines changed in a way that matters; read and acknowledge them first."


class LeaseLost(LabelhubError):
    code, status = "lease_lost", 409
    detail = (
        "Your time on this task ran out and someone else took it. What you wrote is kept under "
        "“Kept for you” on your home page."
    )


class AlreadySubmittedDifferently(LabelhubError):
    code, status = "already_submitted_differently", 409
    detail = "This task was already submitted with another answer; the first one stands."


class StaleVersion(LabelhubError):
    code, status = "stale_version", 409
    detail = (
        "This was changed in another tab or on another device; load the newer version to go on."
    )


class NoOpenRound(LabelhubError):
    code, status = "no_open_round", 409
    detail = "This project has no open round; open one first."


class NoCandidatePolicy(LabelhubError):
    code, status = "no_candidate_policy", 409
    detail = "No policy of the open round writes candidates; add one to the round first."


class NothingToPick(LabelhubError):
    code, status = "nothing_to_pick", 409
    detail = (
        "No finished chat has a model-written message that could still be compared in this round."
    )


class NotFailed(LabelhubError):
    code, status = "not_failed", 409
    detail = "Only a failed comparison can be tried again."


class RankingRefused(LabelhubError):
    """A ranking that contradicts itself or the comparison; nothing of it is stored."""


class UnknownCandidate(RankingRefused):
    code = "unknown_candidate"
    detail = "The ranking names a candidate that this comparison does not have."


class CandidateMissing(RankingRefused):
    code = "candidate_missing"
    detail = "Place every candidate, or say that you cannot judge."


class CandidateRepeated(RankingRefused):
    code = "candidate_repeated"
    detail = "A candidate stands in two places."


class EmptyTier(RankingRefused):
    code = "empty_tier"
    detail = "A tier holds no candidate; leave it out."


class NotOpened(RankingRefused):
    code = "not_opened"
    detail = "Read every candidate to its end first, or say that you cannot judge."


class AcceptableTierOutOfRange(RankingRefused):
    code = "acceptable_tier_out_of_range"
    detail = "The acceptable line stands below the last tier."


class RatingOutOfScale(RankingRefused):
    code = "rating_out_of_scale"
    detail = "A rating is not on the project's scale."


class RatingMissing(RankingRefused):
    code = "rating_missing"
    detail = "Rate every candidate."


class UnknownFlag(RankingRefused):
    code = "unknown_flag"
    detail = "The project does not have this flag."
