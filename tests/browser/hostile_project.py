"""A project in which every text that somebody may write is hostile."""

from __future__ import annotations

from typing import Any

from tests.browser.payloads import HTML, PAYLOADS

SLUG = "hostile"
# One text of all, and nine of about as many each.
ALL = "\n\n".join(PAYLOADS)
NINTHS = ["\n\n".join(PAYLOADS[start::9]) for start in range(9)]
SHORT = "<img src=x onerror=alert(1)>\u202e"


def make_hostile(project: Any) -> None:
    """The names and the rules of a fresh project, and the name of one of its members."""
    from annotation.models import TaskKind
    from annotation.services.guidelines import publish_guideline
    from annotation.services.rating_schemas import publish_rating_schema
    from labelhub.accounts.models import User

    project.name, project.description = SHORT, ALL
    project.save()
    User.objects.filter(username="trainer3").update(display_name=SHORT)
    for kind in TaskKind:
        publish_guideline(project=project, kind=kind, markdown=ALL)
    flags = [
        {"key": f"flag{number}", "label": text[:60], "help": text}
        for number, text in enumerate(HTML[:6])
    ]
    publish_rating_schema(project=project, rating_help=ALL[:500], flags=flags)


def comparison() -> dict[str, Any]:
    """Each payload is a turn of its own in the context, and all are in the candidates."""
    turns = [*PAYLOADS, *(("What now?",) if len(PAYLOADS) % 2 == 0 else ())]
    return {
        "id": SHORT,
        "prompt": [
            {"role": ("user", "assistant")[place % 2], "content": text}
            for place, text in enumerate(turns)
        ],
        "candidates": NINTHS,
    }
