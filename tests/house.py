"""A Hearsay of its own: its database, its broker, its processes; as a site runs it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
PATIENCE = 60  # seconds until we give up waiting for a worker


class House:
    def __init__(self, **settings):
        self.settings = {**os.environ, "DJANGO_SETTINGS_MODULE": "tracker.settings", **settings}
        self.processes = []

    def run(self, code, argument=""):
        """What `answer` is after the code has run inside the house."""
        frame = "import json, sys, django\ndjango.setup()\nargument = sys.argv[1]\n{}\nprint(json.dumps(answer))"
        done = subprocess.run(
            [sys.executable, "-c", frame.format(code), argument],
            cwd=ROOT,
            env=self.settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def manage(self, *command):
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *command, **options):
        log = open(Path(self.settings["DATA_DIR"]) / f"{len(self.processes)}.log", "wb")  # noqa: SIM115
        process = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, env=self.settings, stdout=log, stderr=log, **options
        )
        log.close()
        self.processes.append(process)
        return process

    def wait_for(self, code, enough=bool):
        return self.wait_until(lambda: self.run(code), enough, every=0.5)

    def wait_until(self, look, enough=bool, every=0.1):
        """What `look` finds once that is enough."""
        until = time.monotonic() + PATIENCE
        while not enough(found := look()):
            assert time.monotonic() < until, f"still {found!r} after {PATIENCE} s\n{self.logs()}"
            time.sleep(every)
        return found

    def logs(self):
        return "\n".join(path.read_text()[-3000:] for path in Path(self.settings["DATA_DIR"]).glob("*.log"))

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
