"""Refusals of rankings that contradict themselves or their comparison."""

from labelhub.exceptions import LabelhubError


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


class StrengthMissing(RankingRefused):
    code = "strength_missing"
    detail = "Say how much better the one is than the other."


class StrengthNotAsked(RankingRefused):
    code = "strength_not_asked"
    detail = "How much better is asked only of two candidates, where the project wants it."


class StrengthContradictsOrder(RankingRefused):
    code = "strength_contradicts_order"
    detail = "The strength and the order say different things."


class RewriteUnchanged(RankingRefused):
    code = "rewrite_unchanged"
    detail = "The better reply is word for word one of the candidates; change it or leave it out."


class RewriteMasked(RankingRefused):
    code = "rewrite_masked"
    detail = "Your better reply holds ▇▇▇, which hides a name from you; write without it."


class UnknownFlag(RankingRefused):
    code = "unknown_flag"
    detail = "The project does not have this flag."
