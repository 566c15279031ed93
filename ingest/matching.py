"""What an item says on the claims we track, and on deals we do not track yet. Pure: plain values in and out.

The first brain, and a transparent one. An item is read sentence by sentence and clause by clause: the companies named,
the words of deals, the cue and its speaker (stance.py). A claim is a candidate if two of its sides are named, or if it
has one named side and the clause repeats its wording. “The report”, “also denied it” and “the two companies” are
carried over from the sentences before. A pair with the language of a deal and no claim for it is a lead.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ingest import clauses
from ingest.names import CompanyProfile, Mention, SourceProfile
from ingest.profiles import ClaimProfile, Side, Target, Tracked
from ingest.stance import PARTY_KINDS, Speaker, Voice, read_voice, stance_on
from ingest.statements import Reading, Statement, merged, with_origins
from ingest.text import Passage, fold, passages
from ingest.wording import COOPERATIVE, GENERAL, content_words, deal_words, near_kinds, share_of

MOST_CLAIMS_OF_A_CLAUSE = 3
# A claim scores 1 for its kind of deal and up to 1 for its wording. Where one fits by its kind, the others must too
# (0.9: a brand or a parent named for the party costs a part); else what scores below half of the best is dropped.
FITTING, NEAR_THE_BEST = 0.9, 0.5
# How much of its wording a clause must repeat: to stand for a claim of another kind of deal; for a claim that has one
# named side; for a claim of which only one of two sides is named.
OTHER_KIND, ONE_SIDED, HALF_NAMED = 0.5, 0.55, 0.6
FEWEST_WORDS, FEWEST_WORDS_HALF_NAMED = 3, 5
# The topic is forgotten after this many paragraphs that say nothing on it.
TOPIC_LASTS, MOST_TURNS = 5, 12
INSISTENT = frozenset({"denies", "disputes", "confirms", "supports", "no_comment", "no_response"})


@dataclass(frozen=True)
class Match:
    """A target that a clause speaks of, with the reasons."""

    target: Target
    score: float
    strong: bool
    reasons: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turn:
    """What one passage was about."""

    targets: tuple[Target, ...]
    passage: int
    paragraph: int


class Profiles(Tracked):
    """What we track, and the reading of items with it."""

    def read(self, headline: str, text: str, published: datetime | None = None) -> Reading:
        """What the item says. `published` is its time of publication, aware, if known."""
        return _Reader(self, published).read(headline, text)


def read_item(
    headline: str,
    text: str,
    published: datetime | None,
    companies: Iterable[CompanyProfile],
    claims: Iterable[ClaimProfile],
    sources: Iterable[SourceProfile] = (),
) -> Reading:
    """What one item says on the claims, and the deals it speaks of that have none. For many items keep `Profiles`."""
    return Profiles(companies, claims, sources).read(headline, text, published)


@dataclass
class _Clause:
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


@dataclass
class _Reader:
    """The reading of one item: goes through its clauses and remembers what it was about."""

    profiles: Profiles
    published: datetime | None
    turns: list[Turn] = field(default_factory=list)  # the latest first
    subject: int | None = None
    subject_passage: int = 0
    speaker: Speaker | None = None
    found: list[Statement] = field(default_factory=list)
    pairs: list[Target] = field(default_factory=list)
    kinds_of_pairs: dict[tuple[int, ...], str] = field(default_factory=dict)

    def read(self, headline: str, text: str) -> Reading:
        if not self.profiles.names.find(fold(f"{headline}\n{text}")):
            return Reading()
        for number, passage in enumerate(passages(headline, text)):
            if not passage.boilerplate:
                self._read_passage(number, passage)
        found = with_origins(merged(self.found))
        return Reading(
            candidates=tuple(statement for statement in found if statement.claim is not None),
            leads=tuple(statement for statement in found if statement.claim is None),
        )

    def _read_passage(self, number: int, passage: Passage) -> None:
        mentions = self.profiles.names.find(passage.folded)
        if not mentions and self.subject is None:
            return
        self.turns = [turn for turn in self.turns if passage.paragraph - turn.paragraph <= TOPIC_LASTS]
        outlets = self.profiles.outlets.find(passage.folded)
        spans = clauses.clause_spans(passage.folded)
        whole = read_voice(passage.folded, [m for m in mentions if not m.aside], outlets) if len(spans) > 1 else None
        earlier: list[Target] = []
        frame: Speaker | None = None
        named_before: frozenset[int] = frozenset()
        for start, end in spans:
            clause = self._clause(passage, number, (start, end), mentions, outlets)
            voice = clause.voice
            if whole is not None:
                if voice.speaker is None:
                    voice = _spoken_in_frame(voice, frame or whole.speaker)
                voice = replace(voice, outlet=voice.outlet or whole.outlet)
            clause.voice = self._resolved(voice, named_before)
            frame = clause.voice.speaker or frame
            matches = self._matches(clause, earlier)
            earlier += [match.target for match in matches]
            for match in matches:
                self._say(clause, match)
            self._follow(clause, matches)
            named_before |= clause.named
        self.speaker = frame or self.speaker

    def _clause(
        self,
        passage: Passage,
        number: int,
        span: tuple[int, int],
        mentions: Sequence[Mention],
        outlets: Sequence[Mention],
    ) -> _Clause:
        start, end = span
        folded = passage.folded[start:end]
        plain = [mention for mention in _within(mentions, start, end) if not mention.aside]
        return _Clause(
            passage=passage,
            number=number,
            start=start,
            folded=folded,
            mentions=plain,
            kinds=deal_words(folded),
            voice=read_voice(folded, plain, _within(outlets, start, end)),
            words=content_words(folded),
            named=frozenset(mention.id for mention in plain),
        )

    def _resolved(self, voice: Voice, named_before: frozenset[int]) -> Voice:
        """The voice with its pronoun replaced by whom it stands for; an unknown one speaks as the outlet."""
        speaker = voice.speaker
        if speaker is None or not speaker.refers:
            return voice
        if speaker.refers == "person":
            spoken = self.speaker
        elif speaker.refers == "both":
            both = tuple(sorted(named_before)) if len(named_before) == 2 else ()
            both = both or (_pair_of(self.turns[0].targets[0]) if self.turns else ())
            spoken = replace(speaker, companies=both, refers="") if both else None
        else:
            spoken = replace(speaker, companies=(self.subject,), refers="") if self.subject is not None else None
        signal = voice.signal
        if signal == "confirmation" and (spoken is None or spoken.kind not in PARTY_KINDS):
            signal = "rumor"
        return replace(voice, speaker=spoken, signal=signal)

    def _matches(self, clause: _Clause, earlier: Sequence[Target]) -> list[Match]:
        named = self._named(clause)
        near = {target.claim: target for id in named for target in self.profiles.by_company.get(id, ())}
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

    def _named(self, clause: _Clause) -> frozenset[int]:
        """Whom the clause names, and whom its opening “the company” stands for."""
        recent = self.subject is not None and clause.number - self.subject_passage <= 2
        if recent and clauses.OPENING_ONE.match(clause.folded):
            return clause.named | {self.subject}
        return clause.named

    def _firms(self, clause: _Clause, named: frozenset[int]) -> list[int]:
        """The companies named, in order, kin counted once."""
        firms: list[int] = []
        for id in dict.fromkeys([mention.id for mention in clause.mentions] + sorted(named)):
            if not any(self.profiles.kin(id, other) for other in firms):
                firms.append(id)
        return firms

    def _direct(self, target: Target, clause: _Clause, named: frozenset[int]) -> Match | None:
        """A claim of which two sides are named by different names."""
        if len(target.sides) < 2:
            return None
        held = [hit for side in target.sides if (hit := _on_side(side, clause.mentions, named))]
        if len({id for id, _ in held}) < 2:
            return None
        score, why = self._score(target, clause)
        reasons = [f"It names {_listed(self.profiles.name(id) for id, _ in held)}.", *why]
        against = []
        for id, own in held:
            if not own:
                score *= 0.6
                side = next(side for side in target.sides if id in side.related)
                about = _listed(self.profiles.name(own) for own in sorted(side.own))
                against.append(f"It names {self.profiles.name(id)}; the claim is about {about}.")
        return Match(target, score, not against, tuple(reasons), tuple(against))

    def _score(self, target: Target, clause: _Clause) -> tuple[float, list[str]]:
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

    def _best(self, matches: list[Match], clause: _Clause) -> list[Match]:
        """The claims that fit best. If the words tell none apart: what the item was about, else the whole claims."""
        best = max((match.score for match in matches), default=0.0)
        if best > 0 and (clause.kinds or best >= OTHER_KIND):
            return _fitting(matches)
        if set(clause.kinds) - {GENERAL}:
            return []
        spoken_of = [target for turn in self.turns for target in turn.targets]
        if any(target.claim is None and len(target.all & clause.named) > 1 for target in spoken_of):
            return []  # a deal without a claim, between the same companies, is what the item is about
        known = {target.claim for target in spoken_of if target.claim is not None}
        spoken = [match for match in matches if match.target.claim in known]
        vague = _wholes(spoken or matches)[:MOST_CLAIMS_OF_A_CLAUSE]
        if spoken:
            return vague
        note = "The words do not say which deal of these companies is meant."
        return [replace(match, strong=False, against=(*match.against, note)) for match in vague]

    def _one_sided(self, target: Target, clause: _Clause, named: frozenset[int], paired: bool) -> Match | None:
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
            f"It names {self.profiles.name(held[0])}.",
            f"It shares {len(common)} of {len(target.words)} words with the claim.",
        )
        against = () if held[1] else (f"It names {self.profiles.name(held[0])}, not the party itself.",)
        return Match(target, 1.0 * kind + share_of(target.words, clause.words), held[1], reasons, against)

    def _half_named(self, target: Target, clause: _Clause, named: frozenset[int]) -> Match | None:
        """A claim of which one side is not named, but whose wording the clause repeats."""
        if len(target.sides) < 2 or any(id not in target.all for id in clause.named):
            return None
        held = [hit for side in target.sides if (hit := _on_side(side, clause.mentions, named))]
        common = target.words & clause.words
        if not held or len(common) < FEWEST_WORDS_HALF_NAMED or share_of(target.words, clause.words) < HALF_NAMED:
            return None
        missing = [side for side in target.sides if not _on_side(side, clause.mentions, named)]
        absent = _listed(self.profiles.name(id) for side in missing for id in sorted(side.own))
        return Match(
            target,
            share_of(target.words, clause.words),
            False,
            (f"It names {self.profiles.name(held[0][0])}.", f"It shares {len(common)} of {len(target.words)} words."),
            (f"It does not name {absent}.",),
        )

    def _carried(self, clause: _Clause, named: frozenset[int], earlier: Sequence[Target]) -> list[Match]:
        """Claims that the item spoke of before, where a word such as “it” or “the report” stands for them."""
        matter = clauses.MATTER.search(clause.folded) or clauses.BOTH.search(clause.folded)
        pointing = matter or (clauses.ONE.search(clause.folded) if clause.kinds else None)
        if not pointing or clause.voice.signal in ("none", "opinion", "background", "aside", "contact"):
            return []
        speaking = clause.voice.speaker.companies if clause.voice.speaker else ()
        parties = named or frozenset(speaking)
        if not parties and not matter:
            return []
        for turn in (Turn(tuple(earlier), clause.number, clause.passage.paragraph), *self.turns):
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
        self, clause: _Clause, targets: Sequence[Target], near: bool, why: str, against: tuple[str, ...]
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
            for id in own:
                for other in self.profiles.by_company.get(id, ()):
                    if len(other.sides) > 1 and all(side.own & own for side in other.sides):
                        found[other.claim] = other
        return list(found.values())

    def _lead(self, clause: _Clause, firms: list[int]) -> list[Match]:
        """Two tracked companies with the language of a deal, and no claim that it fits."""
        voice = clause.voice
        telling = voice.signal in ("denial", "confirmation", "rumor", "assertion", "no_comment", "no_response")
        if not telling or not (clause.kinds or voice.signal == "denial") or len(firms) > 3:
            return []
        reasons = ["No claim speaks of this deal between them."]
        if clause.kinds:
            reasons.append(f"“{clause.quote(clause.kinds[_chief(clause.kinds)])}” is the language of a deal.")
        against = () if len(firms) == 2 else ("It names more than two companies.",)
        strong = bool(clause.kinds) and voice.signal != "assertion" and not against
        pairs = [self._known_pair(firms[0], other) for other in firms[1:]]
        return [Match(pair, 1.0, strong, tuple(reasons), against) for pair in pairs]

    def _known_pair(self, one: int, other: int) -> Target:
        """The pair as the item first named it: brands and parents are put with it."""
        for target in self.pairs:
            first, second = target.sides
            both = first.own | first.related, second.own | second.related
            if (one in both[0] and other in both[1]) or (one in both[1] and other in both[0]):
                return target
        target = self.profiles.pair(one, other)
        self.pairs.append(target)
        return target

    def _say(self, clause: _Clause, match: Match) -> None:
        target, voice = match.target, clause.voice
        speaking = voice.speaker or Speaker()
        speaks_for = [id for id in speaking.companies if id in target.speakers]
        document = speaking.kind == "document"
        stance, certainty = stance_on(voice, bool(speaks_for) or document)
        if certainty == "conditional" and stance == "supports" and target.type != "conditional_plan":
            stance = "mentions"
        if target.claim is None and stance not in INSISTENT:
            return
        reasons, against = list(match.reasons), list(match.against)
        if dated := self._earlier(clause):
            reasons.append(f"“{dated}” dates it before the item.")
        if stance == "disputes" and voice.signal == "denial":
            against.append("Nobody who speaks for a party is named.")
        if certainty == "hedged":
            against.append("It is hedged.")
        strong = match.strong and stance != "mentions"
        kind = self._kind_of_pair(target, clause) if target.claim is None else ""
        speakers: list[int | None] = [*speaks_for] or [*speaking.companies] or [None]
        for company in speakers if stance in ("no_comment", "no_response", "denies", "confirms") else speakers[:1]:
            statement = Statement(
                claim=target.claim,
                companies=target.companies,
                deal_type=kind,
                stance=stance,
                strength="strong" if strong else "possible",
                speaker_kind=speaking.kind,
                speaker_name=speaking.name,
                speaker_role=speaking.role,
                company=company if speaking.kind in PARTY_KINDS else None,
                origin=voice.outlet,
                certainty=certainty,
                part=clause.passage.part,
                passage=clause.passage.text,
                triggers=self._triggers(clause, target),
                reasons=tuple(reasons),
                against=tuple(dict.fromkeys(against)),
            )
            self.found.append(statement)
            self._entail(target, statement)

    def _earlier(self, clause: _Clause) -> str:
        """The words that date the clause well before the item was published, if there are any."""
        found = _DATED.search(clause.folded)
        if not found or found["year"] and (not self.published or int(found["year"]) >= self.published.year):
            return ""
        return clause.quote(found.span())

    def _kind_of_pair(self, target: Target, clause: _Clause) -> str:
        """The kind of deal that a clause gives a pair; a general word leaves what was said before."""
        kind, standing = _chief(clause.kinds), self.kinds_of_pairs.get(target.companies, "")
        if not kind or (kind == GENERAL and standing):
            return standing
        self.kinds_of_pairs[target.companies] = kind
        return kind

    def _triggers(self, clause: _Clause, target: Target) -> tuple[str, ...]:
        spans = [(mention.start, mention.end) for mention in clause.mentions if mention.id in target.all]
        spans += clause.voice.triggers
        spans += [span for kind, span in clause.kinds.items() if kind == target.type or target.claim is None]
        return tuple(dict.fromkeys(quote for span in sorted(spans) if (quote := clause.quote(span))))

    def _entail(self, target: Target, statement: Statement) -> None:
        """A denial of the whole is put forward for its parts, a confirmation of a part for the whole."""
        if target.claim is None:
            return
        if statement.stance == "denies":
            others, why = self.profiles.parts[target.claim], "It denies the claim that this one is a part of."
        elif statement.stance == "confirms" and target.part_of in self.profiles.targets:
            others, why = [self.profiles.targets[target.part_of]], "It confirms a part of this claim."
        else:
            return
        for other in others:
            entailed = replace(
                statement,
                claim=other.claim,
                strength="possible",
                reasons=(why,),
                against=(*statement.against, "By entailment only: the sentence does not speak of it itself."),
            )
            self.found.append(entailed)

    def _follow(self, clause: _Clause, matches: list[Match]) -> None:
        """Remember what the clause was about, for the clauses after it."""
        if matches and clause.voice.signal not in ("background", "aside", "opinion", "none"):
            targets = tuple(match.target for match in matches)
            self.turns = [Turn(targets, clause.number, clause.passage.paragraph), *self.turns[:MOST_TURNS]]
        if clause.mentions and self.subject_passage != clause.number:
            self.subject, self.subject_passage = clause.mentions[0].id, clause.number


_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATED = re.compile(
    rf"\b(?:on |in )?(?:(?:{_MONTHS})(?: \d{{1,2}})?,? |in )(?P<year>(?:19|20)\d\d)\b|\blast (?:year|{_MONTHS})(?: \d{{1,2}})?\b"
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


def _within(mentions: Sequence[Mention], start: int, end: int) -> list[Mention]:
    """The mentions inside of a clause, by their place in the clause."""
    return [
        replace(mention, start=mention.start - start, end=mention.end - start)
        for mention in mentions
        if start <= mention.start and mention.end <= end
    ]


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


def _pair_of(target: Target) -> tuple[int, ...]:
    return target.companies or tuple(min(side.own) for side in target.sides)


def _chief(kinds: dict[str, tuple[int, int]]) -> str:
    """The kind of deal that the words point to most plainly: the most particular one."""
    return next((kind for kind in kinds if kind not in (GENERAL, "production_plan")), next(iter(kinds), ""))


def _spoken_in_frame(voice: Voice, speaker: Speaker | None) -> Voice:
    """A clause without a speaker of its own is still spoken by the one who opened or closes the sentence."""
    if speaker is None:
        return voice
    signal = voice.signal
    if speaker.kind in PARTY_KINDS and voice.certainty == "stated" and signal in ("rumor", "assertion"):
        signal = "confirmation"
    return replace(voice, speaker=speaker, signal=signal)


def _listed(names: Iterable[str]) -> str:
    names = list(dict.fromkeys(names))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
