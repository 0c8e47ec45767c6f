"""The table of settings in docs/SETTINGS.md, from the settings themselves.

`python -m labelhub.settings_table` prints it; a test holds the page to it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labelhub.config import BASE_DIR, Config


def rows() -> list[str]:
    """One Markdown table row a setting, in the order of Config."""
    return [
        f"| `{name.upper()}` | {_shown(field.default)} | {field.description} |"
        for name, field in Config.model_fields.items()
    ]


def _shown(default: Any) -> str:
    if isinstance(default, Path):
        return f"`{default.relative_to(BASE_DIR)}`"
    if isinstance(default, list):
        return f"`{','.join(default)}`" if default else "none"
    return "unset" if default in ("", None) else f"`{default}`"


if __name__ == "__main__":
    print("\n".join(rows()))  # noqa: T201 — its whole purpose
