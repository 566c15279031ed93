"""How gunicorn serves the site: `gunicorn --config python:tracker.web tracker.wsgi`."""

worker_class = "gthread"
threads = 4
# A wrong setting or database then ends the master with one line, and several workers share what they load.
preload_app = True
timeout = 60
graceful_timeout = 25
keepalive = 5
control_socket_disable = True
# Addresses hold tokens, so requests are not logged; failures are, by Django.
accesslog = None
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "tracker.logs.JSONLine"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "propagate": False}},
}
