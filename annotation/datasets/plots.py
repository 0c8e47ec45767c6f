"""Bars as SVG for a dataset's card: text a browser draws alike in light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

_WIDTH, _LABEL, _VALUE = 640, 190, 90
_ROW, _TOP, _BAR = 26, 40, 16
_COLOUR = "#4263eb"


def bars(title: str, counts: Sequence[tuple[str, int]]) -> str:
    """A horizontal bar for each (label, count), in the order given, as a whole SVG document."""
    top = max((count for _, count in counts), default=0) or 1
    height = _TOP + _ROW * max(1, len(counts)) + 8
    room = _WIDTH - _LABEL - _VALUE
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="#868e96">',
        f"<title>{escape(title)}</title>",
        f'<text x="8" y="22" font-size="15" font-weight="600">{escape(title)}</text>',
    ]
    for place, (label, count) in enumerate(counts):
        y = _TOP + place * _ROW
        width = round(room * count / top, 1)
        baseline = y + _BAR - 3
        lines += [
            f'<text x="{_LABEL - 8}" y="{baseline}" text-anchor="end">{escape(_short(label))}</text>',
            f'<rect x="{_LABEL}" y="{y}" width="{width}" height="{_BAR}" rx="3" fill="{_COLOUR}"/>',
            f'<text x="{_LABEL + width + 6}" y="{baseline}">{count:,}</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def _short(label: str) -> str:
    return label if len(label) <= 26 else label[:25] + "…"
