"""Which claims a clause can speak of, or which pair that no claim speaks of, and why. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from ingest import clauses
from ingest.names import Mention
from ingest.profiles import Side, Target, Tracked
from ingest.stance import Voice
from ingest.text import Passage
from ingest.topic import Topic, on_sides
from ingest.wording import COOPERATIVE, GENERAL, near_kinds, share_of

MOST_CLAIMS_OF_A_CLAUSE = 3
# A claim scores 1 for its kind of deal and up to 1 for its wording. Where one fits by its kind, the others must too
# (0.9: a brand or a parent named for the party costs a part); else what scores below half of the best is dropped.
FITTING, NEAR_THE_BEST = 0.9, 0.5
# What it counts for that headline and opening speak around a deal and name no kind.
AROUND = 0.3
# How much of its wording a clause must repeat: to stand for a claim of another kind of deal; for a claim that has one
# named side; for a claim of which only one of two sides is named.
OTHER_KIND, ONE_SIDED, HALF_NAMED = 0.5, 0.55, 0.6
FEWEST_WORDS, FEWEST_WORDS_HALF_NAMED = 3, 5
# The topic is forgotten after this many paragraphs that say nothing on it.
TOPIC_LASTS, MOST_TURNS = 5, 12


@dataclass
class Clause:
    """A clause at work: its words, whom it names, what kinds of deal it speaks of, and its voice."""

    passage: Passage
    number: int  # of the passage in the item
    start: int
    folded: str
    mentions: list[Mention]
    kinds: dict[str, tuple[int, int]]
    voice: Voice
    words: frozenset[str] = frozenset()
    named: frozenset[int] = frozenset()

    def quote(self, span: tuple[int, int]) -> str:
        return self.passage.text[self.start + span[0] : self.start + span[1]].strip()


@dataclass(frozen=True)
class Match:
    """A target that a clause speaks of, with the reasons."""

    target: Target
    score: float
    strong: bool
    reasons: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    opening: bool = False  # it is what the item is about, whatever this sentence does


@dataclass(frozen=True)
class Turn:
    """What one passage was about."""

    targets: tuple[Target, ...]
    passage: int
    paragraph: int


@dataclass
class Memory:
    """What an item was about so far."""

    turns: list[Turn] = field(default_factory=list)  # the latest first
    subject: int | None = None
    subject_passage: int = 0
    pairs: list[Target] = field(default_factory=list)

    def known_pair(self, tracked: Tracked, one: int, other: int) -> Target:
        """The pair as the item first named it: brands and parents are put with it."""
        for target in self.pairs:
            first, second = target.sides
            both = first.own | first.related, second.own | second.related
            if (one in both[0] and other in both[1]) or (one in both[1] and other in both[0]):
                return target
        target = tracked.pair(one, other)
        self.pairs.append(target)
        return target


@dataclass
class Candidates:
    """Finds what a clause speaks of, by what is tracked and by what the item was about."""

    tracked: Tracked
    memory: Memory

    def of(self, clause: Clause, earlier: Sequence[Target]) -> list[Match]:
        """The claims and pairs that the clause speaks of, best first; `earlier` are those of its sentence so far."""
        named = self._named(clause)
        near = {target.claim: target for target in self.tracked.targets_near(named, clause.folded)}
        firms = self._firms(clause, named)
        direct = [match for target in near.values() if (match := self._direct(target, clause, named))]
        chosen = self._best(direct, clause)
        if not chosen and len(firms) < 2:
            chosen = self._carried(clause, named, earlier)
        paired = any(len(match.target.sides) > 1 for match in chosen)
        held = {match.target.claim for match in chosen if match.target.claim is not None}
        others = [target for id, target in near.items() if id not in held]
        chosen += [match for target in others if (match := self._one_sided(target, clause, named, paired))]
        if not paired and len(firms) < 2:
            chosen += [match for target in others if (match := self._half_named(target, clause, named))]
        if not paired and len(firms) > 1:
            chosen += self._lead(clause, firms)
        return sorted(chosen, key=lambda match: -match.score)[:MOST_CLAIMS_OF_A_CLAUSE]

    def of_opening(self, topic: Topic, clause: Clause) -> list[Match]:
        """The claims that headline and opening name together, whichever sentence says so."""
        whole = replace(clause, kinds=topic.kinds, words=topic.words)
        matches = []
        for target in self.tracked.targets_near(topic.named, topic.folded):
            if len(target.sides) > 1 and topic.names(target):
                score, _ = self._score(target, whole)
                score += 0 if topic.kinds else AROUND
                names = _listed(self.tracked.name(id) for id, _ in topic.held(target))
                why = f"Headline and opening name {names}, and speak of a deal."
                matches.append(Match(target, score, True, (why,), opening=True))
        return _fitting(matches) if any(match.score for match in matches) else []

    def leads_of_opening(self, topic: Topic, clause: Clause) -> list[Match]:
        """Pairs that headline and opening name with the language of a deal, and no claim speaks of; or one company
        and a partner that is not named.
        """
        particular = set(topic.kinds) - {GENERAL}
        if clauses.PASSING.search(clause.folded):
            return []
        firms = self._firms_of(topic.in_headline or topic.mentions)
        if len(firms) < 2:
            firms = self._firms_of(topic.mentions)
        deal = self._quoted_kind(clause) or "Headline or opening"
        if 2 <= len(firms) <= 3 and particular:
            pairs = [self.memory.known_pair(self.tracked, *pair) for pair in combinations(firms, 2)]
            against = () if len(firms) == 2 else ("It names more than two companies.",)
            if clause.voice.signal == "opinion":
                against += ("It is what somebody outside expects.",)
            reasons = ("No claim speaks of this deal between them.", f"{deal} has the language of a deal.")
            return [Match(pair, 1.0, not against, reasons, against, opening=True) for pair in dict.fromkeys(pairs)]
        if len(firms) != 1 or firms[0] not in topic.headline or not clause.kinds:
            return []
        unnamed = UNNAMED_PARTNER.search(topic.folded) or SOUGHT.search(topic.folded)
        if unnamed is None or clause.voice.signal in ("opinion", "ended"):
            return []
        why = f"“{unnamed[0].strip()}” tells of a partner that is not named."
        against = ("It names one company only.",)
        return [Match(self.tracked.alone(firms[0]), 1.0, False, (why,), against, opening=True)]

    def _quoted_kind(self, clause: Clause) -> str:
        return f"“{clause.quote(clause.kinds[chief(clause.kinds)])}”" if clause.kinds else ""

    def _named(self, clause: Clause) -> frozenset[int]:
        """Whom the clause names, and whom its opening “the company” stands for."""
        recent = self.memory.subject is not None and clause.number - self.memory.subject_passage <= 2
        if recent and clauses.OPENING_ONE.match(clause.folded):
            return clause.named | {self.memory.subject}
        return clause.named

    def _firms(self, clause: Clause, named: frozenset[int]) -> list[int]:
        """The companies named, in order, kin counted once."""
        known = {mention.id for mention in clause.mentions}
        implied = [Mention(-1 - id, -1 - id, id) for id in sorted(named - known)]
        return self._firms_of([*clause.mentions, *implied])

    def _firms_of(self, mentions: Sequence[Mention]) -> list[int]:
        """The companies that are named, in order; kin counted once, and one name of several for one of them."""
        borne: dict[int, tuple[int, ...]] = {}
        for mention in mentions:
            borne[mention.start] = (*borne.get(mention.start, ()), mention.id)
        firms: list[int] = []
        for bearers in dict.fromkeys(borne.values()):
            others = (id for id in bearers if not any(self.tracked.kin(id, firm) for firm in firms))
            if (one := next(others, None)) is not None:
                firms.append(one)
        return firms

    def _direct(self, target: Target, clause: Clause, named: frozenset[int]) -> Match | None:
        """A claim of which two sides are named by different names."""
        if len(target.sides) < 2:
            return None
        held = on_sides(target.sides, clause.mentions, named)
        if len(held) < 2:
            return None
        score, why = self._score(target, clause)
        reasons = [f"It names {_listed(self.tracked.name(id) for id, _ in held)}.", *why]
        against = []
        for id, own in held:
            if not own:
                score *= 0.6
                side = next(side for side in target.sides if id in side.related)
                about = _listed(self.tracked.name(own) for own in sorted(side.own))
                against.append(f"It names {self.tracked.name(id)}; the claim is about {about}.")
        return Match(target, score, not against, tuple(reasons), tuple(against))

    def _score(self, target: Target, clause: Clause) -> tuple[float, list[str]]:
        """How well kind and wording fit, 0 if the clause speaks of another kind of deal, and why."""
        shared = share_of(target.words, clause.words)
        why = []
        if target.words & clause.words:
            why.append(f"It shares {len(target.words & clause.words)} of {len(target.words)} words with the claim.")
        specific = set(clause.kinds) - {GENERAL}
        if target.type in clause.kinds or target.claim is None and clause.kinds:
            if target.claim is not None:
                start, end = clause.kinds[target.type]
                why.append(f"“{clause.quote((start, end))}” speaks of this kind of deal.")
            return 1 + shared, why
        if not specific and GENERAL in clause.kinds and target.type in COOPERATIVE:
            return 0.5 + shared, why
        if near_kinds(target.type) & specific:
            return 0.5 + shared, why
        if not specific or shared >= OTHER_KIND:
            return shared, why
        return 0.0, why

    def _best(self, matches: list[Match], clause: Clause) -> list[Match]:
        """The claims that fit best. If the words tell none apart: what the item was about, else the whole claims."""
        best = max((match.score for match in matches), default=0.0)
        if best > 0 and (clause.kinds or best >= OTHER_KIND):
            return _fitting(matches)
        if set(clause.kinds) - {GENERAL}:
            return []
        spoken_of = [target for turn in self.memory.turns for target in turn.targets]
        if any(target.claim is None and len(target.all & clause.named) > 1 for target in spoken_of):
            return []  # a deal without a claim, between the same companies, is what the item is about
        known = {target.claim for target in spoken_of if target.claim is not None}
        spoken = [match for match in matches if match.target.claim in known]
        vague = _wholes(spoken or matches)[:MOST_CLAIMS_OF_A_CLAUSE]
        if spoken:
            return vague
        note = "The words do not say which deal of these companies is meant."
        return [replace(match, strong=False, against=(*match.against, note)) for match in vague]

    def _one_sided(self, target: Target, clause: Clause, named: frozenset[int], paired: bool) -> Match | None:
        """A claim with one named side, whose wording the clause repeats."""
        if len(target.sides) != 1:
            return None
        held = _on_side(target.sides[0], clause.mentions, named)
        if not held:
            return None
        common = target.words & clause.words
        if len(common) < FEWEST_WORDS or share_of(target.words, clause.words) < ONE_SIDED:
            return None
        others = [id for id in clause.named if id not in target.all]
        if target.waits and (others or paired) and not _AMONG.search(clause.folded):
            return None  # a claim on someone who is not named, and the clause names him
        kind = target.type in clause.kinds or (GENERAL in clause.kinds and target.type in COOPERATIVE)
        reasons = (
            f"It names {self.tracked.name(held[0])}.",
            f"It shares {len(common)} of {len(target.words)} words with the claim.",
        )
        against = () if held[1] else (f"It names {self.tracked.name(held[0])}, not the party itself.",)
        return Match(target, 1.0 * kind + share_of(target.words, clause.words), held[1], reasons, against)

    def _half_named(self, target: Target, clause: Clause, named: frozenset[int]) -> Match | None:
        """A claim of which one side is not named, but whose wording the clause repeats."""
        if len(target.sides) < 2 or any(id not in target.all for id in clause.named):
            return None
        held = [hit for side in target.sides if (hit := _on_side(side, clause.mentions, named))]
        common = target.words & clause.words
        if not held or len(common) < FEWEST_WORDS_HALF_NAMED or share_of(target.words, clause.words) < HALF_NAMED:
            return None
        missing = [side for side in target.sides if not _on_side(side, clause.mentions, named)]
        absent = _listed(self.tracked.name(id) for side in missing for id in sorted(side.own))
        return Match(
            target,
            share_of(target.words, clause.words),
            False,
            (f"It names {self.tracked.name(held[0][0])}.", f"It shares {len(common)} of {len(target.words)} words."),
            (f"It does not name {absent}.",),
        )

    def _carried(self, clause: Clause, named: frozenset[int], earlier: Sequence[Target]) -> list[Match]:
        """Claims that the item spoke of before, where a word such as “it” or “the report” stands for them."""
        matter = clauses.MATTER.search(clause.folded) or clauses.BOTH.search(clause.folded)
        pointing = matter or (clauses.ONE.search(clause.folded) if clause.kinds else None)
        if not pointing or clause.voice.signal in ("none", "opinion", "background", "aside", "contact"):
            return []
        speaking = clause.voice.speaker.companies if clause.voice.speaker else ()
        parties = named or frozenset(speaking)
        if not parties and not matter:
            return []
        for turn in (Turn(tuple(earlier), clause.number, clause.passage.paragraph), *self.memory.turns):
            targets = tuple(target for target in turn.targets if not parties or parties & target.all)
            if not targets:
                continue
            if any(id not in target.all for target in targets for id in clause.named):
                return []  # another company has stepped in
            near = clause.number - turn.passage <= 1
            why = f"“{clause.quote(pointing.span())}” points back to what the item spoke of before."
            against = () if near else ("What it points back to stands further up.",)
            return self._carried_over(clause, targets, near, why, against)
        return []

    def _carried_over(
        self, clause: Clause, targets: Sequence[Target], near: bool, why: str, against: tuple[str, ...]
    ) -> list[Match]:
        answering = clause.voice.signal in ("no_comment", "no_response", "denial")
        pool = list(targets)
        if set(clause.kinds) - {GENERAL} and not answering:
            pool += [target for target in self._same_pairs(targets) if target not in pool]
        matches = []
        for target in pool:
            score, words = self._score(target, clause)
            matches.append(Match(target, score, near, (why, *words), against))
        if any(len(match.target.sides) > 1 and (match.score or match.target in targets) for match in matches):
            matches = [match for match in matches if len(match.target.sides) > 1]
        if clause.kinds and not answering and any(match.score for match in matches):
            return _fitting(matches)
        if set(clause.kinds) - {GENERAL} and not answering and not clauses.MATTER.search(clause.folded):
            return []
        return _wholes([match for match in matches if match.target in targets])[:MOST_CLAIMS_OF_A_CLAUSE]

    def _same_pairs(self, targets: Sequence[Target]) -> list[Target]:
        """Other claims whose sides the targets' parties fill."""
        found = {}
        for target in targets:
            own = frozenset().union(*(side.own for side in target.sides))
            for other in self.tracked.targets_near(own, ""):
                if len(other.sides) > 1 and all(side.own & own for side in other.sides):
                    found[other.claim] = other
        return list(found.values())

    def _lead(self, clause: Clause, firms: list[int]) -> list[Match]:
        """Two tracked companies with the language of a deal, and no claim that it fits."""
        voice = clause.voice
        telling = voice.signal in ("denial", "confirmation", "rumor", "assertion", "no_comment", "no_response")
        if not telling or not (clause.kinds or voice.signal == "denial") or len(firms) > 3:
            return []
        reasons = ["No claim speaks of this deal between them."]
        if clause.kinds:
            reasons.append(f"“{clause.quote(clause.kinds[chief(clause.kinds)])}” is the language of a deal.")
        against = () if len(firms) == 2 else ("It names more than two companies.",)
        strong = bool(clause.kinds) and voice.signal != "assertion" and not against
        pairs = dict.fromkeys(self.memory.known_pair(self.tracked, *pair) for pair in combinations(firms, 2))
        return [Match(pair, 1.0, strong, tuple(reasons), against) for pair in pairs]


# What is told so is no news of a deal.
NO_NEWS = ("background", "if_true", "aside")
_NATION = "|".join(("foreign", "chinese", "japanese", "american", "european", "german", "french", "british", "korean", "indian",
    "us", r"u\.s\.", "italian", "swedish", "unnamed", "unidentified", "undisclosed", "another", "major", "large", "rival"))  # fmt: skip
UNNAMED_PARTNER = re.compile(
    rf"\b(?:with|to|from|by|of|for|into|in) (?:(?:an?|one|some|several|two) (?:[\w.-]+ )?)?(?:{_NATION}) (?:[\w.-]+ ){{0,3}}?"
    r"(?:company|companies|firms?|house|makers?|carmakers?|automakers?|manufacturers?|groups?|banks?|partners?|investors?|"
    r"bidders?|suitors?|buyers?|suppliers?|start-?ups?|brands?|airlines?|rivals?)\b|一家(?:\S{0,8})(?:公司|车企|厂商)",
    re.IGNORECASE,
)
# Someone looks for a deal and does not say with whom.
SOUGHT = re.compile(
    r"\b(?:seek|negotiat|consider|explor|weigh|mull|discuss|look(?:s|ing)? for|court|in (?:\w+ )?talks|(?:hold|held)\w* talks)\w*\b"
    r"[^.;]{0,40}?\b(?:acquisition|merger|takeover|joint venture|alliance|partner|partnership|tie|tie-up|link|stake|buyer|bidder|"
    r"suitor|merge)\b|(?:寻求|洽谈|考虑|寻找)\S{0,12}(?:合作|收购|合资|入股|买家|伙伴)",
    re.IGNORECASE,
)
_AMONG = re.compile(r"\b(?:including|among|such as|besides|other than|and others?)\b|包括|等", re.IGNORECASE)


def _on_side(side: Side, mentions: Sequence[Mention], named: frozenset[int]) -> tuple[int, bool] | None:
    """The company that stands for a side, and whether it is the claim's own party."""
    order = list(dict.fromkeys([mention.id for mention in mentions] + sorted(named)))
    for id in order:
        if id in side.own:
            return id, True
    for id in order:
        if id in side.related:
            return id, False
    return None


def _fitting(matches: list[Match]) -> list[Match]:
    """The best matches and those near them, best first."""
    best = max(match.score for match in matches)
    least = FITTING if best >= 1 else NEAR_THE_BEST * best
    kept = [match for match in matches if match.score and match.score >= least]
    return sorted(kept, key=lambda match: -match.score)[:MOST_CLAIMS_OF_A_CLAUSE]


def _wholes(matches: list[Match]) -> list[Match]:
    """Without the claims that are parts of another one among them."""
    ids = {match.target.claim for match in matches if match.target.claim is not None}
    return [match for match in matches if match.target.claim is None or match.target.part_of not in ids]


def chief(kinds: dict[str, tuple[int, int]]) -> str:
    """The kind of deal that the words point to most plainly: the most particular one."""
    return next((kind for kind in kinds if kind not in (GENERAL, "production_plan")), next(iter(kinds), ""))


def _listed(names: Iterable[str]) -> str:
    names = list(dict.fromkeys(names))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
