"""The vocabulary: every word that a row may hold, with the words people read."""

from django.db.models import IntegerChoices, TextChoices


class Status(TextChoices):
    RUMORED = "rumored"
    DENIED = "denied"
    CONFIRMED = "confirmed"


class Kind(TextChoices):
    """What a row of a claim's history does; `history.EFFECTS` says how."""

    REPORT = "report"
    DENIAL = "denial"
    CONFIRMATION = "confirmation"
    REOPENING = "reopening"
    BACKGROUND = "background"
    OVERRIDE = "override"
    STAGE = "stage"
    UNDO = "undo"


class Precision(TextChoices):
    INSTANT = "instant", "to the minute"
    DAY = "day", "day"
    MONTH = "month", "month"
    YEAR = "year", "year"
    BY = "by", "by then (not known exactly)"


class Qualifier(TextChoices):
    """How a status holds. The first seven are stored on a row, the rest are derived when it is read."""

    PARTIAL_TERMS_CHANGED = "partial_terms_changed", "in part: terms changed"
    TERMS_ADDED = "terms_added", "terms added"
    ANNOUNCED_PLAN = "announced_plan", "an announced plan"
    BY_ENTAILMENT = "by_entailment", "by entailment"
    HEADLINE_ONLY = "headline_only", "in the headline only"
    CONDITIONAL = "conditional", "conditional"
    ON_RECORD_HEDGED = "on_record_hedged", "on the record, hedged"
    LATE = "late", "recorded late"
    STALE = "stale", "nothing new for 180 days"
    DEADLINE_PASSED = "deadline_passed", "due date passed"
    PARTIES_DISAGREE = "parties_disagree", "the parties disagree"
    ORIGIN_RETRACTED = "origin_retracted", "its origin was retracted"
    OVERRIDDEN = "overridden", "set by an editor's override"


STORED_QUALIFIERS = tuple(Qualifier)[:7]


class Stage(TextChoices):
    CONSIDERING = "considering", "considering"
    IN_TALKS = "in_talks", "in talks"
    PLANNED = "planned", "planned"
    NEAR_FINAL = "near_final", "near final"
    LETTER_OF_INTENT = "letter_of_intent", "letter of intent"
    ANNOUNCED = "announced", "announced"
    SIGNED = "signed", "signed"
    REGULATORY = "regulatory", "with regulators"
    COMPLETED = "completed", "completed"
    IN_EFFECT = "in_effect", "in effect"
    FILING_AUTHORISED = "filing_authorised", "filing authorised"
    TERMINATED = "terminated", "terminated"
    WITHDRAWN = "withdrawn", "withdrawn"


class DealType(TextChoices):
    EQUITY_STAKE = "equity_stake", "equity stake"
    ACQUISITION = "acquisition", "acquisition"
    MERGER = "merger", "merger"
    JOINT_VENTURE = "joint_venture", "joint venture"
    TECHNOLOGY_LICENCE = "technology_licence", "technology licence"
    CO_DEVELOPMENT = "co_development", "co-development"
    SUPPLY = "supply", "supply"
    CAPACITY_INVESTMENT = "capacity_investment", "capacity investment"
    PRODUCTION_PLAN = "production_plan", "production plan"
    BRAND_REORGANISATION = "brand_reorganisation", "brand reorganisation"
    CONDITIONAL_PLAN = "conditional_plan", "conditional plan"
    JV_TERMINATION = "jv_termination", "end of a joint venture"
    INSOLVENCY = "insolvency", "insolvency"
    TIE_UP_UNSPECIFIED = "tie_up_unspecified", "tie-up, form not specified"


class Role(TextChoices):
    ACQUIRER = "acquirer"
    TARGET = "target"
    INVESTOR = "investor"
    PARTNER = "partner"
    LICENSOR = "licensor"
    LICENSEE = "licensee"
    REGULATOR = "regulator"
    SUBJECT = "subject"


class Stance(TextChoices):
    SUPPORTS = "supports", "supports"
    DISPUTES = "disputes", "disputes"
    CONFIRMS = "confirms", "confirms"
    DENIES = "denies", "denies"
    NO_COMMENT = "no_comment", "declines to comment"
    NO_RESPONSE = "no_response", "does not respond"
    MENTIONS = "mentions", "mentions"
    BACKGROUND = "background", "background"


class SpeakerKind(TextChoices):
    """Who speaks; with the source it gives the rung."""

    DOCUMENT = "document", "a filing, exchange or court document"
    COMPANY = "company", "the company itself, or both jointly"
    NAMED = "named", "a named officer or spokesperson"
    TEAM = "team", "an unnamed team or representatives"
    ANONYMOUS = "anonymous", "people who are not named"
    OUTLET = "outlet", "the outlet's own voice, or another outlet"


class Rung(IntegerChoices):
    """How strong evidence is; derived, never typed."""

    DOCUMENT = 1, "filing, exchange or court document"
    ANNOUNCEMENT = 2, "company announcement"
    NAMED = 3, "named officer or spokesperson on the record"
    TEAM = 4, "unnamed team or representatives of a party"
    UNATTRIBUTED = 5, "anonymous people, another outlet, or the outlet's own voice"


class Certainty(TextChoices):
    STATED = "stated"
    HEDGED = "hedged"
    CONDITIONAL = "conditional"


class Part(TextChoices):
    HEADLINE = "headline", "headline or standfirst"
    BODY = "body", "body"


class TermKind(TextChoices):
    """What a term states; each kind fills columns of its own."""

    AMOUNT = "amount", "amount"
    STAKE = "stake", "stake"
    DATE = "date", "date"
    PLATFORM = "platform", "platform"
    COUNT = "count", "count"


class SourceKind(TextChoices):
    WIRE = "wire", "wire"
    NEWSPAPER = "newspaper", "newspaper"
    TRADE_PRESS = "trade_press", "trade press"
    AGGREGATOR = "aggregator", "aggregator"
    NEWSROOM = "newsroom", "company newsroom"
    EXCHANGE = "exchange", "exchange"
    REGULATOR = "regulator", "regulator"
    SOCIAL = "social", "social account"


class ReadFrom(TextChoices):
    """Where the text of a snapshot was read."""

    PAGE = "page", "on the page itself"
    ITEM = "item", "in a feed"
    TYPED = "typed", "as an editor entered it"


class Retraction(TextChoices):
    CORRECTED = "corrected"
    RETRACTED = "retracted"
