"""The clock's calls: each drains what waits in a table, and may run twice or be lost without harm."""

from celery import shared_task

from alerts import gathering, sending


@shared_task
def take_up_changes():
    while gathering.take_up():
        pass
    if gathering.close_ripe():
        send_waiting.delay()


@shared_task
def send_waiting():
    sending.send_waiting()
