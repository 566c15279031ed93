"""The endpoints of the read API. Each list takes the same number of queries for any number of rows."""

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.utils.cache import patch_cache_control
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotAuthenticated
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from deals import finding, record
from deals.api import examples
from deals.api.access import AnyoneUnlessPrivate, Gone, SignedIn
from deals.api.asked import Asked, ChangesAsked, ClaimsAsked, Moments
from deals.api.paging import Page, in_queryset, page
from deals.api.shapes import (
    ChangePageSerializer,
    ChangeSerializer,
    ClaimPageSerializer,
    ClaimSerializer,
    ClaimWithRecordSerializer,
    ProblemSerializer,
    RootSerializer,
)
from deals.models import Claim, StatusChange


def _problem(words: str, example: dict) -> OpenApiResponse:
    shown = OpenApiExample(words, example, status_codes=[str(example["status"])], media_type="application/problem+json")
    return OpenApiResponse(ProblemSerializer, words, examples=[shown])


def _answers(shape, example: dict, words: str, more: dict | None = None) -> dict:
    problems = {(400, "application/problem+json"): _problem("A parameter is unknown or absurd", examples.INVALID)}
    given = OpenApiResponse(shape, words, examples=[OpenApiExample(words, example, status_codes=["200"])])
    return {200: given, **problems, **(more or {})}


# The ETag is a digest of the body. Counters would be cheaper but not right: what is derived when it is read
# (stale, due date passed) moves with the clock, and names, aliases and parties are edited without a counter.
@method_decorator(conditional_page, "dispatch")
class PublicView(APIView):
    """What anyone may read, unless the site is private."""

    authentication_classes = [SignedIn]
    permission_classes = [AnyoneUnlessPrivate]

    def finalize_response(self, request, response, *args, **kwargs):
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(response, no_cache=True, **({"private": True} if settings.PRIVATE_SITE else {}))
        return response


def _paged(request, results: list, found: Page) -> Response:
    here = request.build_absolute_uri()
    links = {
        name: replace_query_param(here, "cursor", cursor) if cursor else None
        for name, cursor in (("next", found.next), ("previous", found.previous))
    }
    return Response({**links, "results": results})


class ClaimsView(PublicView):
    @extend_schema(
        operation_id="claims_list",
        summary="Claims, newest first",
        description="All public claims, each as it stood `as_of` a moment and as the record had it at `known_at` "
        "(both default to now). A claim that had no status then answers with null.",
        tags=["claims"],
        parameters=[ClaimsAsked],
        responses=_answers(ClaimPageSerializer, examples.PAGE, "A page of claims"),
    )
    def get(self, request):
        asked = ClaimsAsked.of(request)
        moments = asked.get("as_of"), asked.get("known_at")
        matching = finding.with_status(finding.claims(asked), asked)
        found = page(
            in_queryset(matching, "pk"),
            asked.get("cursor"),
            asked["page_size"],
            descending=asked["ordering"] == "-created",
        )
        shown = finding.with_parties(Claim.objects.filter(pk__in=found.keys)).order_by()
        by_id = {claim.pk: claim for claim in finding.stand(shown, *moments)}
        claims = [by_id[key] for key in found.keys if key in by_id]
        return _paged(request, ClaimSerializer(claims, many=True, context={"request": request}).data, found)


class ClaimView(PublicView):
    @extend_schema(
        operation_id="claims_retrieve",
        summary="One claim with its evidence and history",
        description="With `as_of` and `known_at` the claim is given as it stood then: evidence and rows that were "
        "recorded later are left out, and so are rows of later events. A claim that is no longer public answers 410.",
        tags=["claims"],
        parameters=[Moments],
        responses=_answers(
            ClaimWithRecordSerializer,
            examples.CLAIM_WITH_RECORD,
            "The claim",
            {
                (404, "application/problem+json"): OpenApiResponse(ProblemSerializer, "There is no such claim"),
                (410, "application/problem+json"): _problem("The claim was withdrawn", examples.GONE),
            },
        ),
    )
    def get(self, request, slug):
        asked = Moments.of(request)
        claim = finding.with_parties(Claim.objects.public()).filter(slug=slug).first()
        if claim is None:
            raise Gone if Claim.objects.once_public().filter(slug=slug).exists() else Http404
        as_of, known_at = asked.get("as_of"), asked.get("known_at")
        finding.stand([claim], as_of, known_at)
        claim.rows = record.timeline(claim.changes.with_record(), as_of, known_at)
        return Response(ClaimWithRecordSerializer(claim, context={"request": request}).data)


class ChangesView(PublicView):
    @extend_schema(
        operation_id="changes_list",
        summary="The log of changes, in the order they were recorded",
        description="A reader keeps the greatest `position` it has seen and asks for what comes `after`: positions "
        "become visible in the order of commits, so none is missed. Rows of claims that are not public are left out; "
        "a claim that is published after its first rows is found by `updated_since` of the claims.",
        tags=["changes"],
        parameters=[ChangesAsked],
        responses=_answers(ChangePageSerializer, examples.CHANGES, "A page of changes"),
    )
    def get(self, request):
        asked = ChangesAsked.of(request)
        changes = StatusChange.objects.filter(claim__in=Claim.objects.public())
        if claims := asked.get("claim"):
            changes = changes.filter(claim__slug__in=claims)
        if after := asked.get("after"):
            changes = changes.after(after)
        found = page(in_queryset(changes, "position"), asked.get("cursor"), asked["page_size"], descending=False)
        shown = StatusChange.objects.filter(position__in=found.keys).with_record().order_by("position")
        return _paged(request, ChangeSerializer(finding.as_recorded(shown), many=True).data, found)


class RootView(PublicView):
    @extend_schema(
        operation_id="root",
        summary="Where things are",
        tags=["about"],
        responses=_answers(RootSerializer, examples.ROOT, "Where things are"),
    )
    def get(self, request):
        Asked.of(request)
        names = {"claims": "claim-list", "changes": "change-list", "schema": "schema", "docs": "api-docs"}
        links = {word: reverse(name, request=request) for word, name in names.items()}
        return Response({"about": settings.SPECTACULAR_SETTINGS["DESCRIPTION"], **links})


class SchemaView(SpectacularAPIView):
    authentication_classes = [SignedIn]
    permission_classes = [AnyoneUnlessPrivate]


class DocsView(SpectacularSwaggerSplitView):
    authentication_classes = [SignedIn]
    permission_classes = [AnyoneUnlessPrivate]
    template_name = "public/api_docs.html"

    def handle_exception(self, exc):
        """A page for people: who must sign in is led to do so."""
        if isinstance(exc, NotAuthenticated):
            return redirect_to_login(self.request.get_full_path())
        return super().handle_exception(exc)
