"""Every setting labelhub takes from the environment: typed, checked at start, documented in docs/SETTINGS.md.

This module is the only reader of the environment; `labelhub.settings` turns it into Django settings.
"""

import os
import re
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, parse_qs, quote, urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from labelhub import keyfile

BASE_DIR = Path(__file__).resolve().parent.parent

# Prefix of the key that a development installation makes for itself; production refuses it.
DEMO_KEY_PREFIX = "demo-"

# The nine completions of the largest comparison fit what is left when a third is kept for people.
FEWEST_ENGINE_SLOTS = 13


_ORIGIN = re.compile(r"https?://[^/?#\s]+")


class ConfigError(SystemExit):
    """The environment holds a setting labelhub cannot start with; the message says which and why."""


class Config(BaseSettings):
    """The environment, parsed. Field descriptions are the documentation table's text."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    labelhub_env: Literal["development", "production"] = Field(
        "development",
        description="`production` turns on every check of `manage.py check --deploy` and refuses demo keys.",
    )
    debug: bool = Field(False, description="Django's debug pages. Refused in production.")
    secret_key: str = Field(
        "",
        description="Signs sessions and download links; ≥ 50 characters. Made under VAR_DIR in development.",
    )
    allowed_hosts: Annotated[list[str], NoDecode] = Field(
        ["localhost", "127.0.0.1", "[::1]"],
        description="Comma-separated host names the site answers to. Must be set in production.",
    )
    csrf_trusted_origins: Annotated[list[str], NoDecode] = Field(
        [],
        description="Comma-separated origins (scheme and host) that may send forms, behind a proxy.",
    )
    database_url: str = Field(
        "",
        description="`postgresql://user:password@host:port/name` (PostgreSQL ≥ 15). Unset: the embedded server.",
    )
    redis_url: str = Field(
        "",
        description="`redis://`, `rediss://` or `unix://` (Redis or Valkey ≥ 7.2 in production). Unset: the embedded server.",
    )
    var_dir: Path = Field(
        BASE_DIR / "var",
        description="Folder of the embedded servers, uploads, exports and logs.",
    )
    storage: Literal["local", "s3"] = Field(
        "local",
        description="Where exports and uploads live: under VAR_DIR, or an S3-compatible bucket.",
    )
    s3_bucket: str = Field("", description="Bucket name; required with STORAGE=s3.")
    s3_endpoint_url: str = Field(
        "", description="Endpoint of an S3-compatible service other than AWS."
    )
    web_processes: int = Field(
        2,
        ge=1,
        le=256,
        description="Web processes that the supervisor starts; one a core is a good start.",
    )
    web_threads: int = Field(
        8,
        ge=1,
        le=256,
        description="Threads that answer API requests in each web process, a connection each.",
    )
    gpu_threads: int = Field(
        6,
        ge=2,
        le=256,
        description="Generations one GPU worker runs at once (Celery threads).",
    )
    gpu_threads_reserved: int = Field(
        2,
        ge=1,
        le=128,
        description="Of these, threads that batch sampling never takes from drafts and replies.",
    )
    gpu_devices: Annotated[list[str], NoDecode] = Field(
        [],
        description=(
            "Comma-separated GPUs, as `CUDA_VISIBLE_DEVICES` names them: the supervisor starts a "
            "GPU worker for each. Unset: one worker, on the first GPU there is."
        ),
    )
    torch_threads: int = Field(1, ge=1, le=256, description="CPU threads of the in-process engine.")
    engine_slots: int = Field(
        54,
        ge=FEWEST_ENGINE_SLOTS,
        le=1024,
        description="Completions one policy's engine samples at once, a third of them only for people.",
    )
    engine_memory_gib: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description=(
            "Memory one policy's engine may take. Unset: half of what a machine has free, nine "
            "tenths of what a GPU has."
        ),
    )
    policy_hosts: Annotated[list[str], NoDecode] = Field(
        ["127.0.0.1", "localhost"],
        description="Comma-separated hosts, `name` or `name:port`, that `openai:` policies may point at.",
    )
    policy_folders: Annotated[list[str], NoDecode] = Field(
        [],
        description="Comma-separated folders below which managers may register policies; admins may anywhere.",
    )
    policy_keys: Annotated[list[str], NoDecode] = Field(
        [],
        description=(
            "Comma-separated environment variables of the GPU workers that managers may name as a "
            "policy's API key; admins may name any."
        ),
    )
    upload_max_gib: float = Field(
        50,
        gt=0,
        le=1024,
        description="Size of the largest file that the imports page takes; `import_jsonl` takes any.",
    )
    split_salt: str = Field(
        "labelhub",
        description="Salt of train/validation/test splits; a drawn split stays whatever this becomes.",
    )
    secure_proxy: bool = Field(
        False,
        description=(
            "Trust `X-Forwarded-Proto` and the last address in `X-Forwarded-For`, which the proxy in "
            "front of the web processes writes."
        ),
    )
    log_json: bool = Field(
        False,
        description="Structured JSON logs on standard error instead of plain lines.",
    )

    @field_validator(
        *("allowed_hosts", "csrf_trusted_origins"),
        *("policy_hosts", "policy_folders", "policy_keys", "gpu_devices"),
        mode="before",
    )
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("database_url")
    @classmethod
    def _postgresql_only(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in {"postgres", "postgresql"}:
            raise ValueError("must start with postgresql:// — labelhub runs on PostgreSQL only")
        _require_port(parts)
        if not parts.path.strip("/"):
            raise ValueError("names no database: postgresql://user:password@host:port/name")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_only(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("must start with redis://, rediss:// or unix://")
        if parts.scheme == "unix":
            if not parts.path.strip("/"):
                raise ValueError("names no socket: unix:///run/redis.sock")
            return value
        _require_port(parts)
        if not re.fullmatch(r"/?[0-9]*", parts.path):
            raise ValueError("must end in the number of a database, such as /0, or in none")
        return value

    @field_validator("s3_endpoint_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not _ORIGIN.match(value):
            raise ValueError("must start with https:// or http:// and name a host")
        return value

    @field_validator("csrf_trusted_origins")
    @classmethod
    def _origins(cls, values: list[str]) -> list[str]:
        for value in values:
            if not _ORIGIN.fullmatch(value):
                raise ValueError(f"“{value}” is no origin, such as https://labels.example.org")
        return values

    @field_validator("allowed_hosts", "policy_hosts")
    @classmethod
    def _hosts(cls, values: list[str]) -> list[str]:
        for value in values:
            if "/" in value:
                raise ValueError(f"“{value}” is no host: write it without scheme and path")
        return values

    @field_validator("policy_keys")
    @classmethod
    def _variable_names(cls, values: list[str]) -> list[str]:
        for value in values:
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
                raise ValueError(f"“{value}” is no name of an environment variable")
        return values

    @field_validator("var_dir")
    @classmethod
    def _writable_folder(cls, value: Path) -> Path:
        try:
            value.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"cannot be made: {error}") from error
        if not os.access(value, os.W_OK | os.X_OK):
            raise ValueError(f"cannot be written to: {value}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.gpu_threads_reserved >= self.gpu_threads:
            raise ValueError("GPU_THREADS_RESERVED must be smaller than GPU_THREADS")
        if len(set(self.gpu_devices)) < len(self.gpu_devices):
            raise ValueError("GPU_DEVICES names a device twice")
        if self.storage == "s3" and not self.s3_bucket:
            raise ValueError("STORAGE=s3 needs S3_BUCKET")
        if self.labelhub_env == "production":
            self._refuse_unsafe_production()
        return self

    def _refuse_unsafe_production(self) -> None:
        if self.debug:
            raise ValueError("DEBUG must be off in production")
        if len(self.secret_key) < 50 or self.secret_key.startswith(DEMO_KEY_PREFIX):
            raise ValueError(
                "SECRET_KEY must be set to at least 50 random characters in production; make one with "
                "`python -c 'import secrets; print(secrets.token_urlsafe(64))'`"
            )
        if "allowed_hosts" not in self.model_fields_set or "*" in self.allowed_hosts:
            raise ValueError("ALLOWED_HOSTS must name the site's hosts in production")

    @property
    def production(self) -> bool:
        return self.labelhub_env == "production"


def _require_port(parts: SplitResult) -> None:
    """Raises ValueError for a port that is none, which shows only when it is asked for."""
    try:
        _ = parts.port
    except ValueError as error:
        raise ValueError("names a port that is no number from 0 to 65535") from error


def load_config() -> Config:
    """Read the environment. Raises ConfigError with one sentence a setting when it cannot be used."""
    try:
        return Config()
    except ValidationError as exc:
        lines = []
        for error in exc.errors():
            name = str(error["loc"][0]).upper() if error["loc"] else "settings"
            lines.append(f"  {name}: {error['msg'].removeprefix('Value error, ')}")
        raise ConfigError(
            "labelhub cannot start with these settings:\n"
            + "\n".join(lines)
            + "\nSee docs/SETTINGS.md."
        ) from None


def development_secret_key(var_dir: Path) -> str:
    """The key a development installation makes for itself on first use."""
    return keyfile.read_or_make(
        var_dir / "secret_key", lambda: DEMO_KEY_PREFIX + secrets.token_urlsafe(64)
    )


def broker_url(redis_url: str) -> str:
    """The same Redis as Celery writes it: a socket is `redis+socket://`, its database virtual_host."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    secret = f":{quote(query['password'], safe='')}@" if "password" in query else ""
    place = f"{parts.netloc or secret}{parts.path}"
    return f"redis+socket://{place}?virtual_host={query.get('db', '0')}"


def file_storage(config: Config, *, link_seconds: int) -> dict[str, Any]:
    """The entry of Django's STORAGES for uploads and exports; links into a bucket live that long."""
    if config.storage == "local":
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": config.var_dir / "files"},
        }
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": config.s3_bucket,
            "endpoint_url": config.s3_endpoint_url or None,
            "querystring_expire": link_seconds,
            # Links are signed the old way else, which newer regions and services refuse.
            "signature_version": "s3v4",
            # Guessed from the name, .gz would be stored as an encoding: browsers then unpack what they
            # fetch, and keep other bytes than those of the manifest's hash.
            "object_parameters": {"ContentType": "application/octet-stream"},
        },
    }
