"""Send what is owed. Never lost; doubled only if the process or the line dies between the server's yes and our note.

A worker takes a few deliveries with a lease and a token of its own, sends with no transaction open, and notes the
outcome only while the token is still its own. A second copy bears the same Message-ID.
"""

import smtplib
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime

from celery.exceptions import SoftTimeLimitExceeded
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from alerts import story
from alerts.composing import Letter, compose
from alerts.models import Delivery, DeliveryState
from deals import clock

LEASE = timedelta(seconds=120)
RETRY_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))  # then hourly
GIVE_UP_AFTER = timedelta(hours=72)
KEEP_NOTING = 60  # seconds
STORIES_KEPT = 100
# Answers about us, not about the mail: a wrong password is no reason to give a reader up.
OUR_FAULT = (smtplib.SMTPAuthenticationError, smtplib.SMTPHeloError, smtplib.SMTPConnectError)
OUR_FAULT_CODES = (530, 534, 535, 538)

ClaimStories = dict[int, story.ClaimStory]  # by net change


class Rejected(Exception):
    """The mail can never be sent as it is; the message is the cause for the admin."""


class Postponed(Exception):
    """The mail could not be sent now; the message is the cause for the admin."""


class NoConnection(Postponed):
    """The mail server cannot be reached, so the next mail would fare no better."""


@dataclass
class Summary:
    """What one round of sending did, in mails."""

    sent: int = 0
    postponed: int = 0
    dead: int = 0
    parked: int = 0
    dropped: int = 0
    stopped: str = field(default="")  # why the round ended before everything was sent

    def __str__(self):
        done = f"{self.sent} sent, {self.postponed} postponed, {self.dead} dead, {self.parked} parked, "
        return f"{done}{self.dropped} dropped" + (f"; stopped: {self.stopped}" if self.stopped else "")


def send_waiting(limit: int = 10, seconds: float = 40) -> Summary:
    """Send what is owed now, `limit` mails a connection, until nothing waits or about `seconds` have passed."""
    summary, end = Summary(), time.monotonic() + seconds
    claims: ClaimStories = {}
    while time.monotonic() < end:
        token = uuid.uuid4()
        batch = claim(limit, token)
        if not batch:
            return summary
        try:
            _send_batch(batch, token, claims, summary)
        except NoConnection as trouble:
            summary.stopped = str(trouble)
            return summary
    summary.stopped = "out of time"
    return summary


def claim(limit: int, token: uuid.UUID) -> list[Delivery]:
    """Take up to `limit` waiting deliveries under a lease; nobody else may send them while it lasts."""
    with transaction.atomic():
        now = clock.now()
        waiting = Delivery.objects.waiting(now)
        picked = waiting
        if connection.features.has_select_for_update_skip_locked:
            picked = waiting.select_for_update(skip_locked=True, of=("self",))
        ids = list(picked.values_list("pk", flat=True)[:limit])
        # A delivery that kills its worker comes back after those that it took down with it: due_at moves along.
        waiting.filter(pk__in=ids).update(
            lease=token,
            lease_until=now + LEASE,
            due_at=now + LEASE,
            attempts=F("attempts") + 1,
            tried_at=now,
            first_tried_at=Coalesce("first_tried_at", now),
        )
    mine = Delivery.objects.owed().filter(lease=token)
    return list(mine.select_related("alert", "subscriber", "subscription__claim").order_by("pk"))


def requeue(deliveries) -> int:
    """Try failed deliveries again from the start. Takes a queryset; returns how many wait again."""
    return deliveries.failed().update(
        state=DeliveryState.WAITING,
        due_at=clock.now(),
        attempts=0,
        first_tried_at=None,
        lease=None,
        lease_until=None,
        cause="",
    )


def _send_batch(batch: list[Delivery], token: uuid.UUID, claims: ClaimStories, summary: Summary) -> None:
    """Send deliveries over one connection, each noted as soon as its outcome is known."""
    mail = get_connection()
    stories: dict[int, story.AlertStory] = {}
    try:
        for place, delivery in enumerate(batch):
            if not _renew(delivery, token):
                continue
            try:
                letter = _compose(delivery, stories, claims)
                if letter is None:
                    _note_dropped(delivery, token, summary)
                    continue
                _send(mail, delivery, letter)
            except Rejected as cause:
                _note_dead(delivery, token, str(cause), summary)
            except NoConnection as cause:
                for unsent in batch[place:]:
                    _note_postponed(unsent, token, str(cause), summary)
                raise
            except Postponed as cause:
                _note_postponed(delivery, token, str(cause), summary)
            else:
                _note_sent(delivery, token)
                summary.sent += 1
    finally:
        _close(mail)


def _renew(delivery: Delivery, token: uuid.UUID) -> bool:
    """Start the lease anew for one mail; False if another worker took it meanwhile, or it was dropped."""
    until = clock.now() + LEASE
    return bool(Delivery.objects.owed().filter(pk=delivery.pk, lease=token).update(lease_until=until, due_at=until))


def _compose(delivery: Delivery, stories: dict[int, story.AlertStory], claims: ClaimStories) -> Letter | None:
    """The letter, or None if nothing is left to tell. What cannot be composed is rejected: it holds nobody else up.

    What is said of a claim is read once a round; whether it still holds, once a batch.
    """
    try:
        if delivery.alert_id not in stories:
            if len(claims) > STORIES_KEPT:
                claims.clear()
            stories[delivery.alert_id] = story.read(delivery.alert, claims)
        return compose(delivery, stories[delivery.alert_id])
    except (OperationalError, InterfaceError, SoftTimeLimitExceeded):
        raise
    except Exception as error:
        raise Rejected(f"The mail cannot be composed: {error!r}") from error


class Unfolded(EmailMultiAlternatives):
    """A message whose headers stand on the line of their name: some mail programs miss a link on the next."""

    def message(self, **options):
        message = super().message(**options)
        message.policy = message.policy.clone(max_line_length=None)
        return message


def as_message(letter: Letter, to: str) -> EmailMultiAlternatives:
    """A letter as Django's message to one recipient."""
    message = Unfolded(
        letter.subject, letter.plain, to=[to], headers={**letter.headers, "Date": format_datetime(clock.now())}
    )
    message.attach_alternative(letter.html, "text/html")
    return message


def _send(mail: BaseEmailBackend, delivery: Delivery, letter: Letter) -> None:
    """Hand one mail to the server; returns once it was accepted. Raises Rejected, Postponed or NoConnection."""
    message = as_message(letter, delivery.subscriber.email)
    _open(mail)
    try:
        mail.send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        code, answer = next(iter(error.recipients.values()))
        raise _judged(code, answer) from error
    except smtplib.SMTPResponseException as error:
        if error.smtp_code == 421:
            _close(mail)
        raise _judged(error.smtp_code, error.smtp_error) from error
    except (smtplib.SMTPNotSupportedError, ValueError) as error:
        raise Rejected(f"The mail cannot be written: {_words(error)}") from error
    except (smtplib.SMTPException, OSError) as error:
        _close(mail)
        raise Postponed(f"The connection broke: {_words(error)}") from error


def _open(mail: BaseEmailBackend) -> None:
    try:
        mail.open()
    except OUR_FAULT as error:
        raise NoConnection(f"The mail server refuses us: {_answer(error.smtp_code, error.smtp_error)}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise NoConnection(f"The mail server cannot be reached: {_words(error)}") from error


def _close(mail: BaseEmailBackend) -> None:
    """Close quietly: every outcome is known by now, and `open` starts anew."""
    try:
        mail.close()
    except (smtplib.SMTPException, OSError):
        mail.connection = None


def _judged(code: int, answer: bytes | str) -> Exception:
    """The server's no as ours: from 500 on it is final, unless it is about us."""
    said = f"The mail server said {_answer(code, answer)}"
    return Rejected(said) if code >= 500 and code not in OUR_FAULT_CODES else Postponed(said)


def _answer(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    return story.clean(f"{code} {text}", 300)


def _words(error: Exception) -> str:
    return story.clean(str(error) or type(error).__name__, 300)


def _note_sent(delivery: Delivery, token: uuid.UUID) -> None:
    """Note that the server accepted the mail; keeps trying for a while, for what is not noted is sent again."""
    end = time.monotonic() + KEEP_NOTING
    while True:
        try:
            _note(delivery, token, state=DeliveryState.SENT, sent_at=clock.now(), cause="")
            return
        except DatabaseError:
            if time.monotonic() > end or connection.in_atomic_block:
                raise
            time.sleep(0.5)
            close_old_connections()


def _note_dead(delivery: Delivery, token: uuid.UUID, cause: str, summary: Summary) -> None:
    summary.dead += _note(delivery, token, state=DeliveryState.DEAD, cause=cause[:500])


def _note_dropped(delivery: Delivery, token: uuid.UUID, summary: Summary) -> None:
    cause = "Nothing left to tell: no longer followed, no longer public, or overtaken."
    summary.dropped += _note(delivery, token, state=DeliveryState.DROPPED, cause=cause)


def _note_postponed(delivery: Delivery, token: uuid.UUID, cause: str, summary: Summary) -> None:
    now = clock.now()
    if now - delivery.first_tried_at >= GIVE_UP_AFTER:
        summary.parked += _note(delivery, token, state=DeliveryState.PARKED, cause=cause[:500])
    else:
        due_at = now + retry_after(delivery.attempts)
        summary.postponed += _note(delivery, token, due_at=due_at, cause=cause[:500])


def retry_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 1, 5, 15, 60 minutes, then an hour each time."""
    return RETRY_AFTER[min(attempts, len(RETRY_AFTER)) - 1]


def _note(delivery: Delivery, token: uuid.UUID, **outcome: str | datetime) -> int:
    """Write an outcome and give the lease back, if it is still ours; 1 if it was, else 0."""
    mine = Delivery.objects.owed().filter(pk=delivery.pk, lease=token)
    return mine.update(lease=None, lease_until=None, **outcome)
