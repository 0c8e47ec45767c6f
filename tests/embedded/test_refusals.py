"""Servers that cannot run say why and what to do; a folder out of reach still works."""

import os
from pathlib import Path

import pytest

from labelhub.embedded import EmbeddedServerError, addresses, binaries
from labelhub.embedded.places import Places
from tests.embedded.conftest import Servers, answer


def refusal(servers: Servers) -> str:
    user = servers.start_user()
    output, _ = user.communicate()
    assert output.startswith("refused ")
    return output.removeprefix("refused ")


def test_data_of_another_version_is_left_alone(servers: Servers) -> None:
    servers.use()
    servers.end_users_and_wait()
    (servers.places.postgres / "PG_VERSION").write_text("17\n")

    words = refusal(servers)

    assert "was made by PostgreSQL 17" in words
    assert "pg_dump" in words


def test_a_server_that_does_not_start_is_quoted_and_starts_once_mended(servers: Servers) -> None:
    servers.use()
    servers.end_users_and_wait()
    settings = servers.places.postgres / "postgresql.conf"
    good = settings.read_text()
    settings.write_text(good + "\nshared_bufers = 1\n")

    words = refusal(servers)
    servers.wait_until_stopped()
    settings.write_text(good)

    assert 'unrecognized configuration parameter "shared_bufers"' in words
    assert answer(servers.start_user()) == "held\n"


def test_lost_keys_are_named(servers: Servers) -> None:
    servers.use()
    servers.end_users_and_wait()
    (servers.places.home / "keys" / "labelhub").unlink()

    assert "is not the one" in refusal(servers)


def test_a_missing_wheel_is_named(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_REDIS_WHEEL", "labelhub-absent")

    with pytest.raises(EmbeddedServerError, match=r"labelhub-absent .* `make install`"):
        binaries.find_binaries(servers.places)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(EmbeddedServerError, match=r"Not a directory.*VAR_DIR"):
        addresses(tmp_path / "file" / "var")


def test_addresses_stay_the_same_and_start_nothing(servers: Servers) -> None:
    assert addresses(servers.folder) == addresses(servers.folder)
    assert servers.processes() == set()
    keys = servers.places.home / "keys"
    assert {key.stat().st_mode & 0o777 for key in keys.iterdir()} == {0o600}


@pytest.mark.parametrize("name", ["a" * 120, "with space", "comma,quote'"])
def test_sockets_of_awkward_folders_lie_elsewhere(name: str) -> None:
    sockets = Places(Path("/srv") / name).sockets

    assert sockets.parent == Path("/tmp")  # noqa: S108
    assert sockets != Places(Path("/srv") / name / "other").sockets


def test_servers_of_an_awkward_folder_answer(awkward_servers: Servers) -> None:
    awkward_servers.use()

    assert awkward_servers.query("SELECT 1") == [(1,)]
    assert awkward_servers.redis_pid_when_back()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the servers to another account")
def test_root_may_work_in_a_folder_the_servers_cannot_reach(hidden_servers: Servers) -> None:
    hidden_servers.use()

    assert hidden_servers.query("SELECT 1") == [(1,)]
    assert hidden_servers.places.home.parent == Path("/var/lib")
