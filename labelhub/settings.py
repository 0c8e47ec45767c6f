"""Django settings, derived from labelhub.config; nothing here reads the environment."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from csp.constants import NONCE, NONE, SELF

from labelhub import embedded
from labelhub.config import (
    BASE_DIR,
    broker_url,
    development_secret_key,
    file_storage,
    load_config,
)

CONFIG = load_config()
PRODUCTION = CONFIG.production
DEBUG = CONFIG.debug
SECRET_KEY = CONFIG.secret_key or development_secret_key(CONFIG.var_dir)
ALLOWED_HOSTS = CONFIG.allowed_hosts
CSRF_TRUSTED_ORIGINS = CONFIG.csrf_trusted_origins

# --- Stores -------------------------------------------------------------------------------------
EMBEDDED = not (CONFIG.database_url and CONFIG.redis_url)
_EMBEDDED_ADDRESSES = embedded.addresses(CONFIG.var_dir) if EMBEDDED else None
DATABASE_URL = CONFIG.database_url or _EMBEDDED_ADDRESSES.database_url  # type: ignore[union-attr]
REDIS_URL = CONFIG.redis_url or _EMBEDDED_ADDRESSES.redis_url  # type: ignore[union-attr]


BROKER_URL = broker_url(REDIS_URL)


def HOLD_SERVERS() -> None:
    """Keep the embedded servers running for as long as this process lives; nothing where URLs are set."""
    if EMBEDDED:
        embedded.hold(CONFIG.var_dir)


def _database(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    host = query.pop("host", None) or parts.hostname or ""
    return {
        "ENGINE": "labelhub.postgres",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(query.pop("port", None) or parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            # A statement that waits this long for a lock is a bug; better an error than a hung page.
            # What labelhub.prepared prepares has one good plan, whoever asks; a pooler in between must
            # know prepared statements (PgBouncer >= 1.21).
            "options": "-c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
            " -c plan_cache_mode=force_generic_plan",
            "connect_timeout": 5,
            **query,
        },
    }


DATABASES = {"default": _database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# One process answers few people at a time and a login may be tried at each of them; the limit is
# per process so that it needs no Redis.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

DOWNLOAD_LINK_SECONDS = 300
STORAGES: dict[str, dict[str, Any]] = {
    "default": file_storage(CONFIG, link_seconds=DOWNLOAD_LINK_SECONDS),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}

# --- Applications -------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "rest_framework",
    "knox",
    "csp",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "labelhub.accounts",
    "sampling",
    "annotation",
]
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["labelhub.accounts.sessions.AccountBackend"]
# knox's only table is replaced by accounts.ApiToken.
MIGRATION_MODULES = {"knox": None}
MIDDLEWARE = [
    "labelhub.middleware.request_log",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "labelhub.urls"
ASGI_APPLICATION = "labelhub.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "labelhub" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files: the built web app, hashed by Vite ----------------------------------------------
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
STATIC_URL = "/static/"
STATIC_ROOT = CONFIG.var_dir / "static"
# WhiteNoise warns about a folder that is not there; it fills with `collectstatic` in production.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [FRONTEND_DIST] if FRONTEND_DIST.is_dir() else []
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = False
# Vite puts an 8-character content hash before the extension of everything under assets/.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/assets/.+-[\w-]{8}\.\w+$"

# --- API ------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "labelhub.accounts.authentication.SessionAuthentication",
        "labelhub.accounts.authentication.TokenAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["labelhub.api.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["labelhub.api.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "labelhub.api.exception_to_response",
    "DEFAULT_THROTTLE_RATES": {"login": "20/minute"},
    # Whose try it is: the proxy in front knows the address, anybody else may write what they like.
    "NUM_PROXIES": 1 if CONFIG.secure_proxy else 0,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
REST_KNOX = {
    "TOKEN_TTL": timedelta(days=90),
    "AUTH_HEADER_PREFIX": "Bearer",
    "AUTO_REFRESH": False,
}
KNOX_TOKEN_MODEL = "accounts.ApiToken"  # noqa: S105 — a model's name
SPECTACULAR_SETTINGS = {
    "TITLE": "labelhub",
    "DESCRIPTION": "Human feedback for assistants: demonstrations, comparisons, datasets.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "DEFAULT_GENERATOR_CLASS": "labelhub.api_schema.OnceMadeGenerator",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "TaskKind": "annotation.models.TaskKind",
        "PromptKind": "annotation.models.Prompt.Kind",
        "PromptTaskKind": "annotation.serializers.prompts.TASK_KINDS",
        "ConversationKind": "annotation.models.Conversation.Kind",
        "DatasetKind": "annotation.models.Dataset.Kind",
        "RecipeKind": "annotation.models.Recipe.Kind",
        "AssignmentState": "annotation.models.Assignment.State",
        "ConversationState": "annotation.models.Conversation.State",
        "ComparisonState": "annotation.models.Comparison.State",
        "RunState": "sampling.models.Generation.State",
        "MessageRole": "annotation.models.Message.Role",
        "MessageOrigin": "annotation.models.Message.Origin",
        "MemberRole": "labelhub.accounts.models.Membership.Role",
        "AssignmentReason": "annotation.models.Assignment.Reason",
        "ExamState": "annotation.serializers.figures.EXAM_STATES",
        "GoldUse": "annotation.models.GoldItem.Use",
        "RoundUse": "annotation.models.RoundPolicy.Use",
        "SkipReason": "annotation.models.Assignment.SkipReason",
        "ReviewVerdict": "annotation.models.Review.Verdict",
        "TurnRole": "annotation.serializers.conversations.TURN_ROLES",
        "RatingFlow": "annotation.models.RatingSchema.Flow",
        "StrengthScale": "annotation.models.RatingSchema.Strength",
        "SamplingState": ["ok", "delayed", "down"],
    },
}
# A 50,000-character turn is 200 kB of UTF-8 at most; a whole thread stays far below this.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
MAX_JSON_BYTES = DATA_UPLOAD_MAX_MEMORY_SIZE
MAX_JSON_DEPTH = 64
# Several times what the largest list of prompts holds.
MAX_JSON_VALUES = 100_000

# --- Security -------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": [],
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF, NONCE],
        # KaTeX's markup is parsed with its style attributes; attributes run no code.
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
SESSION_ENGINE = "labelhub.accounts.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "labelhub.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if CONFIG.secure_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    # Container health checks and Prometheus speak plain HTTP to the process itself.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]

# --- Work -----------------------------------------------------------------------------------------
LEASE_SECONDS = 60
LEASE_RENEW_SECONDS = 15
SWEEP_SECONDS = 10
STREAM_SECONDS = 900
GPU_THREADS = CONFIG.gpu_threads
GPU_THREADS_RESERVED = CONFIG.gpu_threads_reserved
TORCH_THREADS = CONFIG.torch_threads
ENGINE_SLOTS = CONFIG.engine_slots
ENGINE_MEMORY_GIB = CONFIG.engine_memory_gib
POLICY_HOSTS = CONFIG.policy_hosts
# The demo's own policy is anybody's to register again.
POLICY_FOLDERS = [str(BASE_DIR / "fixtures" / "policy"), *CONFIG.policy_folders]
POLICY_KEYS = CONFIG.policy_keys
SPLIT_SALT = CONFIG.split_salt
MAX_UPLOAD_BYTES = int(CONFIG.upload_max_gib * 2**30)

# --- Logs -----------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "labelhub.middleware.RequestIdFilter"}},
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s",
        },
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json" if CONFIG.log_json else "plain",
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.server": {
            "handlers": ["console"],
            "level": "WARNING",
            "propagate": False,
        }
    },
}
