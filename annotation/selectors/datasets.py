"""Reading frozen rows as the records that formats write, and the exports of a project."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from orjson import loads

from annotation.datasets.formats import Exclusion
from annotation.datasets.records import (
    DialogueRecord,
    MessageRecord,
    PromptRecord,
)
from annotation.models import (
    Conversation,
    Dataset,
    DatasetChunk,
    Draft,
    Export,
    Message,
    Ranking,
)
from labelhub.accounts.models import Membership, User
from labelhub.accounts.selectors import row_for
from sampling.models import Policy

RowsOf = DatasetChunk.RowsOf


def exports_of(*, membership: Membership) -> QuerySet[Export]:
    return Export.objects.filter(project=membership.project)


def export_for(*, user: User | AnonymousUser, export_id: int) -> Export:
    """An export of a project that the person manages. Raises NotFound for any other."""
    return row_for(Export.objects.all(), export_id, user=user)


def chunks_of(dataset: Dataset, *, n_before: int = 0) -> Iterator[DatasetChunk]:
    """The dataset's chunks but for the first, in order, each read by its key when its turn comes."""
    for number in chunk_numbers(dataset)[n_before:]:
        yield DatasetChunk.objects.get(dataset=dataset, number=number)


def chunk_numbers(dataset: Dataset) -> list[int]:
    numbers = DatasetChunk.objects.filter(dataset=dataset).order_by("number")
    return list(numbers.values_list("number", flat=True))


def holds_only(dataset: Dataset, rows_of: RowsOf) -> bool:
    """Whether every row of the dataset is of this table."""
    return not DatasetChunk.objects.filter(dataset=dataset).exclude(rows_of=rows_of).exists()


def left_out_by_drafts(
    ids: Sequence[int], *, share: float, outcomes: Sequence[str]
) -> dict[int, Exclusion]:
    """Those conversations with an answer of which more than `share` came from a draft (DATA.md §5), and
    those where a draft came to one of these ends; of drafts that were taken, where the turn is live."""
    found: dict[int, Exclusion] = {}
    if outcomes:
        drafts = Draft.objects.filter(
            Q(message=None) | Q(message__is_live=True),
            assignment__conversation__in=ids,
            outcome__in=outcomes,
        )
        ended = drafts.values_list("assignment__conversation", flat=True)
        found |= dict.fromkeys(ended, Exclusion.DRAFT_OUTCOME)
    if share < 1:
        turns = Message.objects.filter(
            conversation__in=ids, is_live=True, role=Message.Role.ASSISTANT, model_share__gt=share
        )
        above = turns.values_list("conversation", flat=True)
        found |= dict.fromkeys(above, Exclusion.MODEL_WRITTEN)
    return found


def dialogues(ids: Sequence[int], *, metadata: bool) -> list[DialogueRecord]:
    """The live paths of these conversations, in the order of their ids."""
    turns: dict[int, list[MessageRecord]] = defaultdict(list)
    for pk, *turn in _fetched(_LIVE_TURNS, ids):
        turns[pk].append(MessageRecord(*turn))
    licences = _output_licences(ids) if metadata else {}
    return [
        DialogueRecord(
            tuple(turns[row[0]]),
            *_source(row),
            metadata=_metadata(row) | licences.get(row[0], {}) if metadata else {},
        )
        for row in _fetched(_CONVERSATIONS, ids, _columns(metadata=metadata))
    ]


def prompts(ids: Sequence[int], *, metadata: bool) -> list[PromptRecord]:
    """The contexts that these prompts are, in the order of their ids."""
    return [
        PromptRecord(
            (
                *(MessageRecord(turn["role"], turn["content"]) for turn in loads(before)),
                MessageRecord("user", text),
            ),
            *_source(row),
            metadata=_metadata(row) if metadata else {},
        )
        for before, text, *row in _fetched(_PROMPTS, ids, _columns(metadata=metadata))
    ]


def first_contexts(ids: Sequence[int], *, metadata: bool) -> list[PromptRecord]:
    """What stands before the first answer of these conversations, in the order of their ids."""
    return [
        PromptRecord(
            tuple(_until_first_answer(record.messages)),
            record.row,
            record.origin_key,
            record.licence,
            record.language,
            record.category,
            record.metadata,
        )
        for record in dialogues(ids, metadata=metadata)
    ]


def trained_in_part(ids: Sequence[int]) -> list[int]:
    """Those of these dialogues that have both kinds of answers (OpenAI's weights, FORMATS.md), in order."""
    answers = Message.objects.filter(conversation=OuterRef("pk"), is_live=True, role="assistant")
    in_part = Conversation.objects.filter(
        Exists(answers.filter(trainable=True)), Exists(answers.filter(trainable=False)), pk__in=ids
    )
    return list(in_part.order_by("pk").values_list("pk", flat=True))


def strength_collected(dataset: Dataset) -> bool:
    """Whether people said of any of these rankings by how much the best is better."""
    return any(
        Ranking.objects.filter(pk__in=chunk.row_ids, strength_grade__isnull=False).exists()
        for chunk in chunks_of(dataset)
    )


@dataclass(frozen=True)
class Provenance:
    """What the rows of a dataset stand on: licences, those of the policies' output among them, how many
    rows name none, our guidelines' versions, policies' names."""

    licences: list[str]
    without_licence: int
    guidelines: list[int]
    policies: list[str]


def provenance_of(dataset: Dataset) -> Provenance:
    licences = Counter[str]()
    guidelines: set[int] = set()
    policies: set[str] = set()
    for rows_of in RowsOf:
        licensed, guided, made = _PROVENANCE[rows_of]
        licences.update(dict(_found(licensed, dataset, rows_of)))
        guidelines.update(version for (version,) in _found(guided, dataset, rows_of))
        policies.update(name for (name,) in _found(made, dataset, rows_of) if name)
    without_licence = licences.pop("", 0)
    made_by = Policy.objects.filter(name__in=policies).exclude(output_licence="")
    return Provenance(
        sorted(licences.keys() | made_by.values_list("output_licence", flat=True)),
        without_licence,
        sorted(guidelines),
        sorted(policies),
    )


def _found(tables: str, dataset: Dataset, rows_of: RowsOf) -> list[tuple[Any, ...]]:
    if not tables:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_FROZEN.format(rows_of=rows_of.value) + tables, [dataset.pk, rows_of.value])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


# A dataset's rows of one table, chunk by chunk: the index finds those of one together, in a quarter of
# the time that it takes for each by itself. The offset keeps the planner from looking through the
# chunks for each row.
_FROZEN = """
WITH frozen AS (
  SELECT found.* FROM annotation_datasetchunk, LATERAL (
    SELECT * FROM annotation_{rows_of} WHERE id = ANY (row_ids) OFFSET 0
  ) AS found WHERE dataset_id = %s AND rows_of = %s
)
"""
_PROVENANCE = {
    RowsOf.CONVERSATION: (
        "SELECT c.licence, count(*) FROM frozen c GROUP BY 1",
        "SELECT DISTINCT g.version FROM frozen c"
        " JOIN annotation_assignment a ON a.id = c.assignment_id"
        " JOIN annotation_guideline g ON g.id = a.guideline_id",
        # Nothing in an imported dialogue is a policy's of ours, and they are the many.
        "SELECT DISTINCT p.name FROM frozen c"
        " JOIN annotation_message m ON m.conversation_id = c.id"
        " JOIN sampling_completion s ON s.id = m.completion_id"
        " JOIN sampling_generation n ON n.id = s.generation_id"
        " JOIN sampling_policy p ON p.id = n.policy_id"
        " WHERE c.kind <> 'imported' AND m.is_live",
    ),
    RowsOf.PROMPT: (
        "SELECT p.licence, count(*) FROM frozen p GROUP BY 1",
        "",
        "",
    ),
    RowsOf.FEEDBACK: (
        "SELECT c.licence, count(*) FROM frozen f"
        " JOIN annotation_message m ON m.id = f.message_id"
        " JOIN annotation_conversation c ON c.id = m.conversation_id GROUP BY 1",
        "SELECT DISTINCT g.version FROM frozen f"
        " JOIN annotation_message m ON m.id = f.message_id"
        " JOIN annotation_conversation c ON c.id = m.conversation_id"
        " JOIN annotation_assignment a ON a.id = c.assignment_id"
        " JOIN annotation_guideline g ON g.id = a.guideline_id",
        "SELECT DISTINCT p.name FROM frozen f"
        " JOIN annotation_message m ON m.id = f.message_id"
        " JOIN annotation_message said ON said.conversation_id = m.conversation_id"
        " JOIN sampling_completion s ON s.id = said.completion_id"
        " JOIN sampling_generation n ON n.id = s.generation_id"
        " JOIN sampling_policy p ON p.id = n.policy_id",
    ),
    RowsOf.RANKING: (
        "SELECT q.licence, count(*) FROM frozen r"
        " JOIN annotation_comparison q ON q.id = r.comparison_id GROUP BY 1",
        "SELECT DISTINCT g.version FROM frozen r"
        " JOIN annotation_guideline g ON g.id = r.guideline_id",
        "SELECT DISTINCT coalesce(p.name, d.provenance ->> 'policy')"
        " FROM frozen r"
        " JOIN annotation_candidate d ON d.comparison_id = r.comparison_id"
        " LEFT JOIN sampling_completion s ON s.id = d.completion_id"
        " LEFT JOIN sampling_generation n ON n.id = s.generation_id"
        " LEFT JOIN sampling_policy p ON p.id = n.policy_id",
    ),
}


def _fetched(
    statement: str, ids: Sequence[int], columns: Sequence[str] = ()
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        # As text: psycopg takes longer to make an array of a list than PostgreSQL to find the rows.
        cursor.execute(statement.format(", ".join(columns)), [f"{{{','.join(map(str, ids))}}}"])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _output_licences(ids: Sequence[int]) -> dict[int, dict[str, list[str]]]:
    """Under which licences the policies gave what stands in these conversations, as metadata."""
    turns = (
        Message.objects.filter(conversation__in=ids, is_live=True, completion__isnull=False)
        .values("conversation")
        .annotate(
            licences=ArrayAgg(_OUTPUT_LICENCE, filter=~Q(**{_OUTPUT_LICENCE: ""}), distinct=True)
        )
    )
    return {
        row["conversation"]: {"output_licences": sorted(row["licences"])}
        for row in turns
        if row["licences"]
    }


def _columns(*, metadata: bool) -> tuple[str, ...]:
    return (*_SOURCE_COLUMNS, *_METADATA_COLUMNS) if metadata else _SOURCE_COLUMNS


def _until_first_answer(messages: Sequence[MessageRecord]) -> Iterator[MessageRecord]:
    for message in messages:
        if message.role == "assistant":
            return
        yield message


def _source(row: Sequence[Any]) -> tuple[int, str, str | None, str, str | None]:
    """Of a row that begins with `_SOURCE_COLUMNS`: row in its file, origin, licence, language and
    category."""
    _, source_row, origin_key, licence, language, category = row[: len(_SOURCE_COLUMNS)]
    return source_row or 0, origin_key, licence or None, language, category or None


def _metadata(row: Sequence[Any]) -> dict[str, Any]:
    """A line's `metadata`: what is known of the row, and in `imported` what its file said of it."""
    pk, source_row, origin_key, licence, language, category, kind, source, fields = row
    known = {
        "id": pk,
        "kind": kind,
        "source": source,
        "source_row": source_row,
        "origin_key": origin_key,
        "licence": licence,
        "language": language,
        "category": category,
        # By orjson from text: jsonb writes 1e300 as an integer, which orjson would not write again.
        "imported": loads(fields),
    }
    return {key: value for key, value in known.items() if value not in (None, "", {})}


_OUTPUT_LICENCE = "completion__generation__policy__output_licence"
_SOURCE_COLUMNS = ("r.id", "source_row", "origin_key", "licence", "language", "category")
_METADATA_COLUMNS = ("kind", "source", "imported_fields::text")
# Statements rather than querysets: a chunk is thousands of rows.
_CONVERSATIONS = (
    "SELECT {} FROM annotation_conversation r WHERE r.id = ANY(%s::bigint[]) ORDER BY r.id"
)
_PROMPTS = (
    "SELECT turns_before::text, text, {} FROM annotation_prompt r"
    " WHERE r.id = ANY(%s::bigint[]) ORDER BY r.id"
)
_LIVE_TURNS = (
    "SELECT conversation_id, role, content, trainable FROM annotation_message"
    " WHERE is_live AND conversation_id = ANY(%s::bigint[]) ORDER BY conversation_id, position"
)
