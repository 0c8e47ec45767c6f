"""A pytest plugin, loaded before Django's: real servers on a throw-away folder for each test process."""

import os
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


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start them where tests run: in every xdist worker, not in the process that only hands out tests."""
    hands_out = session.config.getoption("numprocesses", None) and not hasattr(
        session.config, "workerinput"
    )
    if not hands_out:
        from labelhub import embedded

        embedded.hold(VAR_DIR, fsync=False, throw_away=KEPT is None)
