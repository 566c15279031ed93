"""From publishers' feeds to suggestions: each table holds what waits for the next step."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import cached_property

from deals import clock
from deals.choices import Certainty, Part, SourceKind, SpeakerKind, Stance
from deals.models import Claim, Company, Report, Snapshot, Source
from deals.terms import STATING
from ingest.identity import digest, digests
from ingest.queries import LONGEST_QUERY, address_of, trouble_with
from ingest.terms import Proposal, proposed_terms, turns_on
from outbound.refusals import refusal

SHORTEST_INTERVAL = 10  # seconds
LONGEST_INTERVAL = 7 * 86_400
SLOWEST = 6 * 3_600
LONGEST_NEWS = 36_500  # days
QUIET = timedelta(days=1)  # an editor who has seen what changed in a decided item is left alone with it for so long
TOO_SHORT = 600  # characters; a feed whose items say more brings the articles themselves


class FeedQuerySet(models.QuerySet):
    def due(self, at=None):
        """Active feeds whose next poll has come and that no worker holds."""
        at = at or clock.now()
        return (
            self.filter(active=True, next_poll_at__lte=at)
            .filter(Q(lease_until=None) | Q(lease_until__lt=at))
            .order_by("next_poll_at")
        )

    def in_trouble(self):
        return self.exclude(trouble="")

    def with_notice(self):
        """Feeds that moved or died, and nobody has said yet that they know."""
        return self.exclude(notice="")

    def resume(self, at=None):
        """Poll paused and stopped feeds again, from now on; a person's doing only. How many those were."""
        return self.filter(active=False).update(active=True, stopped="", notice="", next_poll_at=at or clock.now())


class Feed(models.Model):
    """A polled RSS or Atom address."""

    url = models.URLField("address", max_length=2048, unique=True)
    source = models.ForeignKey(Source, models.PROTECT, related_name="feeds", help_text="Who publishes its items.")
    active = models.BooleanField(default=True, help_text="Untick to pause polling; nothing stored is lost.")
    suggest_old = models.BooleanField(
        "suggest old items at the first poll",
        default=False,
        help_text="Otherwise the items that stand in the feed when it is first polled are stored and not put before the desk.",
    )
    interval = models.PositiveIntegerField(
        default=900,
        validators=[MinValueValidator(SHORTEST_INTERVAL), MaxValueValidator(LONGEST_INTERVAL)],
        help_text="At least so many seconds lie between two polls. More if the publisher asks for it, up to a day.",
    )
    slowest = models.PositiveIntegerField(
        default=SLOWEST,
        validators=[MinValueValidator(SHORTEST_INTERVAL), MaxValueValidator(LONGEST_INTERVAL)],
        help_text="How rare the polls of a feed that seldom brings anything may become, in seconds between two of them.",
    )
    news_days = models.PositiveIntegerField(
        "days of news",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_NEWS)],
        help_text="An item dated earlier than so many days before we first see it is stored as history and not put "
        "before the desk. Empty: as the whole site does (NEWS_DAYS).",
    )
    whole_articles = models.BooleanField(
        null=True,
        blank=True,
        help_text="Where an item brings a short text alone, whether its article is fetched from its page. No: its "
        "articles are not fetched at all, nor read again when a decision rests on them.",
    )
    etag = models.CharField(max_length=1000, blank=True, editable=False)
    last_modified = models.CharField(max_length=200, blank=True, editable=False)
    next_poll_at = models.DateTimeField(default=clock.now)
    last_polled_at = models.DateTimeField(null=True, editable=False)
    last_success_at = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveIntegerField("failures in a row", default=0, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    trouble = models.CharField(max_length=500, blank=True, editable=False)
    stopped = models.CharField(max_length=200, blank=True, editable=False)  # why we stopped polling it, if we did
    notice = models.TextField(blank=True, editable=False)  # what an operator is to know, once: it moved, it died
    noticed_at = models.DateTimeField(null=True, editable=False)
    # Its own rhythm, and what the document itself asks of those who poll it: `pace.Pace`, column by column.
    rhythm = models.DurationField(null=True, editable=False)
    last_item_at = models.DateTimeField(null=True, editable=False)
    asked_until = models.DateTimeField(null=True, editable=False)  # till then its publisher asks to be left alone
    asked_wait = models.PositiveIntegerField(default=0, editable=False)
    skip_hours = models.JSONField(default=list, editable=False)
    skip_days = models.JSONField(default=list, editable=False)
    # Where its permanent redirects lead, how often and since when without a break.
    moved_to = models.CharField(max_length=2048, blank=True, editable=False)
    moved_seen = models.PositiveIntegerField(default=0, editable=False)
    moved_since = models.DateTimeField(null=True, editable=False)
    # Of the last document that it brought: its digest, and `trimming.record` of each item.
    body_digest = models.BinaryField(max_length=32, default=b"", editable=False)
    items = models.BinaryField(default=b"", editable=False)
    lease = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    objects = FeedQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(interval__gte=SHORTEST_INTERVAL, interval__lte=LONGEST_INTERVAL),
                name="feed_interval_is_ten_seconds_to_a_week",
            )
        ]
        indexes = [models.Index(fields=["next_poll_at"], condition=Q(active=True), name="feed_due")]

    def __str__(self):
        return f"{self.source} ({self.url})"

    def save(self, *args, **kwargs):
        if self.active:
            self.stopped = ""
        super().save(*args, **kwargs)

    @property
    def wants_whole_articles(self) -> bool:
        if self.whole_articles is not None:
            return self.whole_articles
        if not hasattr(self, "source_articles"):  # as `polling.take` brings it; None: the source says nothing
            self.source_articles = SourceArticles.objects.filter(source=self.source_id, fetched=True).exists()
        return bool(self.source_articles)


class FormerAddress(models.Model):
    """Where a feed was polled before its publisher moved it."""

    feed = models.ForeignKey(Feed, models.CASCADE, related_name="former_addresses")
    url = models.CharField("address", max_length=2048)
    until = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name_plural = "former addresses"
        ordering = ["-pk"]
        indexes = [models.Index(fields=["url"], name="former_address_url")]

    def __str__(self):
        return self.url


class SearchTemplate(models.Model):
    """A search that answers with a feed: its address, with {query} where the words belong."""

    name = models.CharField(max_length=100, unique=True, help_text="Good: “News search, Chinese”. Bad: “Search 2”.")
    url = models.CharField(
        "address",
        max_length=1024,
        help_text="With {query} where the words belong. Good: https://news.example.com/rss/search?q={query}&hl=en",
    )
    language = models.CharField(
        max_length=12, default="en", help_text="A code such as “en” or “zh”: the words are proposed in it."
    )
    source = models.ForeignKey(
        Source,
        models.PROTECT,
        related_name="search_templates",
        limit_choices_to={"kind": SourceKind.AGGREGATOR},
        help_text="An aggregator. Its items belong to the outlets that they name, and to it only where they name none.",
    )
    active = models.BooleanField(
        default=True, help_text="Untick to offer it no more; searches made with it go on until they are paused."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name

    def clean(self):
        if why := trouble_with(self.url) or refusal(self.address("x"), settings.LOCAL_FEEDS):
            raise ValidationError({"url": why})
        if self.source_id and self.source.kind != SourceKind.AGGREGATOR:
            raise ValidationError({"source": "Its kind must be aggregator: its items belong to others."})

    def address(self, query: str) -> str:
        return address_of(self.url, query)


class Search(models.Model):
    """A feed that a template makes of some words, asked at the pace of the hottest claim that wants it."""

    feed = models.OneToOneField(Feed, models.CASCADE, related_name="search")
    template = models.ForeignKey(SearchTemplate, models.PROTECT, related_name="searches")
    query = models.CharField(max_length=LONGEST_QUERY)
    pace = models.CharField(max_length=200, blank=True, editable=False)  # how often it is asked and why, in words
    look_at = models.DateTimeField(null=True, default=clock.now, editable=False)  # null: not before something happens

    class Meta:
        verbose_name_plural = "searches"
        indexes = [models.Index(fields=["look_at"], name="search_to_look_at")]

    def __str__(self):
        return f"{self.template}: {self.query}"


class ClaimSearch(models.Model):
    """A claim's wish for a search; searches of one address are one, whoever wants them."""

    claim = models.ForeignKey(Claim, models.CASCADE, related_name="searches")
    search = models.ForeignKey(Search, models.CASCADE, related_name="wishes")
    paused = models.BooleanField(default=False)
    wanted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    wanted_at = models.DateTimeField(default=clock.now)

    class Meta:
        verbose_name_plural = "claim searches"
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["claim", "search"], name="search_once_per_claim")]

    def __str__(self):
        return f"{self.search} for {self.claim}"


class Decision(models.TextChoices):
    LINKED = "linked", "linked to claims"
    OPENED = "opened", "opened a claim"
    REJECTED = "rejected", "says nothing we track"


class History(models.TextChoices):
    """Why an item is no news."""

    FIRST_POLL = "first_poll", "It stood in its feed when that was first polled."
    OLD = "old", "It was older than what its feed counts as news when we first saw it."


class Refusal(models.TextChoices):
    """Why an editor rejected an item; says what the suggester should learn."""

    NOTHING_NEW = "nothing_new", "nothing that we track"
    RETOLD = "retold", "retells what is linked already"
    OTHER_DEAL = "other_deal", "another deal of these companies"
    MISREAD = "misread", "misread by the machine"
    NO_NEWS = "no_news", "opinion or forecast"


class EntryQuerySet(models.QuerySet):
    def unread(self):
        """Entries that nobody has looked through for suggestions yet, oldest first."""
        return self.filter(read_at=None).select_related("article").order_by("pk")

    def waiting(self):
        """Entries with pending suggestions or leads that no editor has decided, newest news first."""
        return self.filter(waiting=True).order_by("-said_at", "-pk")

    def set_aside(self):
        """Undecided entries that could not be looked through."""
        return self.filter(unreadable=True, decision="")

    def changed(self):
        """Decided entries that say something else now than what was decided on, whether or not that was seen."""
        return self.filter(CHANGED).order_by("-revised_at", "-pk")

    def to_look_at_again(self):
        """Those of the changed whose change nobody has seen, within a day at least."""
        # Our own clock is good enough to say that it is quiet, and costs no query.
        return self.changed().filter(Q(seen_at=None) | Q(seen_at__lt=timezone.now() - QUIET))


# Decided on something, and that is not what stands there now.
CHANGED = ~Q(decided_on=b"") & ~Q(decided_on=F("content_digest"))


class Entry(models.Model):
    """One item of a feed as last published: clean plain text, stored once per (feed, guid)."""

    feed = models.ForeignKey(Feed, models.PROTECT, related_name="entries")
    source = models.ForeignKey(Source, models.PROTECT, related_name="entries")
    guid = models.TextField()
    guid_digest = models.BinaryField(max_length=32)  # a btree key has a limit that a guid has not
    url = models.CharField("address", max_length=2048, blank=True)
    title = models.CharField(max_length=500)
    text = models.TextField(blank=True)
    author = models.CharField(max_length=200, blank=True)
    # Whom an aggregator names as its outlet, as long as that is none of our sources; `source` is the aggregator.
    outlet = models.CharField(max_length=200, blank=True, editable=False)
    outlet_host = models.CharField(max_length=253, blank=True, editable=False)
    language = models.CharField(max_length=12, blank=True)
    published_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField(default=clock.now)
    # The earliest date it ever bore, else first_seen_at: the order of the desk's queue.
    said_at = models.DateTimeField(editable=False)
    is_news = models.BooleanField(default=True)  # False: stored as history
    history = models.CharField("why it is no news", max_length=10, choices=History, blank=True)
    # Of what it says, and of what makes it the same story wherever it stands; b"": not known.
    content_digest = models.BinaryField(max_length=16, default=b"", editable=False)
    story = models.BinaryField(max_length=16, default=b"", editable=False)
    # The first entry with its story, in another feed: the two are decided together.
    twin_of = models.ForeignKey("self", models.PROTECT, null=True, editable=False, related_name="twins", db_index=False)
    revised_at = models.DateTimeField(null=True, editable=False)  # since when it says what it says, if it was edited
    edits = models.PositiveIntegerField(default=0, editable=False)  # how often; not all of them need be kept
    due_at = models.DateTimeField(null=True, editable=False)  # since when its feed was to be polled
    read_at = models.DateTimeField(null=True)
    unreadable = models.BooleanField("could not be looked through", default=False)  # by a fault of ours, in the log
    waiting = models.BooleanField(default=False)  # has pending suggestions and no decision
    wants_article = models.BooleanField(default=False)  # its text is short, and nobody has asked for its article yet
    article = models.ForeignKey("Article", models.PROTECT, null=True, related_name="entries")
    article_at = models.DateTimeField(null=True)  # when its article was read, and it was given to the suggester with it
    report = models.ForeignKey(Report, models.PROTECT, null=True, related_name="entries")
    decision = models.CharField(max_length=8, choices=Decision, blank=True)
    refusal = models.CharField(max_length=11, choices=Refusal, blank=True)  # of a rejected item, if the editor said why
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_on = models.BinaryField(max_length=16, default=b"", editable=False)  # its content then, or as seen since
    seen_at = models.DateTimeField(null=True, editable=False)  # when somebody said they have seen what changed since

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entries"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["feed", "guid_digest"], name="entry_once_per_feed_and_guid"),
            models.CheckConstraint(
                condition=Q(decision="", decided_at=None)
                | (~Q(decision="") & Q(decided_at__isnull=False, waiting=False)),
                name="decided_entry_waits_no_more",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(read_at=None), name="entry_unread"),
            models.Index(fields=["-said_at", "-id"], condition=Q(waiting=True), name="entry_waiting"),
            models.Index(fields=["id"], condition=Q(unreadable=True), name="entry_unreadable"),
            models.Index(fields=["outlet"], condition=~Q(outlet=""), name="entry_of_no_source"),
            models.Index(fields=["story", "feed"], name="entry_story"),
            models.Index(fields=["twin_of"], condition=Q(twin_of__isnull=False), name="entry_twin"),
            models.Index(fields=["-revised_at", "-id"], condition=CHANGED, name="entry_changed"),
            models.Index(fields=["id"], condition=Q(wants_article=True), name="entry_wants_article"),
        ]

    def __str__(self):
        return self.title

    def save(self, *args, **kwargs):
        self.complete()
        super().save(*args, **kwargs)

    @property
    def publisher(self) -> str:
        """Who published it, in words."""
        return f"{self.outlet} (not yet a source)" if self.outlet else str(self.source)

    def complete(self):
        """Fill what follows from the rest; bulk inserts call this, `save` does too."""
        self.guid_digest = digest(self.guid)
        self.said_at = self.published_at or self.first_seen_at
        self.content_digest, self.story = digests(self.feed_id, self.title, self.text, self.url)
        return self

    @property
    def root_id(self) -> int:
        """Of the entry that stands for all twins: itself, if it is no twin."""
        return self.twin_of_id or self.pk

    def together(self) -> models.QuerySet["Entry"]:
        """It and its twins."""
        return Entry.objects.filter(Q(pk=self.root_id) | Q(twin_of=self.root_id))

    def covered_by(self) -> "Entry | None":
        """The twin that was decided, and it with it."""
        decided = self.together().exclude(pk=self.pk).exclude(decision="")
        return decided.select_related("decided_by", "source").order_by("pk").first()

    @property
    def said(self) -> str:
        """What a page that shows it sends back, to tell what an editor looked at."""
        return bytes(self.content_digest).hex()

    @property
    def is_changed(self) -> bool:
        """Whether it was decided on other words than it holds now."""
        return bytes(self.decided_on) not in (b"", bytes(self.content_digest))

    @property
    def whole(self) -> "Article | None":
        """Its article, if that was read and says more than the feed does: then it stands for the text, everywhere."""
        held = self.article if self.article_at else None
        return held if held and len(held.text) > len(self.text) else None

    @property
    def full_text(self) -> str:
        """What the suggester reads, the desk shows and a decision is made on."""
        return self.whole.text if self.whole else self.text


class EntryRevision(models.Model):
    """What an entry said before its feed edited it in place. Kept as it was: never changed, never deleted alone."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="revisions")
    url = models.CharField("address", max_length=2048, blank=True)
    title = models.CharField(max_length=500)
    text = models.TextField(blank=True)
    published_at = models.DateTimeField(null=True)
    content_digest = models.BinaryField(max_length=16)
    seen_at = models.DateTimeField("first seen so")
    replaced_at = models.DateTimeField("replaced")

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["entry", "seen_at"], name="revision_once_per_entry_and_time")]

    def __str__(self):
        return self.title

    def save(self, *args, **kwargs):
        if not self._state.adding:
            raise TypeError("What an item said is kept as it was.")
        super().save(*args, **kwargs)

    def delete(self, *args, **kwargs):
        raise TypeError("What an item said is kept.")


class Strength(models.TextChoices):
    STRONG = "strong"
    POSSIBLE = "possible"


class SuggestionState(models.TextChoices):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


# Kinds of `statements.Mark` in words.
WORD_KINDS = {
    "name": "names",
    "deal": "language of a deal",
    "said": "said by",
    "no_comment": "no comment",
    "no_response": "no response",
    "if_true": "only if true",
    "assertion": "stated",
    "ended": "came to nothing",
    "contact": "neither yes nor no",
    "aside": "a comparison",
}


class SuggestionQuerySet(models.QuerySet):
    def pending(self):
        return self.filter(state=SuggestionState.PENDING)

    def leads(self):
        return self.filter(claim=None)


class Suggestion(models.Model):
    """A guess that an item says something on a claim, or, without a claim, that a claim should be opened: a lead.

    Of a lead there is one row per statement; its rows share `companies` and so make one proposed claim.
    """

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="suggestions")
    claim = models.ForeignKey(Claim, models.PROTECT, null=True, related_name="suggestions")
    companies = models.ManyToManyField(Company, related_name="+")  # of a lead: the parties it names
    deal_type = models.CharField(max_length=20, blank=True)  # of a lead: what the words point to
    strength = models.CharField(max_length=8, choices=Strength)
    stance = models.CharField(max_length=11, choices=Stance)
    speaker_kind = models.CharField(max_length=9, choices=SpeakerKind, default=SpeakerKind.OUTLET)
    speaker_name = models.CharField(max_length=200, blank=True)
    speaker_role = models.CharField(max_length=200, blank=True)
    company = models.ForeignKey(Company, models.PROTECT, null=True, related_name="+")  # spoken for
    origin = models.ForeignKey(Source, models.PROTECT, null=True, related_name="+")  # the outlet it cites
    cites = models.CharField(max_length=100, blank=True)  # the outlet it cites, where that is none of our sources
    certainty = models.CharField(max_length=11, choices=Certainty, default=Certainty.STATED)
    part = models.CharField(max_length=8, choices=Part, default=Part.BODY)
    passage = models.TextField()  # the sentence as published
    passage_digest = models.BinaryField(max_length=32)
    triggers = models.JSONField(default=list)  # the words in the passage that led here, as published
    marks = models.JSONField(default=list)  # the same with their kinds and places: [kind, start, end] in the passage
    probability = models.FloatField(null=True)  # that the stance is right, where the model judged it; calibrated
    sure = models.BooleanField(default=True)  # False: the model is not sure, and nothing is ticked in advance
    reasons = models.JSONField(default=list)  # why it was suggested, in sentences for the editor
    against = models.JSONField(default=list)  # what speaks against it, in sentences for the editor
    preselected = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=SuggestionState, default=SuggestionState.PENDING)
    created_at = models.DateTimeField(default=clock.now)

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                "entry",
                Coalesce("claim", 0),
                "stance",
                Coalesce("company", 0),
                "passage_digest",
                name="suggestion_once_per_passage_and_stance",
            ),
            models.CheckConstraint(condition=Q(stance__in=Stance.values), name="suggestion_stance_is_known"),
        ]
        indexes = [models.Index(fields=["entry"], condition=Q(state="pending"), name="suggestion_pending")]

    def __str__(self):
        return f"{self.get_stance_display()}: {self.claim or 'a new claim'}"

    @cached_property
    def proposed_terms(self) -> list[Proposal]:
        """The terms that its sentence states, where the stance states any."""
        if self.stance not in STATING:
            return []
        said_at = self.entry.said_at if self.entry_id else None
        return proposed_terms(self.passage, said_at.date() if said_at else None)

    @property
    def words_by_kind(self) -> list[tuple[str, list[str]]]:
        """The words that led here by what they are: names, the language of a deal, rumor, denial, hedge …"""
        found: dict[str, dict[str, None]] = {}
        for kind, start, end in self.marks:
            found.setdefault(WORD_KINDS.get(kind, kind), {})[self.passage[start:end].strip()] = None
        return [(kind, list(words)) for kind, words in found.items()]

    def turns_on(self, term: Proposal) -> bool:
        """Whether the claim is of a type that such a term belongs to: then it is ticked in advance."""
        return turns_on(self.claim.type if self.claim_id else self.deal_type, term.fact.kind)

    def save(self, *args, **kwargs):
        self.passage_digest = digest(self.passage)
        super().save(*args, **kwargs)


class SourceArticles(models.Model):
    """Whether whole articles of a source are fetched where its feeds bring short texts.

    Of a source without such a row none are, but what a decision rests on is checked; of one with a no, nothing is.
    """

    source = models.OneToOneField(Source, models.CASCADE, related_name="articles")
    fetched = models.BooleanField(
        "fetch its articles",
        default=True,
        help_text="No: nothing of it is fetched but its feeds, not even what a decision rests on.",
    )

    class Meta:
        verbose_name = "source's articles"
        verbose_name_plural = "sources' articles"
        ordering = ["source__name"]

    def __str__(self):
        return f"{self.source}: {'fetched' if self.fetched else 'not fetched'}"


class HostQuerySet(models.QuerySet):
    def rested(self, at):
        """Hosts that may be asked again."""
        return self.filter(next_at__lte=at)


class Host(models.Model):
    """A scheme, host and port that articles are fetched from: what its robots.txt says, and when it may be asked next."""

    place = models.CharField(max_length=300, unique=True)  # https://news.example
    rules = models.JSONField(default=list)  # of its robots.txt, those for us: [allows, pattern]
    robots_until = models.DateTimeField("robots.txt holds until", null=True)  # None: not read yet
    pause = models.FloatField("seconds between requests", default=0)  # as its robots.txt asks
    next_at = models.DateTimeField("next request", default=clock.now)
    failures = models.PositiveIntegerField("failures of its robots.txt in a row", default=0)
    trouble = models.CharField(max_length=500, blank=True)

    objects = HostQuerySet.as_manager()

    class Meta:
        ordering = ["place"]
        indexes = [models.Index(fields=["next_at"], name="host_rested")]

    def __str__(self):
        return self.place


class ArticleQuerySet(models.QuerySet):
    def due(self, at):
        """Articles that are to be fetched and that no worker holds."""
        return self.filter(next_at__lte=at).filter(Q(lease_until=None) | Q(lease_until__lt=at))


class Article(models.Model):
    """A page that is wanted, and what was read on it last. One row per canonical address, whoever wants it."""

    url = models.CharField("address", max_length=2048, unique=True)
    target = models.CharField(max_length=2048, blank=True)  # where its redirects led to, while we follow them
    hops = models.PositiveSmallIntegerField(default=0)  # so far
    host = models.ForeignKey(Host, models.PROTECT, related_name="articles")  # that of the next request
    wanted_at = models.DateTimeField(default=clock.now)  # since when it has been waiting
    next_at = models.DateTimeField("next request", null=True, default=clock.now)  # None: nothing is owed
    tries = models.PositiveSmallIntegerField("failures in a row", default=0)
    trouble = models.CharField(max_length=500, blank=True)
    asked_at = models.DateTimeField("last asked", null=True)
    # What was read last.
    fetched_at = models.DateTimeField("last read", null=True)
    found_at = models.CharField("found at", max_length=2048, blank=True)
    title = models.CharField(max_length=500, blank=True)
    text = models.TextField(blank=True)
    sha256 = models.CharField("SHA-256 of the text", max_length=64, blank=True)
    etag = models.CharField(max_length=1000, blank=True)
    last_modified = models.CharField(max_length=200, blank=True)
    # Of one that a decision rests on: it is read again for a month.
    report = models.OneToOneField(Report, models.PROTECT, null=True, related_name="article")
    decided_at = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)

    objects = ArticleQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["host", "next_at"], condition=Q(next_at__isnull=False), name="article_waiting"),
        ]

    def __str__(self):
        return self.title or self.url

    @property
    def address(self) -> str:
        """Where it is asked for next."""
        return self.target or self.url


class DecisionsSeen(models.Model):
    """Up to which position of the history the reports that decide were taken up for checking, in a single row."""

    only = models.BooleanField(primary_key=True, default=True)
    position = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(only=True), name="decisions_are_seen_once")]

    def __str__(self):
        return str(self.position)


class WhatHappened(models.TextChoices):
    CHANGED = "changed", "was changed"
    GONE = "gone", "is gone"


class ReportNoticeQuerySet(models.QuerySet):
    def unseen(self):
        return self.filter(seen_at=None)


class ReportNotice(models.Model):
    """What happened to an article that a decision rests on, until somebody has seen it. It moves no status."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="notices")
    what = models.CharField(max_length=7, choices=WhatHappened)
    said = models.CharField(max_length=500, blank=True)  # how we know that it is gone
    before = models.ForeignKey(Snapshot, models.PROTECT, null=True, related_name="+")
    after = models.ForeignKey(Snapshot, models.PROTECT, null=True, related_name="+")
    noticed_at = models.DateTimeField(default=clock.now)
    seen_at = models.DateTimeField(null=True)
    seen_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = ReportNoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["report", "what"], condition=Q(seen_at=None), name="one_unseen_notice_of_a_kind"
            )
        ]

    def __str__(self):
        return f"{self.report} {self.get_what_display()}"


class Sketch(models.Model):
    """The sketch of an item that says something, and the first item that carries the same text."""

    entry = models.OneToOneField(Entry, models.CASCADE, primary_key=True, related_name="sketch")
    text = models.BinaryField(max_length=192)  # syndication.sketch
    same_as = models.ForeignKey(Entry, models.CASCADE, null=True, related_name="copies")

    def __str__(self):
        return str(self.entry)

    def others(self):
        """The other items that carry this text, the first one first."""
        first = self.same_as_id or self.entry_id
        return Entry.objects.filter(Q(pk=first) | Q(sketch__same_as=first)).exclude(pk=self.entry_id).order_by("pk")


class Lesson(models.Model):
    """What an editor decided on one suggestion, kept with what the model saw, to learn from.

    `stance` and `label` (as the model has it) are empty for a suggestion that was turned down. Nothing reads of it but
    the training, and `_write`, which suggests a refused pair again once the item or the claim says something else.
    """

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="lessons")
    claim = models.ForeignKey(Claim, models.PROTECT, related_name="+")
    wording = models.CharField(max_length=300)  # the claim's, on that day
    passage = models.TextField()
    suggested = models.CharField(max_length=11, choices=Stance)
    stance = models.CharField(max_length=11, choices=Stance, blank=True)
    label = models.CharField(max_length=9, blank=True)
    features = models.JSONField(default=dict)
    model = models.CharField(max_length=20)  # the version of the weights in service
    content_digest = models.BinaryField(max_length=32, default=b"")  # of what the item said
    decided_at = models.DateTimeField(default=clock.now)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.get_stance_display() or 'turned down'}: {self.wording}"


class StanceModel(models.Model):
    """Weights that were trained here; the newest are in service. `weights` as `stance_model.Weights.plain` has them."""

    version = models.CharField(max_length=20)
    weights = models.JSONField()
    trained_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.version}, {self.trained_at:%Y-%m-%d}"


class LookBack(models.Model):
    """Stored entries looked through for a claim that was opened after them; every claim gets one row.

    It goes from the newest entry to older ones and remembers how far it came.
    """

    claim = models.OneToOneField(Claim, models.CASCADE, related_name="look_back", primary_key=True)
    before = models.PositiveBigIntegerField("the next entry lies before", null=True)  # null: begins with the newest
    looked_at = models.PositiveIntegerField("entries looked at", default=0)
    found = models.PositiveIntegerField("entries found", default=0)
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["claim"], condition=Q(done_at=None), name="look_back_to_do")]

    def __str__(self):
        return f"{self.looked_at} stored items looked at for “{self.claim}”, {self.found} found"
