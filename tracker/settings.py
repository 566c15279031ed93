"""Settings, read from the environment; docs/operations.md lists every name.

Without DATABASE_URL and REDIS_URL the embedded mode runs: SQLite, a broker and mail as files under DATA_DIR.
"""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def read(kind: str, name: str, default):
    """The value of one setting. Raises ImproperlyConfigured naming the setting and what it must look like."""
    try:
        return getattr(env, kind)(name, default=default)
    except ImproperlyConfigured:
        raise
    except Exception as error:
        raise ImproperlyConfigured(f"The setting {name} must be of the form {kind}: {error}") from error


DATA_DIR = Path(read("str", "DATA_DIR", str(BASE_DIR / "var")))
DEBUG = read("bool", "DEBUG", False)
PRODUCTION = bool(read("str", "DATABASE_URL", ""))


def secret_key() -> str:
    """SECRET_KEY from the environment; the embedded mode makes one once and keeps it in DATA_DIR."""
    if key := read("str", "SECRET_KEY", ""):
        if len(key) < 32:
            raise ImproperlyConfigured("The setting SECRET_KEY is too short: give at least 32 random characters.")
        return key
    if PRODUCTION:
        raise ImproperlyConfigured("The setting SECRET_KEY is missing: give at least 32 random characters.")
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    path = DATA_DIR / "secret_key"
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text().strip()


SECRET_KEY = secret_key()
SITE_URL = read("str", "SITE_URL", "http://127.0.0.1:8000").rstrip("/")
_site = urlsplit(SITE_URL)
if _site.scheme not in ("http", "https") or not _site.hostname:
    raise ImproperlyConfigured("The setting SITE_URL must be an address such as https://hearsay.example.org.")
ALLOWED_HOSTS = read("list", "ALLOWED_HOSTS", [_site.hostname, "127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [SITE_URL]

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
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        config = {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "hearsay.sqlite3"}
    else:
        config = read("db_url", "DATABASE_URL", None)
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    elif config["ENGINE"].endswith("postgresql"):
        config.setdefault("OPTIONS", {})["pool"] = {"min_size": 1, "max_size": 8, "timeout": 10}
    else:
        raise ImproperlyConfigured("The setting DATABASE_URL must begin with postgres:// or sqlite:///.")
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
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "tracker.problems.problem_response",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Hearsay",
    "DESCRIPTION": "What was said of a deal, by whom, and how it stood: on any day, as known on any day.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

CELERY_BROKER_URL = read("str", "REDIS_URL", "") or "filesystem://"
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 300}
if CELERY_BROKER_URL == "filesystem://":
    _queue = DATA_DIR / "broker"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_queue / "queue"),
        "data_folder_out": str(_queue / "queue"),
        "control_folder": str(_queue / "control"),
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
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "poll-due-feeds": {"task": "ingest.tasks.poll_due_feeds", "schedule": 5, "options": {"expires": 10}},
    "read-new-entries": {"task": "ingest.tasks.read_new_entries", "schedule": 5, "options": {"expires": 10}},
    "take-up-changes": {"task": "alerts.tasks.take_up_changes", "schedule": 3, "options": {"expires": 6}},
    "send-waiting-mail": {"task": "alerts.tasks.send_waiting", "schedule": 3, "options": {"expires": 6}},
}

if EMAIL_URL := read("str", "EMAIL_URL", ""):
    try:
        vars().update(env.email_url("EMAIL_URL"))
    except Exception as error:
        raise ImproperlyConfigured("The setting EMAIL_URL must look like smtp://user:password@host:25.") from error
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = read("str", "DEFAULT_FROM_EMAIL", "Hearsay <hearsay@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Who publishers may write to about our polling; part of the User-Agent.
CONTACT = read("str", "CONTACT", DEFAULT_FROM_EMAIL.partition("<")[2].rstrip(">") or DEFAULT_FROM_EMAIL)
# host:port pairs inside the house that feeds may be fetched from, such as 127.0.0.1:8000.
LOCAL_FEEDS = frozenset(read("list", "LOCAL_FEEDS", []))
PRIVATE_SITE = read("bool", "PRIVATE_SITE", False)
GRACE_SECONDS = read("int", "GRACE_SECONDS", 300)
if GRACE_SECONDS < 0:
    raise ImproperlyConfigured("The setting GRACE_SECONDS must be 0 or more.")
