"""The Celery application. Its tasks carry no state: they only wake what waits in tables."""

import gc
import os
import sys
from pathlib import Path

from celery import Celery
from celery.signals import beat_init, worker_init
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tracker import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
# The web processes and `manage.py check` run Django's checks; here they would load every page, 17 MB a worker.
os.environ.setdefault("CELERY_SKIP_CHECKS", "true")

if "celery" in Path(sys.argv[0]).parts[-2:]:
    # Celery's own command line would show a traceback.
    try:
        settings.INSTALLED_APPS  # noqa: B018
    except ImproperlyConfigured as error:
        sys.exit(f"Hearsay does not start. {error}")

broker.use()
app = Celery("tracker")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def freeze(**_):
    """What is loaded stays loaded: without this, collecting garbage goes through all of it every few rounds."""
    app.loader.import_default_modules()
    gc.collect()
    gc.freeze()


@worker_init.connect
@beat_init.connect
def look_at_the_database(**_):
    from tracker.checks import require_database

    require_database()
