"""From an alert's story to the mail of one subscriber: subject, plain text, HTML, headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.crypto import salted_hmac

from alerts import audience
from alerts.models import Delivery
from alerts.story import AlertStory, ClaimStory, clean, words_for

LONGEST_SUBJECT = 150
LONGEST_REFERENCES = 3  # a line of a mail has at most 998 characters


@dataclass(frozen=True)
class Piece:
    """One claim of a mail: how it stood for this reader, how it stands, and the story."""

    before: str
    after: str
    correction: bool
    story: ClaimStory


@dataclass(frozen=True)
class Letter:
    """A mail, ready to be sent or shown."""

    subject: str
    plain: str
    html: str
    headers: dict[str, str]


def compose(delivery: Delivery, story: AlertStory) -> Letter | None:
    """The mail that a delivery owes, or owed once it is sent; None if there is nothing left to tell."""
    told = told_by(delivery, story)
    if not told:
        return None
    pieces = [
        Piece(
            before=words_for(each.before, before=True),
            after=words_for(each.after, before=False),
            correction=each.correction,
            story=story.claims[each.net.pk],
        )
        for each in told
    ]
    line = subject(pieces)
    context = {
        "pieces": pieces,
        "several": len(pieces) > 1,
        "deal": pieces[0].story.deal,
        "why": why_you(delivery),
        "unsubscribe": unsubscribe_url(delivery),
        "site": settings.SITE_URL,
        "subject": line,
    }
    return Letter(
        subject=line,
        plain=render_to_string("alerts/mail.txt", context),
        html=inliner().inline(render_to_string("alerts/mail.html", context)),
        headers=headers(delivery, pieces),
    )


def told_by(delivery: Delivery, story: AlertStory) -> list[audience.Told]:
    """The claims a delivery tells of. What was sent stays as it was sent; what is owed omits what is overtaken,
    no longer published, or no longer followed."""
    subscriber = delivery.subscriber
    sent, tried = delivery.sent_at, delivery.tried_at
    if sent and tried:
        held = [line for line in story.lines if not line.net.withdrawn_at or line.net.withdrawn_at > tried]
        own = [each for each in subscriber.subscriptions.all() if not each.ended_at or each.ended_at > sent]
    else:
        held = [line for line in story.lines if not line.net.withdrawn_at and line.net.claim.published]
        own = list(subscriber.subscriptions.active()) if subscriber.is_reachable else []
    return audience.told_to(subscriber, own, held, audience.reached(held, [subscriber.pk]))


def subject(pieces: Sequence[Piece]) -> str:
    """“[JLR] rumored → denied: JLR will use Chery's platforms”, and how many claims more."""
    first = pieces[0]
    mark = "correction: " if first.correction else ""
    start = f"[{clean(first.story.company, 60)}] {mark}{first.before} → {first.after}: "
    end = f" + {len(pieces) - 1} more" if len(pieces) > 1 else ""
    return start + clean(first.story.wording, max(20, LONGEST_SUBJECT - len(start) - len(end))) + end


def why_you(delivery: Delivery) -> str:
    claim = delivery.subscription.claim
    followed = f"the claim “{clean(claim.wording)}”" if claim else "all claims"
    return f"You get this because {clean(delivery.subscriber.email)} follows {followed}."


def unsubscribe_url(delivery: Delivery) -> str:
    return settings.SITE_URL + reverse("unsubscribe", args=[delivery.subscription.token])


def headers(delivery: Delivery, pieces: Sequence[Piece]) -> dict[str, str]:
    """Thread by claim, say what list it is and how to leave it, and keep one Message-ID however often it is sent."""
    roots = [f"<claim-{piece.story.claim}@{domain()}>" for piece in pieces[:LONGEST_REFERENCES]]
    return {
        "Message-ID": message_id(delivery),
        "In-Reply-To": roots[0],
        "References": " ".join(roots),
        "List-Id": f"Hearsay, changes of claims <changes.{domain()}>",
        "List-Unsubscribe": f"<{unsubscribe_url(delivery)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
    }


def message_id(delivery: Delivery) -> str:
    """The same at every attempt; nobody can guess it, and another database does not repeat it."""
    name = f"{delivery.pk} {delivery.alert.opened_at.isoformat()}"
    return f"<{delivery.pk}.{salted_hmac('alerts.message_id', name, algorithm='sha256').hexdigest()[:24]}@{domain()}>"


def domain() -> str:
    """The site's host as the right side of a message id."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    return host.replace(":", "-").encode("idna").decode()


@cache
def inliner() -> css_inline.CSSInliner:
    """Moves the style sheet onto the elements; the rules for dark screens stay. Never fetches anything."""
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
