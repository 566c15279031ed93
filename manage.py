#!/usr/bin/env python
"""The command line of Hearsay: `manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
    try:
        from tracker.commandline import run
    except ImportError as error:
        sys.exit(f"{error}. Install what Hearsay needs first: make install")
    run(sys.argv)


if __name__ == "__main__":
    main()
