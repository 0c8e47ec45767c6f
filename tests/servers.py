"""A pytest plugin, loaded before Django's: real servers on a throw-away folder for each test process."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

# A developer who runs a few tests over and over names a folder that stays, and passes --reuse-db.
KEPT = os.environ.get("TEST_VAR_DIR")
# Settings read the environment at import, so the folder must be named before Django is set up.
VAR_DIR = Path(KEPT or tempfile.mkdtemp(prefix="labelhub-test-"))
os.environ["VAR_DIR"] = str(VAR_DIR)
for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "LABELHUB_ENV", "DEBUG"):
    os.environ.pop(name, None)


# As root the servers run as another account, which must be able to enter.
VAR_DIR.mkdir(parents=True, exist_ok=True)
VAR_DIR.chmod(0o755)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start them where tests run; the folder goes with its last user."""
    if not _hands_out_tests(session.config):
        from labelhub import embedded

        embedded.hold(VAR_DIR, fsync=False, throw_away=KEPT is None)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _hands_out_tests(config) and KEPT is None:
        shutil.rmtree(VAR_DIR)


def _hands_out_tests(config: pytest.Config) -> bool:
    """Whether this is the xdist process that runs no test itself."""
    return bool(config.getoption("numprocesses", None)) and not hasattr(config, "workerinput")
