"""The walls of docs/ARCHITECTURE.md stand: imports, views, migrations, and the API that was committed."""

import ast
import json
import shlex
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parents[2]
VIEWS = sorted([*ROOT.glob("*/views.py"), *ROOT.glob("*/*/views.py"), *ROOT.glob("*/views/*.py")])
OPENAPI = ROOT / "frontend" / "openapi.json"


def test_nobody_imports_against_the_arrow() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("path", VIEWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_views_leave_the_database_to_selectors_and_services(path: Path) -> None:
    tree = ast.parse(path.read_text())
    found = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "objects"
    ]
    assert found == []


@pytest.mark.django_db
def test_every_model_change_has_its_migration() -> None:
    call_command("makemigrations", "--check", "--dry-run", stdout=StringIO())


def test_the_committed_schema_is_the_apis_own(tmp_path: Path) -> None:
    made = tmp_path / "openapi.json"
    call_command(
        "spectacular",
        "--validate",
        "--fail-on-warn",
        "--format",
        "openapi-json",
        "--file",
        str(made),
    )
    assert made.read_text() == OPENAPI.read_text(), "run make schema and commit what it writes"


def test_the_typescript_types_are_made_from_the_committed_schema(tmp_path: Path) -> None:
    frontend = ROOT / "frontend"
    if not (frontend / "node_modules").exists():
        pytest.skip("the frontend is not installed: run make install")
    # The options are those of `npm run types`, so that they stand in one place.
    script = json.loads((frontend / "package.json").read_text())["scripts"]["types"]
    made = tmp_path / "schema.d.ts"
    words = shlex.split(script.replace("src/api/schema.d.ts", str(made)))
    tool = frontend / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    subprocess.run(
        [Path(sys.executable).with_name("node"), tool, *words[1:]],
        cwd=frontend, capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    committed = frontend / "src" / "api" / "schema.d.ts"
    assert made.read_text() == committed.read_text(), "run make schema and commit what it writes"
