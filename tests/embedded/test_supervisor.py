"""The supervisor over small real programs: starts, revives, refuses and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labelhub.supervisor import StepError, listen
from tests.processes import is_alive, kill, marked, wait_until

_PROJECT = Path(__file__).resolve().parents[2]

# Runs programs given as NAME=PYTHON-CODE; each is ready once the file of its name is there, which holds
# its process id from the first moment. A ready program may leave a child of its own in its group.
_SUPERVISOR = """
import sys
from pathlib import Path
from labelhub.supervisor import Program, StepError, Supervisor
folder, *programs = sys.argv[1:]
def program(name, code):
    ready = Path(folder, name)
    return Program(name, (sys.executable, "-c", code, str(ready)), ready.exists, "Mend it.")
try:
    supervisor = Supervisor([program(*p.split("=", 1)) for p in programs], Path(folder, "log"))
    supervisor.run(when_ready=lambda: print("all ready", flush=True))
except StepError as exc:
    sys.exit(str(exc))
"""
_NAMES_ITSELF = """
import os, pathlib, signal, subprocess, sys
def name_itself():
    file = pathlib.Path(sys.argv[1])
    file.with_suffix(".new").write_text(str(os.getpid()))
    file.with_suffix(".new").replace(file)
"""
_WELL = f"""{_NAMES_ITSELF}
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
name_itself()
while True:
    signal.pause()
"""
_STUBBORN = f"""{_NAMES_ITSELF}
signal.signal(signal.SIGTERM, lambda *_: print("not yet", flush=True))
name_itself()
while True:
    signal.pause()
"""
_PARENT = f"""{_NAMES_ITSELF}
from labelhub import lifeline
child = "import os, signal, sys; from labelhub import lifeline;"
child += "lifeline.die_with_parent(int(sys.argv[1])); print('tied', flush=True); signal.pause()"
started = subprocess.Popen([sys.executable, "-c", child, str(os.getpid())], stdout=subprocess.PIPE)
started.stdout.readline()
name_itself()
signal.pause()
"""
_BROKEN = "print('the cause'); raise SystemExit(3)"

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def marker() -> str:
    return f"LABELHUB_TEST_MARKER={uuid.uuid4().hex}"


@pytest.fixture
def start(tmp_path: Path, marker: str) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(**programs: str) -> subprocess.Popen[str]:
        name, value = marker.split("=")
        supervisor = subprocess.Popen(
            [sys.executable, "-c", _SUPERVISOR, str(tmp_path), *map("=".join, programs.items())],
            cwd=_PROJECT,
            env=os.environ | {name: value},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(supervisor)
        return supervisor

    yield start
    for supervisor in started:
        supervisor.kill()
        supervisor.communicate()
    wait_until(lambda: not marked(marker), "the end of all that was started")


def wait_until_ready(supervisor: subprocess.Popen[str]) -> None:
    assert supervisor.stdout is not None
    for line in supervisor.stdout:
        if line == "all ready\n":
            return
    raise AssertionError("the supervisor ended")


def pid_of(folder: Path, name: str) -> int:
    return int((folder / name).read_text())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_end_it_ends_all_and_then_itself(
    start: Start, marker: str, number: signal.Signals
) -> None:
    supervisor = start(one=_WELL, two=_WELL)
    wait_until_ready(supervisor)
    assert len(marked(marker)) == 3

    supervisor.send_signal(number)

    assert supervisor.wait() == 0
    assert marked(marker) == set()


def test_a_second_request_ends_what_does_not_want_to(start: Start, marker: str) -> None:
    supervisor = start(stubborn=_STUBBORN)
    wait_until_ready(supervisor)

    supervisor.send_signal(signal.SIGINT)
    assert supervisor.stdout is not None
    assert supervisor.stdout.read(len("  Stopping stubborn")) == "  Stopping stubborn"
    supervisor.send_signal(signal.SIGINT)

    assert supervisor.wait() == 0
    assert marked(marker) == set()


def test_killed_it_leaves_no_child_and_no_grandchild(start: Start, marker: str) -> None:
    supervisor = start(well=_WELL, parent=_PARENT)
    wait_until_ready(supervisor)
    assert len(marked(marker)) == 4

    supervisor.kill()

    wait_until(lambda: not marked(marker), "the end of children and grandchildren")


def test_a_killed_program_is_started_again_and_named(
    start: Start, marker: str, tmp_path: Path
) -> None:
    supervisor = start(well=_WELL, parent=_PARENT)
    wait_until_ready(supervisor)
    killed = pid_of(tmp_path, "parent")

    kill(killed)
    wait_until(lambda: pid_of(tmp_path, "parent") != killed, "the second start")

    assert supervisor.stdout is not None
    assert supervisor.stdout.readline().startswith("parent ended (signal 9) and is started again")
    wait_until(lambda: len(marked(marker)) == 4, "the grandchild of the second start alone")
    assert is_alive(pid_of(tmp_path, "well"))


def test_a_program_that_does_not_start_is_quoted(start: Start, marker: str) -> None:
    supervisor = start(well=_WELL, broken=_BROKEN)

    _, words = supervisor.communicate()

    assert supervisor.returncode == 1
    assert "Starting broken failed: it ends before it is ready." in words
    assert "  the cause\n" in words
    assert "Mend it." in words
    assert marked(marker) == set()


def test_a_busy_port_is_named_and_another_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with listen("127.0.0.1", free_port()) as first:
        busy = first.getsockname()[1]
        with listen("127.0.0.1", busy) as second:
            assert second.getsockname()[1] > busy

    assert f"Port {busy} cannot be used (Address already in use)" in capsys.readouterr().out


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(StepError, match=r"none of .* on 203\.0\.113\.1 is free"):
        listen("203.0.113.1", free_port())


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_connections_send_each_part_of_an_answer_at_once() -> None:
    listener = listen("127.0.0.1", 8790)
    with listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
