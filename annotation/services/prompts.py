"""Prompts: written or pasted by managers, compared with each other, given out as tasks."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from annotation import near_duplicates, pick
from annotation.datasets.records import MessageRecord, PromptRecord, content_sha256, origin_key
from annotation.exceptions import NoOpenRound, NothingWritten
from annotation.models import Prompt, PromptQuota, Purpose, Round, Task, TaskKind
from annotation.selectors import prompts as selectors
from annotation.services import tasks
from annotation.services.qualification import skill_for
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Project, User
from labelhub.ring import ring

COMPARE_JOB = "annotation.compare_prompts"
# What one transaction compares.
CHUNK = 500
# Of a text that stands in a project many times, the oldest ones are looked at.
LOOKED_AT = 20
WRITTEN_HERE = "written here"

# The prompts of one project that share a band with each given one and are older, oldest first. The
# inner query is kept whole (OFFSET 0), or its order would be read from the primary key's index, past
# every prompt there is.
_OLDER_ALIKE = """
SELECT p.id, older.id, older.text FROM annotation_prompt p
CROSS JOIN LATERAL (
    SELECT found.id, found.text FROM (
        SELECT e.id, e.text FROM annotation_prompt e
        WHERE e.bands && p.bands AND e.project_id = p.project_id AND e.id < p.id OFFSET 0) found
    ORDER BY found.id LIMIT %(looked_at)s) older
WHERE p.id = ANY(%(ids)s)
"""


@dataclass(frozen=True, kw_only=True)
class NewPrompt:
    """A prompt to be added; a free one's text says what sort of conversation is to be invented."""

    kind: Prompt.Kind
    text: str
    category: str = ""
    language: str = "en"
    sensitivity: Sequence[str] = ()


@dataclass(frozen=True)
class Added:
    """What became of a list of prompts: `alike` are those added that say nearly what another says."""

    n_added: int
    n_known: int
    n_alike: int


@transaction.atomic
def add(*, project: Project, user: User, licence: str, prompts: Sequence[NewPrompt]) -> Added:
    """Add prompts in the person's name; those that the project has already are counted, not added.

    Raises NothingWritten, naming the empty one.
    """
    for index, new in enumerate(prompts):
        if not new.text.strip():
            raise NothingWritten(
                "Write the prompt first.", fields={f"prompts.{index}.text": ["It is empty."]}
            )
    # An admin who is no member anywhere stands for nobody in labels.
    author = getattr(user, "rater", None)
    rows = {row.content_sha256: row for row in (_row(project, new) for new in prompts)}
    for row in rows.values():
        row.author, row.licence, row.source = author, licence, WRITTEN_HERE
    known = set(
        Prompt.objects.filter(project=project, content_sha256__in=rows).values_list(
            "content_sha256", flat=True
        )
    )
    unknown = {sha256: row for sha256, row in rows.items() if sha256 not in known}
    if unknown:
        # Two who compare at once would not see each other's bands.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [COMPARE_JOB])
    # Another tab or an import may have added some of them since.
    Prompt.objects.bulk_create(unknown.values(), batch_size=CHUNK, ignore_conflicts=True)
    made = list(
        Prompt.objects.filter(project=project, content_sha256__in=unknown).values_list(
            "pk", flat=True
        )
    )
    alike = _compare(made)
    if made:
        accounts.record(
            actor=user, verb="prompts added", subject=project, project=project, n=len(made)
        )
    return Added(n_added=len(made), n_known=len(prompts) - len(made), n_alike=alike)


def _row(project: Project, new: NewPrompt) -> Prompt:
    text = new.text.strip()
    messages = (MessageRecord("user", text),)
    key = origin_key(messages)
    if new.kind == Prompt.Kind.FREE:
        # The same words may ask for inventions in several categories.
        sha256 = hashlib.sha256(f"free\n{new.category}\n{text}".encode()).hexdigest()
    else:
        # The hash an import would give it, so that importing the same prompt adds nothing.
        sha256 = content_sha256(PromptRecord(messages, row=1, origin_key=key))
    return Prompt(
        project=project,
        kind=new.kind,
        text=text,
        category=new.category,
        language=new.language,
        sensitivity=sorted(set(new.sensitivity)),
        origin_key=key,
        content_sha256=sha256,
    )


def ring_uncompared() -> None:
    """Have prompts that came in a file compared; part of the sweep."""
    if Prompt.objects.filter(compared_at=None).exists():
        ring(COMPARE_JOB)


@transaction.atomic
def compare_new() -> bool:
    """Compare the oldest prompts that nobody compared yet; whether there may be more."""
    with connection.cursor() as cursor:
        # One at a time: two would not see each other's bands.
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [COMPARE_JOB])
        if not cursor.fetchone()[0]:
            return False
    waiting = Prompt.objects.filter(compared_at=None).order_by("pk").values_list("pk", flat=True)
    ids = list(waiting[:CHUNK])
    _compare(ids)
    return len(ids) == CHUNK


def _compare(ids: Sequence[int]) -> int:
    """Store what these prompts are like, and mark those that say nearly what an older one says."""
    if not ids:
        return 0
    rows = {row.pk: row for row in Prompt.objects.filter(pk__in=ids).order_by("pk")}
    now = clock.now()
    for row in rows.values():
        row.compared_at = now
        # Free ones ask for inventions in the same words.
        if row.kind != Prompt.Kind.FREE:
            row.bands = near_duplicates.bands(row.text)
    Prompt.objects.bulk_update(rows.values(), ["bands", "compared_at"], batch_size=CHUNK)
    nearest: dict[int, tuple[float, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_OLDER_ALIKE, {"ids": list(rows), "looked_at": LOOKED_AT})
        for pk, older, text in cursor.fetchall():
            likeness = near_duplicates.likeness(rows[pk].text, text)
            if likeness >= near_duplicates.ALIKE and likeness > nearest.get(pk, (0.0, 0))[0]:
                nearest[pk] = likeness, older
    for pk, (_, older) in nearest.items():
        rows[pk].alike_to_id = older
    Prompt.objects.bulk_update([rows[pk] for pk in nearest], ["alike_to"], batch_size=CHUNK)
    return len(nearest)


@transaction.atomic
def change(*, prompt: Prompt, actor: User, **changes: Any) -> Prompt:
    """Set a prompt aside or take it back (`set_aside`), say that it may stand beside the one it is
    alike to (`keep`), or file it under another `category`.
    """
    locked = Prompt.objects.select_for_update(no_key=True).get(pk=prompt.pk)
    if "set_aside" in changes:
        locked.set_aside_at = clock.now() if changes["set_aside"] else None
    if changes.get("keep"):
        locked.alike_to = None
    if "category" in changes:
        locked.category = changes["category"]
    locked.save(update_fields=["set_aside_at", "alike_to", "category"])
    accounts.record(
        actor=actor, verb="prompt changed", subject=locked, project=prompt.project, **changes
    )
    return locked


@transaction.atomic
def reword(*, prompt: Prompt, text: str, actor: User) -> Prompt:
    """The same prompt in other words, as a row of its own and of the same origin; the old one is set aside.

    Words that the project has already are that prompt.
    """
    row = _row(
        prompt.project,
        NewPrompt(
            kind=Prompt.Kind(prompt.kind),
            text=text,
            category=prompt.category,
            language=prompt.language,
            sensitivity=prompt.sensitivity,
        ),
    )
    row.origin_key, row.turns_before = prompt.origin_key, prompt.turns_before
    row.author, row.licence = getattr(actor, "rater", None), prompt.licence
    row.source, row.allowed_use = prompt.source, prompt.allowed_use
    if prompt.turns_before:
        before = [MessageRecord(turn["role"], turn["content"]) for turn in prompt.turns_before]
        messages = (*before, MessageRecord("user", row.text))
        record = PromptRecord(messages, row=1, origin_key=row.origin_key)
        row.content_sha256 = content_sha256(record)
    # Not marked as alike: the one that it is nearest to is the one that it stands for.
    row.compared_at = clock.now()
    if prompt.kind != Prompt.Kind.FREE:
        row.bands = near_duplicates.bands(row.text)
    Prompt.objects.bulk_create([row], ignore_conflicts=True)
    kept = Prompt.objects.get(project=prompt.project, content_sha256=row.content_sha256)
    change(prompt=prompt, actor=actor, set_aside=True)
    return kept


@dataclass(frozen=True, kw_only=True)
class Quota:
    kind: TaskKind
    category: str
    target: int


@transaction.atomic
def set_quotas(
    *, project: Project, actor: User, max_per_author: int | None, quotas: Sequence[Quota]
) -> None:
    """Replace how many tasks of each category are wanted, and how many of one author's prompts."""
    Project.objects.filter(pk=project.pk).update(max_prompts_per_author=max_per_author)
    PromptQuota.objects.filter(project=project).delete()
    PromptQuota.objects.bulk_create(
        PromptQuota(project=project, kind=row.kind, category=row.category, target=row.target)
        for row in quotas
    )
    accounts.record(
        actor=actor,
        verb="prompt quotas set",
        subject=project,
        project=project,
        max_per_author=max_per_author,
        n_quotas=len(quotas),
    )


@dataclass(frozen=True)
class HandedOut:
    """How many tasks were made, and why prompts at hand made none: quota, author, alike."""

    n_made: int
    left_out: dict[str, int]


def _at_hand(project: Project, kind: TaskKind) -> Iterator[tuple[int, str, int | None, int | None]]:
    """Id, category, author and likeness of the prompts without a task of this kind, as drawn.

    Sixteen bytes of each are held, whatever their number.
    """
    # What an exam makes of a prompt is no data.
    made = Task.objects.filter(prompt=OuterRef("pk"), kind=kind).exclude(purpose=Purpose.EXAM)
    has_task = Exists(made)
    at_hand = Prompt.objects.filter(~has_task, project=project, set_aside_at=None).exclude(
        kind=Prompt.Kind.FREE
    )
    ids = np.fromiter(at_hand.values_list("pk", flat=True).iterator(chunk_size=CHUNK), np.int64)
    keys = np.fromiter(
        (pick.order_key(project.pk, int(pk), draw="prompts") for pk in ids), np.uint64, len(ids)
    )
    drawn = ids[np.argsort(keys, kind="stable")]
    for start in range(0, len(drawn), CHUNK):
        chunk = drawn[start : start + CHUNK].tolist()
        rows = Prompt.objects.filter(pk__in=chunk)
        found = {row[0]: row for row in rows.values_list("pk", "category", "author", "alike_to")}
        yield from (found[pk] for pk in chunk)


@transaction.atomic
def hand_out(*, project: Project, actor: User, kind: TaskKind, n: int) -> HandedOut:
    """Make at most `n` tasks from prompts that have none of this kind, in an order drawn by their ids.

    Quotas, the cap per author and flagged likeness are respected; where prompts of a category are used
    up and its quota is open, its free one is handed out. Raises NoOpenRound.
    """
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    round_ = Round.objects.filter(project=project, closed_at=None).first()
    if round_ is None:
        raise NoOpenRound
    given = Counter(selectors.tasks_by_category(project=project, kind=kind))
    by_author = Counter(selectors.tasks_by_author(project=project, round_=round_))
    targets = dict(
        PromptQuota.objects.filter(project=project, kind=kind).values_list("category", "target")
    )
    left_out = {"quota": 0, "author": 0, "alike": 0}
    chosen: list[tuple[int, int]] = []

    def wanted(category: str) -> bool:
        target = targets.get(category)
        return target is None or given[category] < target

    cap = project.max_prompts_per_author

    def capped(author: int | None) -> bool:
        return cap is not None and author is not None and by_author[author] >= cap

    def choose(pk: int, category: str, author: int | None) -> None:
        chosen.append((pk, given[category]))
        given[category] += 1
        if author is not None:
            by_author[author] += 1

    for pk, category, author, alike_to in _at_hand(project, kind):
        if len(chosen) == n:
            break
        if alike_to is not None:
            left_out["alike"] += 1
        elif not wanted(category):
            left_out["quota"] += 1
        elif capped(author):
            left_out["author"] += 1
        else:
            choose(pk, category, author)
    free = Prompt.objects.filter(
        Q(category__in=targets), project=project, kind=Prompt.Kind.FREE, set_aside_at=None
    ).order_by("pk")
    for pk, category, author in free.values_list("pk", "category", "author"):
        if len(chosen) < n and wanted(category) and capped(author):
            left_out["author"] += 1
        # Without a quota there would be no end to what may be invented.
        while len(chosen) < n and wanted(category) and not capped(author):
            choose(pk, category, author)
    texts = ("text", "turns_before", "imported_fields", "bands")
    chosen_rows = Prompt.objects.defer(*texts).in_bulk({pk for pk, _ in chosen})
    tasks.add_tasks(
        tasks=[
            tasks.NewTask(
                project=project,
                kind=kind,
                language=row.language,
                sensitivity=tuple(row.sensitivity),
                skill=skill_for(project, kind),
                round=round_,
                prompt=row,
                # The same free prompt again stands elsewhere in the queue.
                place=pick.order_key(row.pk, number, draw="free") >> 1
                if row.kind == Prompt.Kind.FREE
                else None,
            )
            for row, number in ((chosen_rows[pk], number) for pk, number in chosen)
        ]
    )
    accounts.record(
        actor=actor,
        verb="prompts handed out",
        subject=project,
        project=project,
        kind=kind.value,
        n=len(chosen),
    )
    return HandedOut(n_made=len(chosen), left_out=left_out)
