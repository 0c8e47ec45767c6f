"""Settings come from the environment, typed, and are refused with a sentence where they cannot be used."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labelhub.celery import app
from labelhub.config import ConfigError, broker_url, load_config

ROOT = Path(__file__).resolve().parent.parent
KEY = "correct-horse-battery-staple-" * 3
PRODUCTION = {
    "LABELHUB_ENV": "production",
    "SECRET_KEY": KEY,
    "ALLOWED_HOSTS": "labels.example.org",
}


@pytest.fixture
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALLOWED_HOSTS", "SECRET_KEY", "LABELHUB_ENV", "DEBUG", "STORAGE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_bare")
@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"DATABASE_URL": "mysql://db/labelhub"}, "PostgreSQL only"),
        ({"DATABASE_URL": "postgresql://db:port/labelhub"}, "names a port that is no number"),
        ({"DATABASE_URL": "postgresql://db"}, "names no database"),
        ({"REDIS_URL": "http://redis"}, "redis://"),
        ({"REDIS_URL": "redis://redis:70000/0"}, "names a port that is no number"),
        ({"REDIS_URL": "redis://redis/zero"}, "number of a database"),
        ({"REDIS_URL": "unix://"}, "names no socket"),
        ({"VAR_DIR": "/dev/null/var"}, "VAR_DIR: cannot be made"),
        ({"ALLOWED_HOSTS": "https://labels.example.org"}, "ALLOWED_HOSTS: .* is no host"),
        ({"CSRF_TRUSTED_ORIGINS": "labels.example.org"}, "is no origin"),
        ({"CSRF_TRUSTED_ORIGINS": "https://labels.example.org/"}, "is no origin"),
        ({"POLICY_HOSTS": "gpu-1:8000,http://gpu-2"}, "POLICY_HOSTS: “http://gpu-2” is no host"),
        ({"POLICY_KEYS": "OPENAI_KEY,a key"}, "“a key” is no name"),
        ({"S3_ENDPOINT_URL": "minio:9000"}, "S3_ENDPOINT_URL: must start with https://"),
        ({"ENGINE_MEMORY_GIB": "inf"}, "ENGINE_MEMORY_GIB"),
        ({"WEB_PROCESSES": "many"}, "WEB_PROCESSES"),
        ({"WEB_THREADS": "0"}, "WEB_THREADS"),
        ({"DEBUG": "perhaps"}, "DEBUG"),
        ({"STORAGE": "ftp"}, "STORAGE"),
        ({"STORAGE": "s3"}, "S3_BUCKET"),
        ({"GPU_THREADS": "2", "GPU_THREADS_RESERVED": "2"}, "smaller than GPU_THREADS"),
        ({"GPU_DEVICES": "0,1,0"}, "GPU_DEVICES names a device twice"),
        (PRODUCTION | {"DEBUG": "true"}, "DEBUG must be off"),
        (PRODUCTION | {"SECRET_KEY": ""}, "SECRET_KEY must be set"),
        (PRODUCTION | {"SECRET_KEY": "demo-" + KEY}, "SECRET_KEY must be set"),
        (PRODUCTION | {"SECRET_KEY": "short"}, "50 random characters"),
        (PRODUCTION | {"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must name"),
        (PRODUCTION | {"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name"),
    ],
)
def test_a_wrong_setting_is_named(
    environment: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=says):
        load_config()


@pytest.mark.usefixtures("_bare")
def test_production_settings_are_read_and_lists_split(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CSRF_TRUSTED_ORIGINS", "https://a.example.org, https://b.example.org")
    config = load_config()
    assert config.production
    assert config.allowed_hosts == ["labels.example.org"]
    assert config.csrf_trusted_origins == ["https://a.example.org", "https://b.example.org"]


def manage(tmp_path: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ
        | {"VAR_DIR": str(tmp_path), "DATABASE_URL": "postgresql://u:p@127.0.0.1:1/x",
           "REDIS_URL": "redis://127.0.0.1:1/0"}
        | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip


def test_check_deploy_is_clean_in_production(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "INFO", **PRODUCTION)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_process_refuses_to_start_with_one_clear_message(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", **(PRODUCTION | {"DEBUG": "true"}))
    assert done.returncode != 0
    assert "DEBUG must be off in production" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("redis_url", "as_celery_writes_it"),
    [
        ("redis://:secret@host:6379/2", "redis://:secret@host:6379/2"),
        ("rediss://host/0", "rediss://host/0"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix://:secret@/run/r?db=3", "redis+socket://:secret@/run/r?virtual_host=3"),
        ("unix:///r?password=a%2Fb", "redis+socket://:a%2Fb@/r?virtual_host=0"),
    ],
)
def test_celery_is_given_its_own_form_of_a_sockets_address(
    redis_url: str, as_celery_writes_it: str
) -> None:
    assert broker_url(redis_url) == as_celery_writes_it


def test_the_broker_is_the_redis_of_the_environment(tmp_path: Path) -> None:
    code = "from labelhub.celery import app; print(app.conf.broker_url)"
    done = manage(tmp_path, "shell", "-c", code, REDIS_URL="unix:///run/redis.sock?db=1")
    assert "redis+socket:///run/redis.sock?virtual_host=1" in done.stdout, done.stderr


def test_celery_never_gives_redis_up() -> None:
    assert app.conf.broker_connection_max_retries is None
