"""manage.py serve_policy: what it refuses before it serves, and what it looks up."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from sampling.management.commands.serve_policy import find_source
from tests import factories


def serve(policy: str, **options: object) -> None:
    call_command("serve_policy", policy, port=0, **options)


def test_other_machines_are_not_served_without_a_key(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "192.0.2.1", "example.org"):  # noqa: S104 — refused, which is the test
        with pytest.raises(CommandError, match="endpoint_unprotected"):
            serve(str(tmp_path), host=host)


def test_a_key_that_is_not_set_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINY_KEY", raising=False)
    with pytest.raises(CommandError, match="api_key_missing"):
        serve(str(tmp_path), api_key_variable="TINY_KEY")


def test_a_folder_without_a_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="tokenizer_missing"):
        serve(str(tmp_path))


@pytest.mark.parametrize("n_slots", ["12", "0", "-4", "many"])
def test_slots_that_no_comparison_of_nine_fits_are_refused(tmp_path: Path, n_slots: str) -> None:
    with pytest.raises(CommandError, match="wants at least 13"):
        call_command("serve_policy", str(tmp_path), f"--slots={n_slots}")


def test_a_server_is_not_served_again() -> None:
    with pytest.raises(CommandError, match="unsupported_policy"):
        serve("openai:http://127.0.0.1:1/v1#tiny")


@pytest.mark.django_db
def test_a_registered_name_stands_for_its_source_and_revision(tmp_path: Path) -> None:
    policy = factories.PolicyFactory(name="round-3", source="org/name", revision="abc")

    assert find_source(policy.name) == ("org/name", "abc", "round-3")
    assert find_source(str(tmp_path)) == (str(tmp_path), None, None)
    assert find_source("other/name") == ("other/name", None, None)


@pytest.mark.django_db
def test_a_name_that_nobody_registered_is_refused() -> None:
    with pytest.raises(CommandError, match="no policy named nobody"):
        serve("nobody")
