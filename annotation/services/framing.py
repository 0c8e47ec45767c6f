"""Conversations whose lines PostgreSQL writes: Python looks at those alone that may not leave as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import orjson

from annotation import personal_data
from annotation.datasets import formats, kept_parts
from annotation.datasets.mixtures import PersonalData
from annotation.datasets.records import DialogueRecord, MessageRecord
from annotation.datasets.screening import Screening
from annotation.datasets.writers import LineFile
from annotation.models import Dataset, DatasetChunk
from annotation.selectors import datasets as selectors
from annotation.selectors.framed_lines import FramedLine, framed_lines
from annotation.services import personal_data_holds, row_screening
from annotation.services.file_options import FileOptions
from annotation.services.personal_data_holds import Found
from annotation.services.row_splits import WHOLE, Splitting

# So many at the most are asked for by one statement, which streams them: one for each took a fifth
# longer.
CHUNKS_AT_ONCE = 8
_ROWS_OF = DatasetChunk.RowsOf.CONVERSATION.value


class Through(NamedTuple):
    """Chunks whose lines were written: how many, what was kept of their records and what left out."""

    n_chunks: int
    n_kept: int
    left_out: Counter[str]


def is_framed(*, dataset: Dataset, options: FileOptions, into: Splitting) -> bool:
    """Whether PostgreSQL writes the lines: of conversations alone, where nobody must know whose they
    are, or whether they repeat a benchmark."""
    return (
        options.kind == Dataset.Kind.SFT
        and options.file_format in formats.FRAMES
        and into.outputs == (WHOLE,)
        and not options.looks_at_drafts
        and not options.benchmarks
        and not options.with_metadata
        and selectors.holds_only(dataset, DatasetChunk.RowsOf.CONVERSATION)
    )


def framed_chunks(
    *, dataset: Dataset, options: FileOptions, output: LineFile, n_before: int
) -> Iterator[Through]:
    """Write the lines of all chunks but the first `n_before`.

    What is held for personal data that nobody has decided of is listed for somebody to look at.
    """
    before, after = formats.FRAMES[options.file_format]
    look = _Look(dataset, options)
    n_chunks = len(selectors.chunk_numbers(dataset))
    first, at_once = n_before, 1
    while first < n_chunks:
        chunks = range(first, min(first + at_once, n_chunks))
        n_kept, n_bytes, left_out = 0, 1, Counter[str]()
        for framed in framed_lines(
            dataset, chunks=chunks, before=before, after=after, about=look.is_needed
        ):
            n_bytes += len(framed.line)
            line, reason = look.at(framed, before, after)
            reason = reason or formats.reason_not_to_learn(
                all_of_them=framed.learned_all, any_of_them=framed.learned_any
            )
            if reason is None:
                n_kept += 1
                output.add_written(line)
            else:
                left_out[str(reason)] += 1
        look.list_found()
        yield Through(len(chunks), n_kept, left_out)
        first = chunks.stop
        # No more than is worth keeping when they are through.
        n_worth = kept_parts.KEEP_BYTES * len(chunks) // n_bytes
        at_once = max(1, min(CHUNKS_AT_ONCE, n_worth))


class _Look:
    """Which conversations may not leave as they are: those that somebody decided of, and those with a
    sign of personal data."""

    def __init__(self, dataset: Dataset, options: FileOptions) -> None:
        self._dataset = dataset
        self._decisions = row_screening.decisions_of(dataset).get(_ROWS_OF, {})
        self._screening = Screening(personal_data=options.personal_data, forbidden=())
        self._seeks = options.personal_data != PersonalData.KEEP
        self._found: list[Found] = []
        self.is_needed = self._seeks or bool(self._decisions)

    def at(self, framed: FramedLine, before: str, after: str) -> tuple[bytes, str | None]:
        """The line as it may leave, or why it may not."""
        if not (
            (self._seeks and personal_data.may_hold(framed.line)) or framed.pk in self._decisions
        ):
            return framed.line, None
        # The end of the line stands behind the frame.
        turns = orjson.loads(framed.line[len(before) : -len(after) - 1])
        record = DialogueRecord(
            tuple(MessageRecord(turn["role"], turn["content"]) for turn in turns),
            row=0,
            origin_key="",
            language=framed.language,
        )
        screened = row_screening.screened(
            dataset=self._dataset,
            rows_of=_ROWS_OF,
            rows=[([framed.pk], record)],
            screening=self._screening,
            decisions=self._decisions,
        )
        self._found += screened.found
        if screened.left_out:
            return framed.line, screened.left_out[0][1]
        ((_, kept),) = screened.kept
        if kept is record:
            return framed.line, None
        assert isinstance(kept, DialogueRecord)
        masked = orjson.dumps(formats.turn_lines(kept.messages))
        return b"%b%b%b\n" % (before.encode(), masked, after.encode()), None

    def list_found(self) -> None:
        """List what was held for somebody to look at: not while its statement is being read."""
        if self._found:
            personal_data_holds.hold(self._found)
            self._found = []
