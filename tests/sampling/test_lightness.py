"""A web process answers for sampling and for figures without the weight of either."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LOAD_ALL_BUT_THE_ENGINE = """
import sys
import django
django.setup()
import labelhub.urls, sampling.jobs, annotation.jobs
print(*sorted({"torch", "transformers", "huggingface_hub", "scipy.stats"} & set(sys.modules)))
"""


def test_neither_web_nor_jobs_load_torch_or_statistics_at_start() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD_ALL_BUT_THE_ENGINE],
        cwd=PROJECT,
        env={"DJANGO_SETTINGS_MODULE": "labelhub.settings", "DATABASE_URL": "postgresql://x/y"}
        | {"REDIS_URL": "redis://127.0.0.1:1", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == ""
