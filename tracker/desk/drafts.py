"""Check my draft: what a text of our own touches of the record, sentence by sentence. Nothing is stored."""

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse

from ingest import drafts


@permission_required("deals.add_evidence", raise_exception=True)
def page(request: HttpRequest):
    text = request.POST.get("text", "").replace("\0", "")[: drafts.LONGEST]
    sentences = drafts.check(text) if text.strip() else []
    for sentence in sentences:
        for touched in sentence.touched:
            touched.claim.desk_address = reverse("admin:deals_claim_change", args=[touched.claim.pk])
    context = {
        **admin.site.each_context(request),
        "title": "Check my draft",
        "text": text,
        "longest": drafts.LONGEST,
        "sentences": sentences,
        "touching": sum(bool(sentence.touched) for sentence in sentences),
        "keys": [("a", "check the draft"), ("q", "back to the queue"), ("?", "these keys")],
    }
    return TemplateResponse(request, "desk/draft.html", context)
