"""Run something in a forked process, as Celery's workers are."""

import os


def holds_in_a_fork(what):
    """Whether `what()` is true in a fork of this process; an exception there is a no."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if what() else 1)
        finally:
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
