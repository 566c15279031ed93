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
from heapq import nlargest

from ingest import clauses
from ingest.attribution import attributed
from ingest.candidates import (
    MOST_CLAIMS_OF_A_CLAUSE,
    MOST_TURNS,
    NO_NEWS,
    TOPIC_LASTS,
    Candidates,
    Clause,
    Match,
    Memory,
    Turn,
    chief,
)
from ingest.names import CompanyProfile, Mention, SourceProfile
from ingest.profiles import ClaimProfile, Target, Tracked
from ingest.retrieval import likelihood
from ingest.stance import PARTY_KINDS, Speaker, Voice, read_voice, stance_on
from ingest.stance_model import Weights, shipped
from ingest.statements import Mark, Reading, Statement, merged, with_origins
from ingest.text import Passage, fold, passages
from ingest.topic import Topic, on_sides
from ingest.weighing import doubted, weighed
from ingest.wording import GENERAL, content_words, deal_words

# Claims that a deal ended: the words for that are what they say.
ENDINGS = frozenset({"jv_termination", "insolvency"})
# How likely a claim without a named party must be by its words alone; bench/resemblance.py says how often that is right.
POSSIBLE, STRONG = 0.7, 0.85
INSISTENT = frozenset({"denies", "disputes", "confirms", "supports", "no_comment", "no_response"})


@dataclass(frozen=True)
class Ranked:
    """How near a claim is to an item: `score` orders the claims of one item and means nothing across items."""

    claim: int
    score: float


class Profiles(Tracked):
    """What we track, and the reading of items with it. `weights` judge how a sentence stands to a claim."""

    weights: Weights = shipped()

    def rank(self, headline: str, text: str = "") -> list[Ranked]:
        """The claims that an item may be about, by whom headline and opening name and by their words, best first."""
        read = passages(headline, text)
        topic = Topic(self, read, [self.names.find(passage.folded) for passage in read])
        near = self.targets_near(topic.named, topic.folded)
        named = {
            target.claim: NAMED * _named_share(topic.held(target), len(target.sides))
            + NAMED_IN_HEADLINE * _named_share(on_sides(target.sides, topic.told_in_headline), len(target.sides))
            for target in near
        }
        best = nlargest(MOST_NAMED, named, key=named.__getitem__)
        found = self.index.search(topic.folded, among=best)
        ranked = [Ranked(one.claim, one.score + named.get(one.claim, 0.0)) for one in found]
        return sorted(ranked, key=lambda one: -one.score)

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
class _Reader:
    """The reading of one item: goes through its clauses and remembers what it was about."""

    profiles: Profiles
    published: datetime | None
    topic: Topic = field(init=False)
    memory: Memory = field(default_factory=Memory)
    speaker: Speaker | None = None
    found: list[Statement] = field(default_factory=list)
    kinds_of_pairs: dict[tuple[int, ...], str] = field(default_factory=dict)

    def read(self, headline: str, text: str) -> Reading:
        tracked = self.profiles
        if not tracked.names.find(fold(f"{headline}\n{text}")) and not len(tracked.nameless):
            return Reading()
        read = passages(headline, text)
        mentions = [tracked.names.find(passage.folded) for passage in read]
        self.topic = Topic(tracked, read, mentions)
        for number, passage in enumerate(read):
            if not passage.boilerplate:
                self._read_passage(number, passage, mentions[number])
        self._read_opening(read, mentions)
        self._read_words(read)
        found = with_origins(attributed(merged(self.found), tracked.outlets, tracked.names))
        return Reading(
            candidates=tuple(statement for statement in found if statement.claim is not None),
            leads=doubted([statement for statement in found if statement.claim is None], headline, text),
        )

    def _read_opening(self, read: Sequence[Passage], mentions: Sequence[Sequence[Mention]]) -> None:
        """What headline and opening say together, where no sentence of theirs says it alone."""
        named = [number for number in self.topic.numbers if mentions[number]]
        if not named or not self.topic.dealing:
            return
        number = max(named, key=lambda number: len({mention.id for mention in mentions[number]}))
        passage = read[number]
        outlets = self.profiles.outlets.find(passage.folded)
        clause = self._clause(passage, number, (0, len(passage.folded)), mentions[number], outlets)
        if clause.voice.signal in NO_NEWS:
            return
        said = {statement.claim for statement in self.found if statement.stance not in ("mentions", "background")}
        spoken_of = {target.sides for claim in said if (target := self.profiles.target(claim))}
        told = {statement.claim for statement in self.found if statement.passage == passage.text}
        for match in Candidates(self.profiles, self.memory).of_opening(self.topic, clause):
            if match.target.sides not in spoken_of and len(told | {match.target.claim}) <= MOST_CLAIMS_OF_A_CLAUSE:
                told.add(match.target.claim)
                self._say(clause, match)
            elif match.target.claim in said:
                self._raise(match)
        if not self.found:
            for match in Candidates(self.profiles, self.memory).leads_of_opening(self.topic, clause):
                self._say(clause, match)

    def _raise(self, match: Match) -> None:
        """Let what is said on the only claim between these companies be strong: headline and opening are about it."""
        near = self.profiles.targets_near(match.target.all, self.topic.folded)
        alike = [target for target in near if target.sides == match.target.sides]
        places = [place for place, statement in enumerate(self.found) if statement.claim == match.target.claim]
        if len(alike) > 1 or self.topic.doubt(match.target) or any(self.found[p].strength == "strong" for p in places):
            return
        for place in places:
            statement = self.found[place]
            if statement.stance not in ("mentions", "background"):
                self.found[place] = replace(statement, strength="strong", reasons=(*statement.reasons, *match.reasons))
                return

    def _read_words(self, read: Sequence[Passage]) -> None:
        """The claim without a named party that the headline's words, or those of the first sentence, are about."""
        for number in [number for number in self.topic.numbers if len(self.profiles.nameless)][:2]:
            passage = read[number]
            found = self.profiles.nameless.search(passage.folded)
            chance = likelihood(found)
            if chance < POSSIBLE:
                continue
            clause = self._clause(
                passage, number, (0, len(passage.folded)), (), self.profiles.outlets.find(passage.folded)
            )
            target = self.profiles.target(found[0].claim)
            reasons = (f"It shares {len(found[0].shared)} telling words with the claim.",)
            against = () if chance >= STRONG else ("It names no party: only the words are alike.",)
            self._say(clause, Match(target, 1 + chance, chance >= STRONG, reasons, against, opening=True))
            return

    def _read_passage(self, number: int, passage: Passage, mentions: Sequence[Mention]) -> None:
        if not mentions and self.memory.subject is None:
            return
        self.memory.turns = [turn for turn in self.memory.turns if passage.paragraph - turn.paragraph <= TOPIC_LASTS]
        outlets = self.profiles.outlets.find(passage.folded)
        spans = clauses.clause_spans(passage.folded)
        whole = read_voice(passage.folded, [m for m in mentions if not m.aside], outlets) if len(spans) > 1 else None
        candidates = Candidates(self.profiles, self.memory)
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
            matches = candidates.of(clause, earlier)
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
    ) -> Clause:
        start, end = span
        folded = passage.folded[start:end]
        plain = [mention for mention in _within(mentions, start, end) if not mention.aside]
        return Clause(
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
            both = both or (_pair_of(self.memory.turns[0].targets[0]) if self.memory.turns else ())
            spoken = replace(speaker, companies=both, refers="") if both else None
        else:
            spoken = (
                replace(speaker, companies=(self.memory.subject,), refers="")
                if self.memory.subject is not None
                else None
            )
        signal = voice.signal
        if signal == "confirmation" and (spoken is None or spoken.kind not in PARTY_KINDS):
            signal = "rumor"
        return replace(voice, speaker=spoken, signal=signal)

    def _say(self, clause: Clause, match: Match) -> None:
        target, voice = match.target, clause.voice
        speaking = voice.speaker or Speaker()
        if voice.signal == "ended" and target.type in ENDINGS:
            told = speaking.kind in PARTY_KINDS and voice.certainty == "stated"
            voice = replace(voice, signal="confirmation" if told else "rumor")
        speaks_for = [id for id in speaking.companies if id in target.speakers]
        document = speaking.kind == "document"
        stance, certainty = stance_on(voice, bool(speaks_for) or document)
        if certainty == "conditional" and stance == "supports" and target.type != "conditional_plan":
            stance = "mentions"
        if target.claim is None and match.opening and stance == "mentions":
            stance = "supports"  # a headline that speaks of a deal says that there is one
        if target.claim is None and stance not in INSISTENT:
            return
        reasons, against = list(match.reasons), list(match.against)
        if dated := self._earlier(clause):
            reasons.append(f"“{dated}” dates it before the item.")
        if stance == "disputes" and voice.signal == "denial":
            against.append("Nobody who speaks for a party is named.")
        if certainty == "hedged":
            against.append("It is hedged.")
        if voice.signal == "ended":
            reasons.append("It says that the deal came to nothing: a stage, not a denial.")
        if doubt := self.topic.doubt(target):
            against.append(doubt)
        strong = match.strong and not doubt and (stance != "mentions" or voice.signal == "ended" or match.opening)
        kind = self._kind_of_pair(target, clause) if target.claim is None else ""
        speakers: list[int | None] = [*speaks_for] or [*speaking.companies] or [None]
        for company in speakers if stance in ("no_comment", "no_response", "denies", "confirms") else speakers[:1]:
            statement = Statement(
                claim=target.claim,
                marks=self._marks(clause, target),
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
            if target.wording:
                statement = weighed(statement, target.wording, self.profiles.weights)
            self.found.append(statement)
            self._entail(target, statement)

    def _earlier(self, clause: Clause) -> str:
        """The words that date the clause well before the item was published, if there are any."""
        found = _DATED.search(clause.folded)
        if not found or found["year"] and (not self.published or int(found["year"]) >= self.published.year):
            return ""
        return clause.quote(found.span())

    def _kind_of_pair(self, target: Target, clause: Clause) -> str:
        """The kind of deal that a clause gives a pair; a general word leaves what was said before."""
        kind, standing = chief(clause.kinds), self.kinds_of_pairs.get(target.companies, "")
        if not kind or (kind == GENERAL and standing):
            return standing
        self.kinds_of_pairs[target.companies] = kind
        return kind

    def _marks(self, clause: Clause, target: Target) -> tuple[Mark, ...]:
        """Where in the passage the names, the words of a deal and the cues stand."""
        spans = [("name", m.start, m.end) for m in clause.mentions if m.id in target.all]
        spans += [(kind, *span) for kind, span in zip(clause.voice.kinds, clause.voice.triggers, strict=True)]
        spans += [("deal", *span) for kind, span in clause.kinds.items() if kind == target.type or target.claim is None]
        return tuple(
            dict.fromkeys(Mark(k, clause.start + a, clause.start + b) for k, a, b in sorted(spans, key=lambda s: s[1:]))
        )

    def _triggers(self, clause: Clause, target: Target) -> tuple[str, ...]:
        spans = [(mention.start, mention.end) for mention in clause.mentions if mention.id in target.all]
        spans += clause.voice.triggers
        spans += [span for kind, span in clause.kinds.items() if kind == target.type or target.claim is None]
        return tuple(dict.fromkeys(quote for span in sorted(spans) if (quote := clause.quote(span))))

    def _entail(self, target: Target, statement: Statement) -> None:
        """A denial of the whole is put forward for its parts, a confirmation of a part for the whole."""
        if target.claim is None:
            return
        if statement.stance == "denies":
            others, why = self.profiles.parts(target.claim), "It denies the claim that this one is a part of."
        elif statement.stance == "confirms" and (whole := self.profiles.target(target.part_of)):
            others, why = [whole], "It confirms a part of this claim."
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

    def _follow(self, clause: Clause, matches: list[Match]) -> None:
        """Remember what the clause was about, for the clauses after it."""
        if matches and clause.voice.signal not in ("background", "aside", "opinion", "none"):
            targets = tuple(match.target for match in matches)
            self.memory.turns = [
                Turn(targets, clause.number, clause.passage.paragraph),
                *self.memory.turns[:MOST_TURNS],
            ]
        if clause.mentions and self.memory.subject_passage != clause.number:
            self.memory.subject, self.memory.subject_passage = clause.mentions[0].id, clause.number


# What it counts for beside words, at most about 2, that every party is named; and that the headline alone names them.
NAMED, NAMED_IN_HEADLINE = 2.0, 1.0
MOST_NAMED = 8


def _named_share(held: Sequence[tuple[int, bool]], sides: int) -> float:
    """1 if each side is named by its own name; less for kin; much less where a side is missing."""
    share = sum(1.0 if own else 0.6 for _, own in held) / max(1, sides)
    return share if len(held) == sides else share / 2


_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATED = re.compile(
    rf"\b(?:on |in )?(?:(?:{_MONTHS})(?: \d{{1,2}})?,? |in )(?P<year>(?:19|20)\d\d)\b|\blast (?:year|{_MONTHS})(?: \d{{1,2}})?\b"
)


def _within(mentions: Sequence[Mention], start: int, end: int) -> list[Mention]:
    """The mentions inside of a clause, by their place in the clause."""
    return [
        replace(mention, start=mention.start - start, end=mention.end - start)
        for mention in mentions
        if start <= mention.start and mention.end <= end
    ]


def _spoken_in_frame(voice: Voice, speaker: Speaker | None) -> Voice:
    """A clause without a speaker of its own is still spoken by the one who opened or closes the sentence."""
    if speaker is None:
        return voice
    signal = voice.signal
    if speaker.kind in PARTY_KINDS and voice.certainty == "stated" and signal in ("rumor", "assertion"):
        signal = "confirmation"
    return replace(voice, speaker=speaker, signal=signal)


def _pair_of(target: Target) -> tuple[int, ...]:
    return target.companies or tuple(min(side.own) for side in target.sides)
