"""Settings, read from the environment; docs/operations.md lists every name.

Without DATABASE_URL and REDIS_URL the embedded mode runs: SQLite, a broker and mail as files under DATA_DIR.
"""

import os
import secrets
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def text(name: str, default: str = "") -> str:
    """The setting as given; an empty one counts as not given. The other readers build on this one."""
    return os.environ.get(name, "").strip() or default


def flag(name: str) -> bool:
    value = text(name, "no").lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"The setting {name} must be yes or no.")


def number(name: str, default: int, low: int, high: int) -> int:
    value = text(name, str(default))
    if not (value.isascii() and value.isdigit() and len(value) < 10 and low <= int(value) <= high):
        raise ImproperlyConfigured(f"The setting {name} must be a whole number from {low} to {high}.")
    return int(value)


def listed(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def address(name: str, default: str = "") -> str:
    """A web address without the slash at its end."""
    value = text(name, default).rstrip("/")
    try:
        parts = urlsplit(value)
        complete = parts.scheme in ("http", "https") and parts.hostname and not parts.query and parts.port != 0
    except ValueError:
        complete = False
    if not complete:
        raise ImproperlyConfigured(f"The setting {name} must be an address such as https://hearsay.example.org.")
    return value


def service(name: str, reader: str, example: str) -> dict:
    """The address of a server, read into Django's settings for it by django-environ's `reader`."""
    schemes = {"db_url_config": "postgres postgresql sqlite", "email_url_config": "smtp smtp+tls smtp+ssl filemail"}
    try:
        if urlsplit(text(name)).scheme in schemes[reader].split():
            return getattr(environ.Env, reader)(text(name))
    except (ValueError, KeyError, ImproperlyConfigured):
        pass  # what it says may hold the password
    raise ImproperlyConfigured(f"The setting {name} must look like {example}.")


DATA_DIR = Path(text("DATA_DIR", str(BASE_DIR / "var"))).absolute()
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
except OSError as error:
    raise ImproperlyConfigured(f"The setting DATA_DIR must be a directory to write in: {error}.") from None
DEBUG = flag("DEBUG")
PRODUCTION = bool(text("DATABASE_URL"))
HOST = text("HOST", "127.0.0.1")
PORT = number("PORT", 8000, 1, 65_535)
_name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(HOST, HOST)  # noqa: S104
_here = f"[{_name}]:{PORT}" if ":" in _name else f"{_name}:{PORT}"

if PRODUCTION:
    if DEBUG:
        raise ImproperlyConfigured("The setting DEBUG must be no where DATABASE_URL is set: it shows secrets.")
    for _name, _example in {
        "SECRET_KEY": "at least 32 random characters",
        "SITE_URL": "the address people use, such as https://hearsay.example.org",
        "EMAIL_URL": "where mail goes, such as smtp+tls://user:password@mail.example.org:587",
    }.items():
        if not text(_name):
            raise ImproperlyConfigured(
                f"The setting {_name} is missing: give {_example}. It is needed where DATABASE_URL is set."
            )


def secret_key() -> str:
    """SECRET_KEY from the environment; the embedded mode makes one once and keeps it in DATA_DIR."""
    if key := text("SECRET_KEY"):
        if len(key) < 32 or len(set(key)) < 5:
            raise ImproperlyConfigured("The setting SECRET_KEY is too weak: give at least 32 random characters.")
        return key
    path = DATA_DIR / "secret_key"
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text().strip()


SECRET_KEY = secret_key()
SITE_URL = address("SITE_URL", f"http://{_here}")
_site = urlsplit(SITE_URL)
# Loopback stays allowed: health is asked for from inside the machine or container.
ALLOWED_HOSTS = [*listed("ALLOWED_HOSTS", _site.hostname or ""), "127.0.0.1", "localhost", "[::1]"]
CSRF_TRUSTED_ORIGINS = [f"{_site.scheme}://{_site.netloc}"]

INSTALLED_APPS = [
    "tracker.apps.DeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "simple_history",
    "tracker.apps.TrackerConfig",
    "deals",
    "ingest",
    "alerts",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]
ROOT_URLCONF = "tracker.urls"
WSGI_APPLICATION = "tracker.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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


def database() -> dict:
    if not PRODUCTION:
        config: dict = {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "hearsay.sqlite3"}
    else:
        config = service("DATABASE_URL", "db_url_config", "postgres://user:password@host:5432/name")
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    else:
        config.setdefault("OPTIONS", {})["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10}
        config["CONN_HEALTH_CHECKS"] = True
    return config


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "admin:login"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _site.scheme == "https"
if _site.scheme == "https":
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
# An image collects the static files once, under names that say their content; elsewhere they are served as they lie.
STATIC_ROOT = text("STATIC_ROOT") or None
_storage = "whitenoise.storage.CompressedManifest" if STATIC_ROOT else "django.contrib.staticfiles.storage."
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": f"{_storage}StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = not STATIC_ROOT

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "tracker.problems.problem_response",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Hearsay",
    "DESCRIPTION": "What was said of a deal, by whom, and how it stood: on any day, as known on any day.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "Status": "deals.choices.Status",
        "Precision": "deals.choices.Precision",
        "ChangeKind": "deals.choices.Kind",
        "SourceKind": "deals.choices.SourceKind",
        "TermKind": "deals.choices.TermKind",
        "SpeakerKind": "deals.choices.SpeakerKind",
    },
}

CELERY_BROKER_URL = text("REDIS_URL", "filesystem://localhost")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, str | int | float] = {
    "visibility_timeout": 600,  # five times the longest task
    "socket_timeout": 30,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
if CELERY_BROKER_URL.startswith("filesystem://"):
    _queue = DATA_DIR / "broker"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "queue"),
        "data_folder_out": str(_queue / "queue"),
        "control_folder": str(_queue / "control"),
        "polling_interval": 0.2,  # seconds between two looks; a worker looks anew after each task
    }
    for _folder in ("queue", "control"):
        (_queue / _folder).mkdir(parents=True, exist_ok=True)
elif not CELERY_BROKER_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("The setting REDIS_URL must begin with redis://, rediss:// or unix://.")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 110
CELERY_TASK_TIME_LIMIT = 120
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_WORKER_MAX_TASKS_PER_CHILD = 5_000
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 300_000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "poll-due-feeds": {"task": "ingest.tasks.poll_due_feeds", "schedule": 5, "options": {"expires": 10}},
    "fetch-articles": {"task": "ingest.tasks.fetch_articles", "schedule": 5, "options": {"expires": 10}},
    "read-new-entries": {"task": "ingest.tasks.read_new_entries", "schedule": 5, "options": {"expires": 10}},
    "look-back-for-claims": {"task": "ingest.tasks.look_back_for_claims", "schedule": 10, "options": {"expires": 20}},
    "pace-claim-searches": {"task": "ingest.tasks.pace_claim_searches", "schedule": 60, "options": {"expires": 60}},
    "take-up-changes": {"task": "alerts.tasks.take_up_changes", "schedule": 3, "options": {"expires": 6}},
    "send-waiting-mail": {"task": "alerts.tasks.send_waiting", "schedule": 3, "options": {"expires": 6}},
}

if text("EMAIL_URL"):
    vars().update(service("EMAIL_URL", "email_url_config", "smtp+tls://user:password@mail.example.org:587"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", "Hearsay <hearsay@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Who publishers may write to about our polling; part of the User-Agent.
CONTACT = text("CONTACT", parseaddr(DEFAULT_FROM_EMAIL)[1])
# host:port pairs inside the house that feeds may be fetched from; the example newsroom serves its own.
LOCAL_FEEDS = frozenset(listed("LOCAL_FEEDS", "" if PRODUCTION else _here))
PRIVATE_SITE = flag("PRIVATE_SITE")
GRACE_SECONDS = number("GRACE_SECONDS", 300, 0, 86_400)
# An item dated earlier than so many days before we first see it is history; a feed may say otherwise.
NEWS_DAYS = number("NEWS_DAYS", 30, 1, 36_500)
# How long something may wait for a worker before /healthz calls the workers deaf.
HEALTHY_SECONDS = number("HEALTHY_SECONDS", 300, 10, 86_400)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "tracker.logs.JSONLine"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"level": "INFO"},
        # A request that is refused is the client's matter; one that fails is ours.
        "django.request": {"level": "ERROR"},
        # A line for each task that looked into a table, every few seconds, says nothing.
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}
