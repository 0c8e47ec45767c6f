"""Warning of personal data at submit, and keeping what was found (DATA.md §6)."""

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
            quoted = message.content[span.start : span.end]
            fields.setdefault(f"turns.{message.position}", []).append(
                f"“{quoted}” looks like {KINDS[span.kind]}."
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
