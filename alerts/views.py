"""Leaving by one click (RFC 8058): GET shows what would end, POST ends it, and it can be taken back."""

import re

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from alerts.models import Subscription
from deals import clock

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@csrf_exempt  # mail programs post without a cookie; the token is the right to do it
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """The page of one subscription. POST ends it, POST with follow=again takes that back; both may be repeated."""
    subscription = None
    if TOKEN.fullmatch(token):
        subscription = Subscription.objects.select_related("claim").filter(token=token).first()
    if subscription is None:
        return render(request, "alerts/unknown_subscription.html", status=404)
    if request.method == "POST":
        if request.POST.get("follow") == "again":
            follow_again(subscription)
        else:
            end(subscription)
    return render(request, "alerts/unsubscribe.html", {"subscription": subscription})


def end(subscription: Subscription) -> None:
    """No more mails from this subscription; what is owed is dropped when its turn comes."""
    now = clock.now()
    if Subscription.objects.active().filter(pk=subscription.pk).update(ended_at=now):
        subscription.ended_at = now
    else:
        subscription.refresh_from_db()


def follow_again(subscription: Subscription) -> None:
    """Take the end back; nothing to do if a newer subscription says the same."""
    try:
        with transaction.atomic():
            Subscription.objects.filter(pk=subscription.pk).update(ended_at=None)
    except IntegrityError:
        pass
    subscription.ended_at = None
