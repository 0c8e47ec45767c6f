"""Shapes of recipes, their freezings and versions."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotation.datasets.aggregation import Aggregate
from annotation.datasets.mixtures import ORIGINS_OF, Origins, PersonalData
from annotation.datasets.pairs import Margin, Pairs, Ties
from annotation.models import DatasetVersion, Draft, Export, Freezing, Recipe
from annotation.serializers.datasets import FailureOutput
from annotation.services.file_options import MARGIN_AS_COLLECTED, SYSTEM_TURNS, TURNS
from annotation.services.row_splits import BY_PROMPT, SPLIT_BY
from labelhub.api import RowId

MAX_SOURCES = 20
MAX_CHOICES = 100
# As large as their columns.
MAX_NUMBER = 2**31 - 1
MAX_ID = 2**63 - 1
Text = serializers.CharField
Int = serializers.IntegerField


def _choices(child: serializers.Field[Any, Any, Any, Any]) -> serializers.ListField:
    """A list of which the empty one chooses nothing out."""
    return serializers.ListField(child=child, default=list, max_length=MAX_CHOICES)


class Source(serializers.Serializer[Any]):
    name = Text(max_length=60)
    project = serializers.SlugField(max_length=80)
    origins = serializers.ChoiceField(choices=[*Origins], default=Origins.ALL.value)
    rounds = _choices(Int(min_value=0, max_value=MAX_NUMBER))
    import_runs = _choices(Int(min_value=1, max_value=MAX_ID))
    categories = _choices(Text(max_length=60, allow_blank=True))
    languages = _choices(Text(max_length=35))
    licences = _choices(Text(max_length=100, allow_blank=True))
    weight = serializers.FloatField(
        min_value=0.0001, max_value=10_000, allow_null=True, default=None
    )
    cap = Int(min_value=1, max_value=MAX_NUMBER, allow_null=True, default=None)


class FileChoices(serializers.Serializer[Any]):
    """What file the rows become; `format` is one of export-formats."""

    format = Text(max_length=40)
    split = Text(max_length=300, allow_blank=True, default="")
    split_by = serializers.ChoiceField(choices=SPLIT_BY, default=BY_PROMPT)
    hold_out_raters = serializers.FloatField(min_value=0, max_value=0.9, default=0.0)
    with_metadata = serializers.BooleanField(default=False)
    turns = serializers.ChoiceField(choices=TURNS, default="all")
    pairs = serializers.ChoiceField(choices=[*Pairs], default=Pairs.ALL.value)
    margin = serializers.ChoiceField(
        choices=[*Margin], allow_blank=True, default=MARGIN_AS_COLLECTED
    )
    ties = serializers.ChoiceField(choices=[*Ties], default=Ties.DROP.value)
    system = serializers.ChoiceField(choices=SYSTEM_TURNS, default="drop")
    aggregate = serializers.ChoiceField(choices=[*Aggregate], default=Aggregate.RATERS.value)
    min_agreement = serializers.FloatField(min_value=0, max_value=1, default=0.0)
    min_raters = Int(
        min_value=1,
        max_value=100,
        default=1,
        help_text="Leave out comparisons that fewer people gave an opinion of.",
    )


class Contents(serializers.Serializer[Any]):
    """What a recipe declares; see docs/DATASETS.md."""

    sources = serializers.ListField(child=Source(), min_length=1, max_length=MAX_SOURCES)
    seed = Int(min_value=0, max_value=MAX_NUMBER, default=0)
    criterion = Text(max_length=510, allow_blank=True, default="")
    near_duplicates = serializers.BooleanField(
        default=True, help_text="Leave out rows nearly the same as an earlier one."
    )
    benchmarks = _choices(Int(min_value=1, max_value=MAX_ID))
    personal_data = serializers.ChoiceField(
        choices=[*PersonalData], default=PersonalData.HOLD.value
    )
    max_model_share = serializers.FloatField(
        min_value=0,
        max_value=1,
        default=1.0,
        help_text="Leave out dialogues with an answer that took more than this share from a draft.",
    )
    without_drafts = _choices(serializers.ChoiceField(choices=Draft.Outcome.choices))
    tokenizer = Text(max_length=200, allow_blank=True, default="")
    file = FileChoices()

    def validate_sources(self, sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({source["name"] for source in sources}) < len(sources):
            raise serializers.ValidationError("Two sources have the same name.")
        return sources


class RecipeInput(serializers.Serializer[Any]):
    name = serializers.SlugField(max_length=60)
    kind = serializers.ChoiceField(choices=Recipe.Kind.choices)
    contents = Contents()

    def validate(self, recipe: dict[str, Any]) -> dict[str, Any]:
        taken = ORIGINS_OF[recipe["kind"]]
        for source in recipe["contents"]["sources"]:
            if source["origins"] not in taken:
                raise serializers.ValidationError(
                    {
                        "contents": f"A source of {recipe['kind']} cannot take {source['origins']}; it can"
                        f" take {', '.join(taken)}."
                    }
                )
        return recipe


class FreezingInput(serializers.Serializer[Any]):
    is_trial = serializers.BooleanField(help_text="Count only; freeze nothing.")


class CountOutput(serializers.Serializer[Any]):
    name = Text()
    rows = Int()
    tokens = Int(allow_null=True)


class SourceCountOutput(CountOutput):
    project = Text()
    excluded = serializers.DictField(child=Int())


class TableOutput(serializers.Serializer[Any]):
    """Rows and tokens by source, category and language; tokens are null without a tokenizer."""

    rows = Int()
    tokens = Int(allow_null=True)
    sources = SourceCountOutput(many=True)
    categories = CountOutput(many=True)
    languages = CountOutput(many=True)


class FreezingOutput(serializers.Serializer[Any]):
    """`table` is null until the rows are counted; `version` names what it became."""

    id = Int()
    is_trial = serializers.BooleanField()
    state = serializers.ChoiceField(choices=Export.State.choices)
    stage = serializers.ChoiceField(choices=Freezing.Stage.choices)
    n_rows = Int(allow_null=True)
    n_through = Int()
    contents = Contents()
    table = serializers.SerializerMethodField()
    version = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(TableOutput(allow_null=True))
    def get_table(self, freezing: Freezing) -> dict[str, Any] | None:
        return freezing.table or None

    @extend_schema_field(Int(allow_null=True))
    def get_version(self, freezing: Freezing) -> int | None:
        version = getattr(freezing.dataset, "version", None) if freezing.dataset else None
        return version.pk if version else None

    @extend_schema_field(FailureOutput(allow_null=True))
    def get_error(self, freezing: Freezing) -> dict[str, str] | None:
        if not freezing.error_code:
            return None
        return {"code": freezing.error_code, "detail": freezing.error_detail}


class RecipeOutput(serializers.Serializer[Any]):
    """A recipe with its newest freezing, trial or not."""

    id = Int()
    name = Text()
    kind = serializers.ChoiceField(choices=Recipe.Kind.choices)
    contents = Contents()
    changed_at = serializers.DateTimeField()
    latest = FreezingOutput(allow_null=True)


class DatasetVersionOutput(serializers.Serializer[Any]):
    """A row of the list of versions."""

    id = Int()
    recipe = Text(source="recipe.name")
    recipe_id = Int()
    number = Int()
    kind = Text(source="dataset.kind")
    rows = Int(source="manifest.kept")
    tokens = Int(source="manifest.table.tokens", allow_null=True)
    format = Text(source="manifest.format")
    sha256 = Text()
    n_bytes = Int()
    created_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawn_because = Text(allow_blank=True)


class DatasetVersionDetailOutput(DatasetVersionOutput):
    """A version whole: `manifest` as the file beside its data says it, `card` without front matter."""

    manifest = serializers.DictField()
    card = serializers.SerializerMethodField()
    plots = serializers.DictField(child=Text(), help_text="SVG by file name.")

    @extend_schema_field(Text())
    def get_card(self, version: DatasetVersion) -> str:
        return str(version.card).split("---\n", 2)[2].lstrip()


class WithdrawInput(serializers.Serializer[Any]):
    because = Text(max_length=500)


class BenchmarkInput(serializers.Serializer[Any]):
    name = Text(max_length=120)
    content = Text(trim_whitespace=False, help_text="The file's text: JSON, JSON lines or lines.")


class BenchmarkOutput(serializers.Serializer[Any]):
    id = Int()
    name = Text()
    sha256 = Text()
    n_texts = Int()
    n_too_short = Int()
    n_runs = Int()
    added_at = serializers.DateTimeField()


class ChangeOutput(serializers.Serializer[Any]):
    """A row in one version and not in the other; `before` and `after` are how its text begins, empty
    where it is not in that version."""

    rows_of = Text()
    id = Int()
    was_id = Int(allow_null=True)
    before = Text(allow_blank=True)
    after = Text(allow_blank=True)


class DiffInput(serializers.Serializer[Any]):
    against = RowId()


class DiffOutput(serializers.Serializer[Any]):
    """Rows added, changed (a new revision, or another text) and gone; of each kind the first few."""

    added = Int()
    changed = Int()
    gone = Int()
    same = Int()
    examples = serializers.DictField(child=ChangeOutput(many=True))
    recipe_changes = serializers.ListField(child=Text())
