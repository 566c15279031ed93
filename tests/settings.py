"""The settings with a directory of their own, thrown away at the end, and passwords that cost nothing to hash."""

import atexit
import os
import secrets
import shutil
import tempfile
from pathlib import Path

if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["DATA_DIR"] = str(Path(os.environ["DATA_DIR"]) / worker)
else:
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="hearsay-test-")
    atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)
if os.environ.get("DATABASE_URL"):
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    os.environ.setdefault("SITE_URL", "http://127.0.0.1:8000")
    os.environ.setdefault("EMAIL_URL", f"filemail:///{os.environ['DATA_DIR']}/mail")
# Tests tell of real stories with their real dates, years ago.
os.environ["NEWS_DAYS"] = "36500"
# Commands that tests run as processes of their own read the real settings.
os.environ["DJANGO_SETTINGS_MODULE"] = "tracker.settings"

from tracker.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
