"""The editors' own endpoint: a draft checked against the record."""

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView

from deals.api.access import SignedIn
from deals.api.shapes import ProblemSerializer
from ingest import drafts

EXAMPLE = {
    "sentences": [
        {
            "text": "Boreal will soon build on Alba's platform.",
            "claims": [
                {
                    "claim": "Alba will build on Boreal's platform",
                    "slug": "alba-will-build-on-boreal-s-platform-q4w8zt",
                    "status": "denied",
                    "qualifiers": ["late"],
                    "since": "2024-04-15T15:59:59Z",
                    "words": ["Boreal", "platform", "Alba"],
                }
            ],
        }
    ]
}


class EditsClaims(BasePermission):
    """Who may link evidence may check drafts: unpublished claims are among what is told."""

    def has_permission(self, request, view):
        return request.user.has_perm("deals.add_evidence")


class DraftSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=drafts.LONGEST, help_text="The draft: paragraphs on lines of their own.")


class TouchedSerializer(serializers.Serializer):
    claim = serializers.CharField(source="claim.wording")
    slug = serializers.CharField(source="claim.slug")
    status = serializers.CharField(source="standing.status", allow_null=True)
    qualifiers = serializers.SerializerMethodField(help_text="How the status holds; never show it without them.")
    since = serializers.DateTimeField(source="standing.since", allow_null=True)
    words = serializers.ListField(child=serializers.CharField(), help_text="The words in the sentence that led to it.")

    def get_qualifiers(self, touched) -> list[str]:
        return sorted(touched.standing.qualifiers)


class SentenceSerializer(serializers.Serializer):
    text = serializers.CharField()
    claims = TouchedSerializer(many=True, source="touched")


class CheckedDraftSerializer(serializers.Serializer):
    sentences = SentenceSerializer(many=True)


class DraftsView(APIView):
    """Checks a draft; nothing of it is stored."""

    authentication_classes = [SignedIn]
    permission_classes = [EditsClaims]

    @extend_schema(
        operation_id="drafts_check",
        summary="Check a draft",
        description="For editors: each sentence of a text with the claims that it touches and how they stand now. "
        "Unpublished claims are among them. Nothing is stored.",
        tags=["drafts"],
        request=DraftSerializer,
        responses={
            200: OpenApiResponse(
                CheckedDraftSerializer, "The sentences in order", examples=[OpenApiExample("A draft", EXAMPLE)]
            ),
            (400, "application/problem+json"): OpenApiResponse(ProblemSerializer, "There is no text, or too much"),
        },
    )
    def post(self, request):
        draft = DraftSerializer(data=request.data)
        draft.is_valid(raise_exception=True)
        found = CheckedDraftSerializer({"sentences": drafts.check(draft.validated_data["text"])})
        return Response(found.data)
