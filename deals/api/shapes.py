"""The shapes of what the API gives; a shape is reused by nesting. No desk note, and no editor's name, is in any."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from deals import finding
from deals.choices import DealType, Kind, Precision, Qualifier, Role, SpeakerKind, Stage, Stance, Status, TermKind
from deals.models import Claim, Company, Deal, Evidence, Party, Report, Snapshot, Source

QUALIFIERS = serializers.ListField(child=serializers.ChoiceField(Qualifier.choices))


def _in_order(qualifiers) -> list[str]:
    return [choice.value for choice in Qualifier if choice in qualifiers]


class CompanySerializer(serializers.ModelSerializer):
    class Meta:
        model = Company
        fields = ["slug", "name"]


class DealSerializer(serializers.ModelSerializer):
    class Meta:
        model = Deal
        fields = ["slug", "title"]


class PartySerializer(serializers.ModelSerializer):
    company = CompanySerializer()
    role = serializers.ChoiceField(Role.choices)

    class Meta:
        model = Party
        fields = ["company", "role"]


class SourceSerializer(serializers.ModelSerializer):
    class Meta:
        model = Source
        fields = ["slug", "name", "kind", "language", "own"]


class ReportSerializer(serializers.ModelSerializer):
    """A report; `url` is null for a placeholder: a story that others cite and the record does not hold."""

    source = SourceSerializer()

    class Meta:
        model = Report
        fields = [
            "title",
            "url",
            "placeholder",
            "language",
            "source",
            "published_at",
            "published_precision",
            "retraction",
            "retracted_at",
        ]


class SnapshotSerializer(serializers.ModelSerializer):
    """What was read of the report. Its text is not public; the digest tells whether another holds the same text."""

    archive_url = serializers.SerializerMethodField(
        help_text="Where a public archive holds the page, if that is known."
    )

    class Meta:
        model = Snapshot
        fields = ["read", "taken_at", "sha256", "archive_url"]

    def get_archive_url(self, snapshot) -> str | None:
        return snapshot.archive_url or None


class RungSerializer(serializers.Serializer):
    number = serializers.IntegerField(source="value")
    words = serializers.CharField(source="label")


class SpeakerSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(SpeakerKind.choices, source="speaker_kind")
    name = serializers.CharField(source="speaker_name")
    role = serializers.CharField(source="speaker_role")


class FactSerializer(serializers.Serializer):
    """A value: of its columns only those of its kind are filled."""

    about = serializers.BooleanField(help_text="The words say “about”, “up to” or the like.")
    number = serializers.DecimalField(max_digits=20, decimal_places=4, normalize_output=True, allow_null=True)
    currency = serializers.CharField(help_text="Of an amount: three capitals; empty otherwise.")
    date = serializers.DateField(source="day", allow_null=True, help_text="The last day that the words allow.")
    precision = serializers.ChoiceField(Precision.choices)
    name = serializers.CharField(help_text="Of a platform its name, of a count what is counted.")


class TermSerializer(FactSerializer):
    """A fact that the evidence states beside its stance."""

    kind = serializers.ChoiceField(TermKind.choices)
    words = serializers.CharField(help_text="As the report has it.")


class StatedSerializer(serializers.Serializer):
    value = FactSerializer(source="fact")
    words = serializers.CharField(help_text="The value in words.")
    evidence = serializers.ListField(child=serializers.IntegerField(), help_text="The ids of who states it.")


class TermLineSerializer(serializers.Serializer):
    """What the evidence of a claim states of one kind; denials apart, which repeat the terms that they deny."""

    kind = serializers.ChoiceField(TermKind.choices)
    unit = serializers.CharField(help_text="Of amounts the currency, of counts what is counted.")
    conflict = serializers.BooleanField(help_text="The evidence does not agree on it.")
    stated = StatedSerializer(many=True)


class EvidenceSerializer(serializers.ModelSerializer):
    """What one report says on the claim. Withdrawn evidence is given only while a row of the history rests on it."""

    report = ReportSerializer()
    snapshot = SnapshotSerializer(
        allow_null=True, help_text="What was read when this was linked; null where no text of the report is held."
    )
    stance = serializers.ChoiceField(Stance.choices)
    speaker = SpeakerSerializer(source="*")
    company = CompanySerializer(allow_null=True, help_text="The company spoken for.")
    rung = RungSerializer(help_text="How strong it is: 1, a filing, to 5, people who are not named.")
    first_hand = serializers.SerializerMethodField(
        help_text="The speaker's own outlet carries it, not another's report."
    )
    origin = ReportSerializer(allow_null=True, help_text="The report the story was taken from.")
    answers = ReportSerializer(allow_null=True, help_text="The report that it denies or confirms.")
    terms = TermSerializer(many=True, source="stated", help_text="Amounts, stakes, dates and platforms that it states.")

    class Meta:
        model = Evidence
        fields = [
            "id",
            "report",
            "snapshot",
            "stance",
            "speaker",
            "company",
            "rung",
            "first_hand",
            "quote",
            "translation",
            "certainty",
            "part",
            "said_at",
            "said_precision",
            "origin",
            "answers",
            "terms",
            "recorded_at",
            "withdrawn_at",
        ]

    def get_first_hand(self, item) -> bool:
        return finding.first_hand(item)


class HistorySerializer(serializers.Serializer):
    """A row of a claim's history, in the order of events, with what it does in the fold of the moment asked for."""

    position = serializers.IntegerField(
        source="change.position", help_text="Its place among all changes; never changes."
    )
    kind = serializers.ChoiceField(Kind.choices, source="change.kind")
    event_at = serializers.DateTimeField(source="change.event_at")
    precision = serializers.ChoiceField(Precision.choices, source="change.precision")
    recorded_at = serializers.DateTimeField(source="change.recorded_at")
    status_before = serializers.ChoiceField(Status.choices, source="before", allow_null=True)
    status_after = serializers.ChoiceField(Status.choices, source="after", allow_null=True)
    moot = serializers.BooleanField(help_text="It changes nothing: the status it starts from does not hold.")
    replaced_by = serializers.IntegerField(
        source="replaced_by.position",
        default=None,
        allow_null=True,
        help_text="Position of the row that took its place.",
    )
    supersedes = serializers.IntegerField(
        source="change.supersedes.position", default=None, allow_null=True, help_text="Position of the row it replaces."
    )
    qualifiers = serializers.ListField(child=serializers.ChoiceField(Qualifier.choices), source="change.qualifiers")
    stage = serializers.SerializerMethodField()
    wording = serializers.CharField(source="change.wording", help_text="The claim's wording when the row was written.")
    evidence = serializers.SerializerMethodField(help_text="Ids of the evidence it rests on.")

    @extend_schema_field(serializers.ChoiceField(Stage.choices, allow_null=True))
    def get_stage(self, row):
        return row.change.stage or None

    def get_evidence(self, row) -> list[int]:
        return [item.pk for item in row.change.evidence.all()]


class ClaimSerializer(serializers.ModelSerializer):
    """A claim as it stood at the moment asked for; null where it had no status then."""

    url = serializers.SerializerMethodField(help_text="This claim in the API.")
    page = serializers.SerializerMethodField(help_text="Its page for people.")
    deal = DealSerializer()
    type = serializers.ChoiceField(DealType.choices)
    parties = PartySerializer(many=True)
    part_of = serializers.SerializerMethodField(help_text="Slug of the more general claim that it is a part of.")
    status = serializers.ChoiceField(Status.choices, source="standing.status", allow_null=True)
    qualifiers = serializers.SerializerMethodField(
        help_text="How the status holds; never show the status without them."
    )
    stage = serializers.SerializerMethodField(help_text="Where the deal is, not whether the claim is true.")
    since = serializers.DateTimeField(source="standing.since", allow_null=True)
    since_precision = serializers.ChoiceField(Precision.choices, allow_null=True)
    reports = serializers.IntegerField(source="report_count", help_text="Reports that speak on it.")
    independent_origins = serializers.IntegerField(
        source="origin_count",
        help_text="Where these reports begin: copies of one origin count once, a retracted one not at all.",
    )

    class Meta:
        model = Claim
        fields = [
            "slug",
            "url",
            "page",
            "wording",
            "deal",
            "type",
            "parties",
            "part_of",
            "due",
            "status",
            "qualifiers",
            "stage",
            "since",
            "since_precision",
            "reports",
            "independent_origins",
            "created_at",
            "public_since",
        ]

    def get_url(self, claim) -> str:
        return reverse("claim-detail", args=[claim.slug], request=self.context["request"])

    def get_page(self, claim) -> str:
        return self.context["request"].build_absolute_uri(claim.get_absolute_url())

    def get_part_of(self, claim) -> str | None:
        return claim.part_of.slug if claim.part_of_id and claim.part_of.is_public else None

    @extend_schema_field(QUALIFIERS)
    def get_qualifiers(self, claim):
        return _in_order(claim.standing.qualifiers)

    @extend_schema_field(serializers.ChoiceField(Stage.choices, allow_null=True))
    def get_stage(self, claim):
        return claim.standing.stage or None


class ClaimWithRecordSerializer(ClaimSerializer):
    """A claim with all that was said on it and the history of its status, as the record had them."""

    evidence = EvidenceSerializer(many=True, source="said")
    terms = TermLineSerializer(many=True, help_text="What its evidence states of terms, by kind.")
    history = HistorySerializer(many=True, source="rows")

    class Meta(ClaimSerializer.Meta):
        fields = [*ClaimSerializer.Meta.fields, "evidence", "terms", "history"]


class ClaimNameSerializer(serializers.ModelSerializer):
    class Meta:
        model = Claim
        fields = ["slug", "wording"]


class ShortEvidenceSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    source = serializers.CharField(source="report.source.name")
    title = serializers.CharField(source="report.title")
    url = serializers.URLField(source="report.url", allow_null=True)
    stance = serializers.ChoiceField(Stance.choices)
    speaker = serializers.CharField(help_text="Who says it, in words.")
    said_at = serializers.DateTimeField(allow_null=True)
    said_precision = serializers.ChoiceField(Precision.choices)


class ChangeSerializer(serializers.Serializer):
    """A row of some claim's history as it was recorded: with the status before and after on that day."""

    position = serializers.IntegerField()
    claim = ClaimNameSerializer()
    wording = serializers.CharField(help_text="The claim's wording when the row was written.")
    kind = serializers.ChoiceField(Kind.choices)
    event_at = serializers.DateTimeField()
    precision = serializers.ChoiceField(Precision.choices)
    recorded_at = serializers.DateTimeField()
    status_before = serializers.ChoiceField(Status.choices, allow_null=True)
    status_after = serializers.ChoiceField(Status.choices, allow_null=True)
    qualifiers = serializers.SerializerMethodField(
        help_text="How the status after it held; never show one without them."
    )
    stage = serializers.SerializerMethodField()
    supersedes = serializers.IntegerField(
        source="supersedes.position", default=None, allow_null=True, help_text="Position of the row it replaces."
    )
    evidence = ShortEvidenceSerializer(many=True)

    @extend_schema_field(QUALIFIERS)
    def get_qualifiers(self, change):
        return _in_order(change.standing.qualifiers)

    @extend_schema_field(serializers.ChoiceField(Stage.choices, allow_null=True))
    def get_stage(self, change):
        return change.stage or None


class PageSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class ClaimPageSerializer(PageSerializer):
    results = ClaimSerializer(many=True)


class ChangePageSerializer(PageSerializer):
    results = ChangeSerializer(many=True)


class ProblemErrorSerializer(serializers.Serializer):
    detail = serializers.CharField()
    parameter = serializers.CharField(required=False)
    pointer = serializers.CharField(required=False)


class ProblemSerializer(serializers.Serializer):
    """RFC 9457: what went wrong, and for invalid input where."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = ProblemErrorSerializer(many=True, required=False)


class RootSerializer(serializers.Serializer):
    about = serializers.CharField()
    claims = serializers.URLField()
    changes = serializers.URLField()
    schema = serializers.URLField()
    docs = serializers.URLField()
