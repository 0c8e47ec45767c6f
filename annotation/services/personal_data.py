"""Warning of personal data in what is handed in, and keeping what was found (DATA.md §6)."""

from __future__ import annotations

from collections.abc import Sequence

from annotation import personal_data
from annotation.exceptions import PersonalDataFound
from annotation.models import Conversation, Message, PersonalDataFinding
from labelhub import clock

KINDS = {
    personal_data.EMAIL: "an e-mail address",
    personal_data.PHONE: "a phone number",
    personal_data.CARD: "a card number",
    personal_data.IBAN: "an account number (IBAN)",
    personal_data.IP: "an IP address",
}


def check(*, conversation: Conversation, live: Sequence[Message], confirmed: bool) -> None:
    """Look through what people wrote here; `confirmed` findings are kept with their turns.

    Raises PersonalDataFound, which quotes each in `fields`, while they are not confirmed. Turns that
    came with the prompt are not their author's to answer for.
    """
    found = [
        (message, span)
        for message in live
        if message.origin != Message.Origin.IMPORTED
        for span in personal_data.find(message.content, language=conversation.language)
    ]
    if not found:
        return
    if not confirmed:
        fields: dict[str, list[str]] = {}
        for message, span in found:
            fields.setdefault(f"turns.{message.position}", []).append(
                _quoted(message.content, span)
            )
        raise PersonalDataFound(fields=fields)
    now = clock.now()
    PersonalDataFinding.objects.bulk_create(
        (
            PersonalDataFinding(
                project_id=conversation.project_id,
                message=message,
                kind=PersonalDataFinding.Kind(span.kind),
                start=span.start,
                end=span.end,
                found_at=now,
            )
            for message, span in found
        ),
        ignore_conflicts=True,
    )


def check_text(*, field: str, text: str, language: str) -> None:
    """Look through what stands in no turn; raises PersonalDataFound, which quotes each under `field`."""
    found = personal_data.find(text, language=language)
    if found:
        raise PersonalDataFound(fields={field: [_quoted(text, span) for span in found]})


def _quoted(text: str, span: personal_data.Span) -> str:
    return f"“{text[span.start : span.end]}” looks like {KINDS[span.kind]}."
