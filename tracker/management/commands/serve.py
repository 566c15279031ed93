import json
import os
import secrets
import socket
import sys
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from deals import clock
from deals.models import Company, Source
from ingest.models import Feed
from tracker import serve
from tracker.checks import unapplied

# What a newcomer can sit through.
EXAMPLE_GRACE = 20


class Command(BaseCommand):
    help = (
        "Serve the whole site from this machine: migrate, load the example newsroom into an empty database, "
        "then run the web and the worker until Ctrl-C. HOST and PORT choose the address."
    )

    def handle(self, **options):
        self.require_free_port()
        self.bring_up_to_date()
        if self.is_empty():
            self.load_example()
        if self.login_file.exists():
            self.find_sample_feeds_here()
        plan = self.plan()
        connection.close()
        become_the_program(plan, self.environment())

    def say(self, text):
        self.stdout.write(text)
        self.stdout.flush()

    def require_free_port(self):
        family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.HOST, settings.PORT))
                probe.listen(1)
            except OSError as error:
                raise CommandError(
                    f"Cannot serve on {settings.HOST} port {settings.PORT}: {error.strerror or error}. "
                    "Choose another with PORT, such as PORT=8001.",
                    returncode=2,
                ) from error

    def bring_up_to_date(self):
        where = "PostgreSQL" if connection.vendor == "postgresql" else settings.DATA_DIR
        if missing := unapplied():
            self.say(f"Bringing the database up to date ({where}): {len(missing)} steps.")
            call_command("migrate", verbosity=1 if connection.introspection.table_names() else 0, skip_checks=True)
        else:
            self.say(f"The database is up to date ({where}).")

    def is_empty(self):
        return not any(model.objects.exists() for model in (Company, Source, User))

    def load_example(self):
        """Load the example newsroom and make an editor to log in as; a production database is left empty."""
        if settings.PRODUCTION:
            self.say("The database is empty. manage.py load_example would fill it with an example newsroom.")
            return
        self.say("The database is empty: loading the example newsroom.")
        login = {"username": "editor", "password": secrets.token_urlsafe(9)}
        self.login_file.unlink(missing_ok=True)
        with open(os.open(self.login_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(login, file)
        with transaction.atomic():
            call_command("load_example", stdout=StringIO())
            editor = User.objects.create_user(**login, is_staff=True)
            editor.groups.add(Group.objects.get(name="Editor"))

    def find_sample_feeds_here(self):
        """The sample feeds are served by the site itself: they move with its address."""
        for feed in Feed.objects.filter(url__contains="/example/feeds/").exclude(url__startswith=settings.SITE_URL):
            feed.url = settings.SITE_URL + urlsplit(feed.url).path
            feed.next_poll_at = clock.now()
            feed.save(update_fields=["url", "next_poll_at"])

    @property
    def login_file(self) -> Path:
        """Where the login to the example newsroom is kept, for its owner alone to read."""
        return settings.DATA_DIR / "example-login.json"

    def environment(self):
        grace = {"GRACE_SECONDS": str(EXAMPLE_GRACE)} if self.shortens_grace() else {}
        return {"MALLOC_ARENA_MAX": "2", **os.environ, **grace, "PYTHONUNBUFFERED": "1"}

    def shortens_grace(self):
        return self.login_file.exists() and not os.environ.get("GRACE_SECONDS")

    def plan(self):
        python, logs = sys.executable, settings.DATA_DIR / "logs"
        bind = f"[{settings.HOST}]:{settings.PORT}" if ":" in settings.HOST else f"{settings.HOST}:{settings.PORT}"
        web = [python, "-m", "gunicorn", "--config", "python:tracker.web", "--bind", bind, "tracker.wsgi"]
        worker = [python, "-m", "celery", "-A", "tracker", "worker", "-B", "--concurrency", "3", "--loglevel", "INFO"]
        return {
            "parts": [
                {"name": "web", "command": web, "log": str(logs / "web.log"), "ready": "Booting worker"},
                {"name": "worker", "command": worker, "log": str(logs / "worker.log"), "ready": " ready."},
            ],
            "host": {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST),  # noqa: S104
            "port": settings.PORT,
            "welcome": self.welcome(),
        }

    def welcome(self):
        lines = ["", f"Hearsay is at {settings.SITE_URL}/ and its desk at {settings.SITE_URL}/admin/"]
        if self.login_file.exists():
            login = json.loads(self.login_file.read_text())
            user = User.objects.filter(username=login["username"], is_active=True).first()
            if user and user.check_password(login["password"]):
                lines += [f"Log in as {login['username']} with the password {login['password']}"]
            grace = EXAMPLE_GRACE if self.shortens_grace() else settings.GRACE_SECONDS
            lines += [
                "Try this:",
                "  1. The queue fills within a minute. Take CnEVPost's item, open a claim from its lead on Chery and JLR,"
                " and decide it: a rumor.",
                "  2. Accept Yicai's item with the denial, say that this report answers 36kr's, and move the claim to denied.",
                f"  3. After {grace} seconds (GRACE_SECONDS) read the mail in {settings.DATA_DIR / 'mail'}",
            ]
        return "\n".join([*lines, f"Logs are in {settings.DATA_DIR / 'logs'}. Ctrl-C stops all of it.", ""])


def become_the_program(plan: dict, environment: dict[str, str]) -> None:
    """Replace this process by tracker/serve.py. The plan goes through a pipe: it holds a password."""
    reading, writing = os.pipe()
    os.set_inheritable(reading, True)
    with open(writing, "w") as given:
        json.dump(plan, given)
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-I", "-u", serve.__file__, str(reading)], environment)  # noqa: S606
