"""Progress on standard error: one line on a terminal, an occasional one in a log."""

import io

import pytest

from annotation.management import progress


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that `progress` reads."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_terminals_line_is_rewritten_and_taken_away(clock: list[float]) -> None:
    screen = Screen()
    shown = progress.Progress(screen)
    for text in ("1,000 rows", "hidden", "9 rows"):
        clock[0] += 0.1 if text == "hidden" else 1.0
        shown.show(text)
    shown.close()
    assert screen.getvalue() == "\r1,000 rows\r9 rows    \r      \r"


def test_a_log_gets_a_line_every_ten_seconds(clock: list[float]) -> None:
    log = io.StringIO()
    shown = progress.Progress(log)
    for n in range(25):
        clock[0] += 1.0
        shown.show(f"{n} rows")
    shown.close()
    assert log.getvalue() == "9 rows\n19 rows\n"
