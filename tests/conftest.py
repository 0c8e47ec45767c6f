"""Real servers for every test: an embedded PostgreSQL and Redis on a throw-away folder, one per worker."""

import os
import tempfile
from pathlib import Path

# Settings read the environment at import; the folder must be named before Django is set up.
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
_VAR = Path(tempfile.mkdtemp(prefix=f"labelhub-test-{_WORKER}-"))
os.environ["VAR_DIR"] = str(_VAR)
for _name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "LABELHUB_ENV", "DEBUG"):
    os.environ.pop(_name, None)

from labelhub import embedded  # noqa: E402

# As root the servers run as another account, which must be able to enter.
_VAR.chmod(0o755)
embedded.hold(_VAR, fsync=False, throw_away=True)

