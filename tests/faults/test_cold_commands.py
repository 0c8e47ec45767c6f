"""Commands on a data folder that nobody has used: they make what they need and leave nothing running."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import orjson
import pytest

from labelhub.embedded.places import places_of
from tests.demo import PATIENCE_SECONDS, ROOT, processes_of
from tests.importing import dialogue
from tests.processes import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


def test_a_first_command_prepares_the_database_and_the_last_one_ends_the_servers() -> None:
    # Not tmp_path: as root that is a folder the servers' own account cannot enter.
    var = Path(tempfile.mkdtemp(prefix="labelhub-test-"))
    var.chmod(0o755)

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=os.environ | {"VAR_DIR": str(var)},
            capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
        )  # fmt: skip

    line = orjson.dumps(dialogue("Why is the sea salty?", "Rivers carry salt into it.")).decode()
    rows = var / "rows.jsonl"
    rows.write_text(line + "\nno JSON\n")
    try:
        brought = manage("import_jsonl", str(rows), "--project", "cold", "--create-project")
        assert brought.returncode == 1, brought.stderr
        assert brought.stdout == ("messages: 2 rows read, 1 added, 0 already there, 1 rejected\n")
        assert "The database is new and is prepared first." in brought.stderr
        taken = manage("export_jsonl", "sft", "--project", "cold", "--out", "-")
        assert (taken.returncode, taken.stdout) == (0, line + "\n"), taken.stderr
        assert "prepared" not in taken.stderr
        assert manage("export_jsonl", "sft", "--project", "none", "--out", "-").returncode == 2
        wait_until(lambda: not processes_of(var), "the end of the servers")
    finally:
        shutil.rmtree(places_of(var).home, ignore_errors=True)
        shutil.rmtree(var, ignore_errors=True)
