"""The broker of the embedded mode: kombu's queue of files, with messages that appear whole.

kombu opens a message under its final name and then writes it. A worker that looks in between reads nothing, takes that
for an error that it cannot recover from, and ends.
"""

import time
import uuid
from pathlib import Path

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    def _put(self, queue, payload, **kwargs):  # type: ignore[override]  # kombu names it twice
        name = f"{time.monotonic_ns() // 1_000_000}_{uuid.uuid4()}.{queue}.msg"
        unwritten = Path(self.data_folder_out, f"{name}.part")
        unwritten.write_text(dumps(payload))
        unwritten.rename(unwritten.with_suffix(""))


class Transport(filesystem.Transport):
    Channel = Channel


def use() -> None:
    """From now on filesystem:// means this transport."""
    TRANSPORT_ALIASES["filesystem"] = "tracker.broker:Transport"
