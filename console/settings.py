"""Every setting, from the environment, with types. ``.env.example`` lists the variables in words.

Defaults are safe. Production (``AERIE_ENV`` unset) refuses to start without its
secrets and names every one that is missing.
"""

from pathlib import Path
from urllib.parse import urlsplit

import allauth
import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from accounts.keyring import parse_keys
from console import databases, logs
from console.storages import cloudfront, origin, storage
from devices.firmware.minisign import parse_keys as parse_public_keys

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

AERIE_ENV = env.str("AERIE_ENV", "production")
if AERIE_ENV not in ("production", "development", "demo", "test"):
    raise ImproperlyConfigured(f"AERIE_ENV is {AERIE_ENV!r}; it is production, development, demo or test")
PRODUCTION = AERIE_ENV == "production"
DEBUG = AERIE_ENV == "development"
AERIE_RELEASE = env.str("AERIE_RELEASE", "development")

_unusable: list[str] = []


def _required(name: str, fallback: str) -> str:
    """The variable; outside production the fallback may stand in for it."""
    value = env.str(name, "" if PRODUCTION else fallback)
    if not value:
        _unusable.append(f"{name} is missing")
    return value


def _keys(name: str, fallback: str, optional: bool = False) -> list[bytes]:
    if optional and PRODUCTION and not env.str(name, ""):
        return []
    try:
        return parse_keys(_required(name, fallback))
    except ValueError as error:
        _unusable.append(f"{name}: {error}")
        return []


# Fallbacks of development, demo and tests alone: publicly known, and never used in production.
_VAR = BASE_DIR / "var"
_OPEN_KEY = "YWVyaWUgZGV2ZWxvcG1lbnQga2V5LCBub3Qgc2FmZSE="

SECRET_KEY = _required("SECRET_KEY", "development only, publicly known, long enough to satisfy the checks")
FIELD_ENCRYPTION_KEYS = _keys("FIELD_ENCRYPTION_KEYS", _OPEN_KEY)
OUTPOST_STORE_KEYS = _keys("OUTPOST_STORE_KEYS", _OPEN_KEY)
# Nobody without backups needs them: whoever makes one without is told.
BACKUP_KEYS = _keys("BACKUP_KEYS", _OPEN_KEY, optional=True)
OUTPOST_DEVICE_KEY_SECRETS = env.list("OUTPOST_DEVICE_KEY_SECRETS", default=[])
CONSOLE_PUBLIC_URL = _required("CONSOLE_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
OUTPOST_PUBLIC_URL = env.str("OUTPOST_PUBLIC_URL", "ws://127.0.0.1:15002")
ALLOWED_HOSTS = [h for h in _required("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if h]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
_DATABASE_REPLICA_URL = env.str("DATABASE_REPLICA_URL", "")
DATABASE_REPLICA_MAX_LAG = env.float("DATABASE_REPLICA_MAX_LAG", 5.0)  # seconds; beyond it nobody reads it
DATABASE_TLS_CA = env.str("DATABASE_TLS_CA", "")
if DATABASE_TLS_CA and not Path(DATABASE_TLS_CA).is_file():
    _unusable.append(f"DATABASE_TLS_CA names no file: {DATABASE_TLS_CA}")
_DATABASE_URL = _required("DATABASE_URL", f"sqlite:///{_VAR / 'development' / 'aerie.sqlite3'}")
if _DATABASE_REPLICA_URL and not _DATABASE_REPLICA_URL.startswith("mysql"):
    _unusable.append("DATABASE_REPLICA_URL is mysql://…: nothing else has a replica")
REDIS_URL = _required("REDIS_URL", "redis://127.0.0.1:6379/0")
LIVE_STORE_URL = _required("LIVE_STORE_URL", "redis://127.0.0.1:6379/1")
STORAGE_URL = _required("STORAGE_URL", f"file://{_VAR / 'development' / 'files'}")
STATIC_URL = env.str("STATIC_URL", "") or "/static/"
if urlsplit(STATIC_URL).path != "/static/":
    # The instance itself serves the same path: the icons always, everything while there is no CDN.
    _unusable.append("STATIC_URL is /static/, or https://…/static/ when a CDN serves it")
CLOUDFRONT_DOMAIN = env.str("CLOUDFRONT_DOMAIN", "")
CLOUDFRONT_KEY_ID = env.str("CLOUDFRONT_KEY_ID", "")
CLOUDFRONT_KEY = env.str("CLOUDFRONT_KEY", "", multiline=True)
if CLOUDFRONT_DOMAIN and not (CLOUDFRONT_KEY_ID and CLOUDFRONT_KEY):
    # Its addresses would not be signed: whoever guessed one could have the file, for ever.
    _unusable.append("CLOUDFRONT_DOMAIN needs CLOUDFRONT_KEY_ID and CLOUDFRONT_KEY")
FIRMWARE_PUBLIC_KEYS = env.list("FIRMWARE_PUBLIC_KEYS", default=[])
try:
    parse_public_keys(FIRMWARE_PUBLIC_KEYS)
except ValueError as error:
    _unusable.append(f"FIRMWARE_PUBLIC_KEYS: {error}")
EMAIL_URL = _required("EMAIL_URL", "consolemail://")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Aerie <aerie@localhost>")
OPERATORS_EMAIL = env.list("OPERATORS_EMAIL", default=[])
EMAIL_TIMEOUT = 10  # seconds a mail server may be silent
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
DRAIN_FILE = env.str("DRAIN_FILE", "")
BACKUP_KEEP_DAILY = env.int("BACKUP_KEEP_DAILY", 7)
BACKUP_KEEP_WEEKLY = env.int("BACKUP_KEEP_WEEKLY", 5)
BACKUP_KEEP_MONTHLY = env.int("BACKUP_KEEP_MONTHLY", 12)

# How long what happened is kept, in days: see jobs/housekeeping.py.
EVENTS_DAYS = env.int("EVENTS_DAYS", 90)
USAGE_FINE_DAYS = env.int("USAGE_FINE_DAYS", 3)
USAGE_HOURLY_DAYS = env.int("USAGE_HOURLY_DAYS", 400)
COMMANDS_DAYS = env.int("COMMANDS_DAYS", 180)
ALERTS_DAYS = env.int("ALERTS_DAYS", 400)
ROLLOUTS_DAYS = env.int("ROLLOUTS_DAYS", 400)
INVITATIONS_DAYS = env.int("INVITATIONS_DAYS", 90)
# A month's report needs two months of events; recordings go with their commands, after a week.
_LEAST = {"EVENTS_DAYS": 62, "USAGE_HOURLY_DAYS": 62, "COMMANDS_DAYS": 8}
for _name in [name for name in vars() if name.endswith("_DAYS")]:
    if vars()[_name] < _LEAST.get(_name, 1):
        _unusable.append(f"{_name} is at least {_LEAST.get(_name, 1)}")
# A file that says what time it is, for rehearsing a night's rollout in a minute; see devices/clock.py.
REHEARSAL_CLOCK = env.str("REHEARSAL_CLOCK", "")
if REHEARSAL_CLOCK and PRODUCTION:
    _unusable.append("REHEARSAL_CLOCK is for rehearsals; production goes by the real time")

if _unusable:
    raise ImproperlyConfigured("; ".join(_unusable) + ". See .env.example.")

# --- what is assembled -------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_countries",
    "django_htmx",
    "django_prometheus",
    "django_rq",
    "template_partials",
    "accounts",
    "devices",
    "jobs",
    "console",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "console.probes.name_probed_host",
    "console.observing.ObserveRequest",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "console.once.middleware.Once",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "console.routing.ReadOwnWrites",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.sessions.NoteSession",
    "django_htmx.middleware.HtmxMiddleware",
    "csp.middleware.CSPMiddleware",
    "console.limits.LimitBody",
    "console.profiling.ProfileRequest",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
    "console.once.middleware.Interrupted",
]
ROOT_URLCONF = "console.urls"
WSGI_APPLICATION = "console.wsgi.application"
FORM_RENDERER = "console.forms.rendering.Renderer"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "console" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- MySQL (SQLite serves the demo alone) ------------------------------------------------------

DATABASES = databases.configure(
    _DATABASE_URL,
    _DATABASE_REPLICA_URL,
    authority=DATABASE_TLS_CA,
    idle_seconds=env.int("DATABASE_IDLE_SECONDS", 0),
    counting=AERIE_ENV != "test",
)
DATABASE_ROUTERS = ["console.routing.Router"]

# The cache holds only rate limits: in MySQL, so that signing in works while Redis is away.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
# django-allauth's conditional constraints, which MySQL cannot have; its own checks hold them instead.
SILENCED_SYSTEM_CHECKS = ["models.W036"]
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# --- Redis: the queues. One queue per worker process (a worker on several loses jobs) -----------

QUEUES = ("critical", "default", "reports")
RQ_QUEUES = {name: databases.redis_connection(REDIS_URL) for name in QUEUES}
WORKER_GRACE_SECONDS = env.float("WORKER_GRACE_SECONDS", 30.0)
RQ = {"JOB_CLASS": "jobs.queues.JsonJob", "WORKER_CLASS": "jobs.worker.Worker"}

# --- S3, or a directory in the demo ------------------------------------------------------------


def _static_storage() -> dict[str, object]:
    if PRODUCTION or AERIE_ENV == "demo":
        return {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    return {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


_CLOUDFRONT = cloudfront(CLOUDFRONT_DOMAIN, CLOUDFRONT_KEY_ID, CLOUDFRONT_KEY)
_AMAZONS = not env.str("AWS_ENDPOINT_URL", "")
STORAGES = {"default": storage(STORAGE_URL, _CLOUDFRONT, amazons=_AMAZONS), "staticfiles": _static_storage()}
STATIC_ROOT = env.path("STATIC_ROOT", default=str(_VAR / "static"))()
_ALLAUTH = Path(allauth.__file__).parent
# Ours, and the scripts of passkeys and recovery codes: of all the libraries, only these.
STATICFILES_DIRS = [
    BASE_DIR / "console" / "static",
    _ALLAUTH / "account" / "static",
    _ALLAUTH / "mfa" / "static",
]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]

# --- signing in --------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if AERIE_ENV == "test"
    else ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if PRODUCTION else "http"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# No page tells whether an account exists but sign-up, which signs in at once: there, rate limits defend.
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
# The console's addresses that mails and files carry: below the console, nothing knows its URLs.
INVITATION_LINK = CONSOLE_PUBLIC_URL + "/invitation/{token}/"
DASHBOARD_LINK = CONSOLE_PUBLIC_URL + "/o/{slug}/"
NETWORK_LINK = CONSOLE_PUBLIC_URL + "/o/{slug}/networks/{network}/"
ROLLOUT_LINK = CONSOLE_PUBLIC_URL + "/o/{slug}/rollouts/{rollout}/"
# Ends the mail of every week, without signing in: see accounts/unsubscribing.py.
UNSUBSCRIBE_LINK = CONSOLE_PUBLIC_URL + "/unsubscribe/{token}/"
# Where the console hands out a stored file to whoever holds the token: see devices/storage.py.
FILE_LINK = CONSOLE_PUBLIC_URL + "/files/{token}/{name}"
# Where it takes a part of an upload, when files are in a directory; on whichever host the browser is.
PART_LINK = "/uploads/parts/{token}/"
# Where an access point sends what it recorded: see devices/recordings.py.
UPLOAD_LINK = CONSOLE_PUBLIC_URL + "/uploads/{token}/"
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Aerie"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
USERSESSIONS_TRACK_ACTIVITY = True

# --- the browser's side ------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
_OURS = [SELF, *origin(STATIC_URL)]
CSRF_FAILURE_VIEW = "console.views.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": _OURS,
        "style-src": _OURS,
        "img-src": [*_OURS, "data:"],
        "font-src": _OURS,
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

vars().update(env.email_url_config(EMAIL_URL))

# --- logs: JSON lines, one per request or job, without secrets: console/logs.py ----------------

LOGGING = logs.configure(env.str("LOG_LEVEL", "WARNING" if AERIE_ENV == "test" else "INFO"), AERIE_RELEASE)
SLOW_QUERY_SECONDS = env.float("SLOW_QUERY_SECONDS", 0.5)
PROFILE_REQUESTS = env.bool("PROFILE_REQUESTS", False)
SENTRY_DSN = env.str("SENTRY_DSN", "")
SENTRY_ENVIRONMENT = env.str("SENTRY_ENVIRONMENT", AERIE_ENV)
