"""The queue of files that the embedded mode runs on."""

import threading
from queue import Empty

import pytest
from kombu import Connection

from tracker import broker


@pytest.fixture
def channel(tmp_path):
    broker.use()
    folders = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path), "control_folder": str(tmp_path / "c")}
    with Connection("filesystem://", transport_options=folders) as connection:
        yield connection.channel()


def test_a_message_is_seen_whole_or_not_at_all(channel):
    assert isinstance(channel, broker.Channel)
    over, found = threading.Event(), []

    def read():
        while not over.is_set() or channel._size("celery"):
            try:
                found.append(channel._get("celery")["number"])
            except Empty:
                pass
            except Exception as error:
                found.append(error)

    reading = threading.Thread(target=read)
    reading.start()
    for number in range(500):
        channel._put("celery", {"number": number, "body": "x" * 1000})
    over.set()
    reading.join()

    assert sorted(found, key=str) == sorted(range(500), key=str)
