"""The site as gunicorn serves it. A wrong setting or database ends it with one line."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")

try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    sys.exit(f"Hearsay does not start. {error}")

from tracker.checks import require_database  # noqa: E402

require_database()
