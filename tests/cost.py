"""What something costs our process and the children that parse for it: peaks of memory, seconds of CPU."""

import contextlib
import resource
import threading
from pathlib import Path

from ingest import parser_child

MB = 1_000_000


class Cost:
    """Bytes and seconds; all of a child's, only what came on top of our own process's."""

    memory = child_memory = 0
    child_cpu = 0.0


@contextlib.contextmanager
def watched():
    """Yields a Cost that is filled in at the end; ends the child, for the kernel tells its CPU time only then."""
    cost, over = Cost(), threading.Event()
    before = held("self", "VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # our peak begins anew
    cpu = children_cpu()

    def look():
        while not over.wait(0.005):
            if child := parser_child._alive:
                cost.child_memory = max(cost.child_memory, held(child.process.pid, "VmHWM"))

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield cost
    finally:
        over.set()
        watching.join()
        end_child()
        cost.memory = held("self", "VmHWM") - before
        cost.child_cpu = children_cpu() - cpu


def held(process, what):
    """Bytes by /proc; 0 for a process that has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith(what):
                return int(line.split()[1]) * 1024
    return 0


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def end_child():
    if parser_child._alive:
        parser_child._alive.end()
    parser_child._alive = None
