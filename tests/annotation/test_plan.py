"""`manage.py plan` answers in rankings, and refuses what makes no sense."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command


def told(**options: object) -> str:
    out = StringIO()
    call_command("plan", raters=6, k=2, margin=0.08, stdout=out, **options)
    return out.getvalue()


def test_a_plan_says_rankings_and_what_came_of_trying_them() -> None:
    lines = told(overlap=2).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "Agreement ± 8.0%",
        "Win rate of two policies ± 8.0%",
        "One person with the others ± 8.0%",
    ]
    assert all("rankings" in line and "tried" in line for line in lines)
    assert told(overlap=2).splitlines() == lines


def test_without_overlap_agreement_cannot_be_known() -> None:
    assert "Agreement ± 8.0%: needs an overlap of at least 2." in told(overlap=1)


@pytest.mark.parametrize(
    "wrong",
    [{"overlap": 0}, {"overlap": 7}, {"overlap": 2, "agreement": 0.4}],
)
def test_nonsense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(CommandError):
        told(**wrong)
