"""Watching another connection of a test run into a lock of ours (PostgreSQL)."""

import time

from django.db import connection


def until_somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        for _ in range(2000):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("Nobody waits for a lock.")
