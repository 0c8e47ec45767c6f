"""Shapes of a project's figures, of one person's, and of one comparison with all that was said of it."""

from typing import Any

from rest_framework import serializers

from annotation.models import Candidate, Comparison, GoldItem, Purpose, Reason
from annotation.serializers.comparisons import FlagOutput, ShownMessageOutput
from labelhub.api import RowId

MAX_NOTE_CHARACTERS = 5000
MAX_PAIRS = 36
EXAM_STATES = ["not_asked", "waiting", "under_way", "failed", "passed", "unjudged"]


class EstimateOutput(serializers.Serializer[Any]):
    """A figure with its 95 % interval, and how many values from how many conversations or people."""

    value = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    n = serializers.IntegerField()
    n_clusters = serializers.IntegerField()


class AgreementOutput(serializers.Serializer[Any]):
    """The estimates are null where there is not enough overlap to tell."""

    n_comparisons = serializers.IntegerField(help_text="With at least two planned rankings.")
    n_rater_pairs = serializers.IntegerField()
    same_order = EstimateOutput(allow_null=True)
    strict_share = EstimateOutput(allow_null=True)
    with_ties = EstimateOutput(allow_null=True)
    tau_b = EstimateOutput(allow_null=True)
    noise_ceiling = EstimateOutput(allow_null=True)


class SliceOutput(AgreementOutput):
    key = serializers.CharField(allow_blank=True)


class AgreementsOutput(serializers.Serializer[Any]):
    all = AgreementOutput()
    by_round = SliceOutput(many=True)
    by_language = SliceOutput(many=True)
    by_category = SliceOutput(many=True)
    by_guideline = SliceOutput(many=True)


class ReportedOutput(serializers.Serializer[Any]):
    """InstructGPT's agreement: its training labellers, and unscreened held-out ones."""

    training = serializers.FloatField()
    held_out = serializers.FloatField()


class RaterPairOutput(serializers.Serializer[Any]):
    rater_a = serializers.CharField()
    rater_b = serializers.CharField()
    n_comparisons = serializers.IntegerField()
    same_order = EstimateOutput(allow_null=True)
    tau_b = EstimateOutput(allow_null=True)


class FlagAgreementOutput(serializers.Serializer[Any]):
    flag = serializers.CharField()
    alpha = EstimateOutput(allow_null=True)
    prevalence = serializers.FloatField()
    n_judgements = serializers.IntegerField()


class SlotOutput(serializers.Serializer[Any]):
    slot = serializers.IntegerField()
    excess = EstimateOutput()


class BlindnessOutput(serializers.Serializer[Any]):
    n_pages = serializers.IntegerField()
    guessed = EstimateOutput(allow_null=True)
    chance = serializers.FloatField(allow_null=True)


class MakerOutput(serializers.Serializer[Any]):
    """What a policy's candidates are like; shares are of `n`."""

    policy = serializers.CharField()
    n = serializers.IntegerField()
    n_near = serializers.IntegerField(help_text="Nearly the same as another of their comparison.")
    n_cut = serializers.IntegerField()
    n_named = serializers.IntegerField(help_text="That named a model.")


class ConsensusOutput(serializers.Serializer[Any]):
    n_comparisons = serializers.IntegerField()
    n_pairs = serializers.IntegerField()
    n_clear = serializers.IntegerField()
    n_cyclic = serializers.IntegerField()
    clear_share = EstimateOutput(allow_null=True)


class KnownOutput(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    share = EstimateOutput(allow_null=True)


class RaterOutput(serializers.Serializer[Any]):
    """One person's figures; null below 30 comparisons. For managers and the person alone."""

    name = serializers.CharField()
    n_rankings = serializers.IntegerField()
    n_with_others = serializers.IntegerField()
    agreed = EstimateOutput(allow_null=True)
    shrunk = serializers.FloatField(allow_null=True)
    tie_rate = EstimateOutput(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    slots = SlotOutput(many=True, allow_null=True)
    position_p = serializers.FloatField(allow_null=True)
    length_slope = EstimateOutput(allow_null=True)
    length_p = serializers.FloatField(allow_null=True)
    gold = KnownOutput()
    retest = KnownOutput()


class WinRateOutput(serializers.Serializer[Any]):
    policy_a = serializers.CharField()
    policy_b = serializers.CharField()
    n_comparisons = serializers.IntegerField()
    kinds = serializers.DictField(child=serializers.IntegerField())
    weighed = serializers.ListField(child=serializers.CharField())
    rate = EstimateOutput(allow_null=True)


class RoundRatesOutput(serializers.Serializer[Any]):
    round = serializers.IntegerField()
    rates = WinRateOutput(many=True)


class StrengthOutput(serializers.Serializer[Any]):
    policy = serializers.CharField()
    mean = serializers.FloatField()
    deviation = serializers.FloatField()


class PoliciesOutput(serializers.Serializer[Any]):
    n_contests = serializers.IntegerField()
    rates = WinRateOutput(many=True)
    by_round = RoundRatesOutput(many=True)
    strengths = StrengthOutput(many=True)


class ProjectFiguresOutput(serializers.Serializer[Any]):
    n_comparisons = serializers.IntegerField()
    n_rankings = serializers.IntegerField()
    reported = ReportedOutput()
    agreement = AgreementsOutput()
    rater_pairs = RaterPairOutput(many=True)
    ratings_alpha = EstimateOutput(allow_null=True)
    flags = FlagAgreementOutput(many=True)
    slots = SlotOutput(many=True)
    longer_wins = EstimateOutput(allow_null=True)
    blindness = BlindnessOutput()
    consensus = ConsensusOutput()
    raters = RaterOutput(many=True)
    policies = PoliciesOutput()
    makers = MakerOutput(many=True)


class FiguresOutput(serializers.Serializer[Any]):
    computed_at = serializers.DateTimeField(allow_null=True)
    figures = ProjectFiguresOutput(allow_null=True)


class KnownPairOutput(serializers.Serializer[Any]):
    better = serializers.CharField()
    worse = serializers.CharField()
    right = serializers.BooleanField()


class LessonOutput(serializers.Serializer[Any]):
    """A known item that was ranked while in training: what the leads say of it."""

    assignment = serializers.IntegerField()
    ranked_at = serializers.DateTimeField()
    n_pairs = serializers.IntegerField()
    n_right = serializers.IntegerField()
    pairs = KnownPairOutput(many=True)
    note = serializers.CharField(allow_blank=True)


class ExamOutput(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        choices=EXAM_STATES,
        help_text="Unjudged: a manager took so much out of it that it tells nothing.",
    )
    n_items = serializers.IntegerField()
    n_answered = serializers.IntegerField()
    n_pairs = serializers.IntegerField()
    n_right = serializers.IntegerField()
    n_demonstrations = serializers.IntegerField(help_text="Asked for.")
    n_written = serializers.IntegerField()
    lowest_score = serializers.IntegerField(
        allow_null=True,
        help_text="The least that reviewers gave a demonstration, of 7; 0 where one was not written.",
    )


class MyFiguresOutput(serializers.Serializer[Any]):
    computed_at = serializers.DateTimeField(allow_null=True)
    mine = RaterOutput(allow_null=True)
    lessons = LessonOutput(many=True)
    exam = ExamOutput()


class CandidateDetailOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    index = serializers.IntegerField()
    content = serializers.CharField(allow_blank=True)
    origin = serializers.ChoiceField(choices=Candidate.Origin.choices)
    policy = serializers.CharField(allow_null=True)
    cut_by_length = serializers.BooleanField()
    near_identical = serializers.BooleanField()
    names_model = serializers.BooleanField()
    borda_place = serializers.IntegerField(allow_null=True)
    strength = serializers.FloatField(allow_null=True)


class RankingDetailOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    rater = serializers.CharField()
    reason = serializers.ChoiceField(choices=Reason.choices)
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    cannot_judge = serializers.BooleanField()
    tiers = serializers.ListField(
        child=serializers.IntegerField(), help_text="A tier a candidate, in their order."
    )
    ratings = serializers.ListField(
        child=serializers.IntegerField(allow_null=True), help_text="In the same order."
    )
    flags = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Keys that were raised, in the same order.",
    )
    acceptable_tier = serializers.IntegerField(allow_null=True)
    strength = serializers.IntegerField(
        allow_null=True, help_text="On −3..3 below zero where the candidate of index 0 is better."
    )
    rewrite = serializers.CharField(allow_blank=True)
    comment = serializers.CharField(allow_blank=True)
    active_seconds = serializers.FloatField()
    created_at = serializers.DateTimeField()


class ConsensusPairOutput(serializers.Serializer[Any]):
    chosen = serializers.IntegerField(help_text="A candidate's index.")
    rejected = serializers.IntegerField()
    agreement = serializers.FloatField()
    n_raters = serializers.IntegerField()


class ComparisonDetailOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Comparison.State.choices)
    supersedes = serializers.IntegerField(allow_null=True)
    superseded_by = serializers.IntegerField(allow_null=True)
    question = serializers.CharField(help_text="What raters are asked of the candidates.")
    direction = serializers.ChoiceField(choices=Comparison.Direction.choices)
    category = serializers.CharField(allow_blank=True)
    language = serializers.CharField()
    created_at = serializers.DateTimeField()
    sampled_here = serializers.BooleanField(
        help_text="Begun by a pick run; only such a comparison can be sampled again."
    )
    context = ShownMessageOutput(many=True)  # type: ignore[assignment]
    candidates = CandidateDetailOutput(many=True)
    rankings = RankingDetailOutput(many=True)
    agreement = serializers.FloatField(allow_null=True)
    split = serializers.BooleanField()
    consensus = ConsensusPairOutput(many=True)
    n_cycles = serializers.IntegerField()
    asked_flags = FlagOutput(many=True, help_text="Those of the newest rating schema.")
    n_exam_pairs = serializers.IntegerField(
        help_text="Clear pairs that the project's entry exam has so far; it needs 40."
    )
    n_gold_marks = serializers.IntegerField()
    marked_by_me = serializers.BooleanField()
    gold = serializers.ChoiceField(choices=GoldItem.Use.choices, allow_null=True)


class GoldMarkInput(serializers.Serializer[Any]):
    use = serializers.ChoiceField(choices=GoldItem.Use.choices)
    pairs = serializers.ListField(
        child=serializers.ListField(child=RowId(), min_length=2, max_length=2),
        min_length=1,
        max_length=MAX_PAIRS,
        help_text="[better, worse] candidate ids that are clear.",
    )
    flags = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField(max_length=60), max_length=50),
        default=dict,
        help_text="Keys that must be raised, by candidate id.",
    )
    note = serializers.CharField(
        max_length=MAX_NOTE_CHARACTERS, allow_blank=True, default="", trim_whitespace=False
    )

    def validate_flags(self, flags: dict[str, list[str]]) -> dict[int, list[str]]:
        if not all(key.isdecimal() and len(key) < 19 for key in flags):
            raise serializers.ValidationError("Name candidates by their ids.")
        return {int(key): found for key, found in flags.items()}


class GoldMarkedOutput(serializers.Serializer[Any]):
    gold = serializers.ChoiceField(choices=GoldItem.Use.choices, allow_null=True)
