"""What a sentence looks like beside a claim: the numbers that the model weighs, and the words that they come from. Pure.

A word of a cue counts only if the claim does not say it itself: “fake” in a headline on a claim about fakes doubts
nothing. English; a sentence in another script has no features to speak of.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ingest.text import fold, lower

Span = tuple[int, int]

# The kinds of words by which a reader tells whether a sentence believes, doubts or only repeats. From general usage of
# newsrooms and fact checkers.
_LEXICON = {
    "fake": """hoax hoaxes hoaxed hoaxer fake fakes faked fakery false falsely falsehood bogus debunk debunks debunked debunking
        myth myths satire satirical spoof spoofed prank pranked pranks pranksters photoshop photoshopped doctored fabricated
        fabrication fiction fictional fictitious untrue fraud phony phoney lie lies lied lying liar fool fools fooled dupe dupes
        duped trick tricked tricks troll trolled trolls trolling scam stunt urban legend misleading wrong wrongly incorrect
        incorrectly inaccurate baseless groundless unfounded nonsense rubbish bunk sham parody hype hyped snopes discredited
        disproved disproven refuted staged invented exaggerated misreported misidentified misquoted mistaken mistakenly error
        erroneous dubbed fell""",
    "deny": """deny denies denied denying denial denials refute refutes rebut rebuts rebuffs reject rejects rejected rejecting
        dismiss dismisses dismissed dismissing dispute disputes disputed disputing contradict contradicts contradicted counter
        retract retracts retracted retraction apologizes apologises apologize apologise apology corrects correction corrected
        clarifies clarification admits admitted confesses confessed quash quashes quashed quashing shoots squash squashes
        downplays backtracks withdraws disavows disowns rubbishes""",
    "neg": "not no never nope nothing none nobody without neither nor cannot ain't isn't wasn't doesn't didn't don't",
    "doubt": """doubt doubts doubtful doubted dubious question questions questioned questionable skeptical sceptical skepticism
        scepticism suspicious suspect unlikely mystery odd truth really actually supposed supposedly so-called sketchy wary mixed
        unclear sorry hold exposed debate controversy implausible puzzling strange fishy caution""",
    "hedge": """may might could would reportedly report reports reported rumor rumors rumour rumours rumored rumoured alleged
        allegedly allegation allegations allege alleges claim claims claimed claiming purported purportedly purports apparently
        apparent possible possibly potential potentially likely probably expected unconfirmed believed thought feared fears
        suspected suggests suggest suggesting suggested source sources tipped seen appears appear seems seemingly speculation
        speculated perhaps maybe whether if leak leaked leaks hint hints hinted considering considers mulls mulling weighing
        weighs talks near close set plans planning looks looking wants eyeing eyes poised investigate investigates investigating
        investigation probe probes probing asked verify verifying verified unverified awaits awaiting trying check checking
        rumbles whispers chatter said-to understood""",
    "say": """say says said saying tell tells told according announce announces announced state states stated declares declared
        insist insists insisted assert asserts accuse accuses accused warn warns warned""",
    "sure": """confirm confirms confirmed confirming confirmation official officially officials proof proves proven prove
        verified identified revealed reveals reveal shows show found finds caught dies dead killed executed signs signed completes
        unveils launches""",
    "who": """police pentagon government spokesman spokeswoman spokesperson minister army military president fbi cia dhs nasa un
        ceo chief executive company authorities prosecutor prosecutors""",
    "media": """media paper newspaper outlet outlets tv journal magazine website blog blogger tabloid watchdog activists activist
        group monitor twitter facebook internet viral""",
    "seen": "video photo photos image images picture pictures watch footage audio clip tape see listen selfie",
}
LEXICON: dict[str, frozenset[str]] = {kind: frozenset(words.split()) for kind, words in _LEXICON.items()}
_KINDS_OF: dict[str, tuple[str, ...]] = {
    word: tuple(kind for kind, words in LEXICON.items() if word in words)
    for words in LEXICON.values()
    for word in words
}

_EMPTY_WORDS = (
    "a an the of to in on at by for from with and or its it is are was were be been being as that this will has have had "
    "do does did his her he she they who"
)
_STOP = frozenset(_EMPTY_WORDS.split())
_OPENERS = "did is was has have are does do were can could will would should"
_ASKING = frozenset(_OPENERS.split())
_TOKEN = re.compile(r"[a-z]+n't|\d[\d.,]*|[a-z]+(?:'s)?|[?!:\"()-]")
_SAYS = re.compile(r"\b(?:says?|said|claims?|claimed)\b")
_TAIL = re.compile(r"(?::|-{1,2}|,|\|)\s*([a-z .']{1,30})$")
_OPENED_QUOTE = re.compile(r"(?:(?<=\s)|^)[\"']")
_SUFFIXES = ("ing", "edly", "ed", "ies", "es", "s", "ly")
_MOST_TOKENS = 120


@dataclass
class Features:
    """The features of a sentence for a claim: value by name, and for those that are words where they stand."""

    values: dict[str, float] = field(default_factory=dict)
    spans: dict[str, list[Span]] = field(default_factory=dict)

    def word(self, name: str, value: float, span: Span) -> None:
        self.values[name] = value
        self.spans.setdefault(name, []).append(span)


@dataclass(frozen=True)
class ClaimWords:
    """A claim's wording as the features need it; made once per claim."""

    tokens: frozenset[str]
    stems: frozenset[str]
    content: frozenset[str]
    negated: bool

    @classmethod
    def of(cls, wording: str) -> "ClaimWords":
        tokens = [token for token, _, _ in _tokens(lower(fold(wording)))]
        stems = frozenset(map(_stem, tokens))
        return cls(frozenset(tokens), stems, _content(stems), any(_negates(token) for token in tokens))


def features(sentence: str, claim: ClaimWords) -> Features:
    """The features of one sentence, as published, for one claim."""
    folded = fold(sentence)
    found = Features()
    lowered = lower(folded)
    tokens = _tokens(lowered)[:_MOST_TOKENS]
    own = [token in claim.tokens or _stem(token) in claim.stems for token, _, _ in tokens]
    _words(found, tokens, own)
    _cues(found, tokens, own)
    _overlap(found, tokens, claim)
    _shape(found, folded, lowered, tokens, claim)
    return found


Token = tuple[str, int, int]


def _tokens(lowered: str) -> list[Token]:
    return [(found[0].removesuffix("'s"), found.start(), found.end()) for found in _TOKEN.finditer(lowered)]


def _stem(token: str) -> str:
    for suffix in _SUFFIXES:
        if token.endswith(suffix) and len(token) - len(suffix) >= 3:
            return token[: -len(suffix)]
    return token


def _content(stems: Iterable[str]) -> frozenset[str]:
    return frozenset(stem for stem in stems if stem not in _STOP and stem.isalnum())


def _negates(token: str) -> bool:
    return token in LEXICON["neg"] or token.endswith("n't")


def _words(found: Features, tokens: list[Token], own: list[bool]) -> None:
    """Each word that the claim does not say; a run of the claim's own words is one."""
    for (token, start, end), said in zip(tokens, own, strict=True):
        if said and token.isalnum() and token not in _STOP:
            found.values["w:_claim_"] = 1.0
        else:
            found.word(f"w:{token}", 1.0, (start, end))


def _cues(found: Features, tokens: list[Token], own: list[bool]) -> None:
    values, kinds_seen = found.values, set()
    for at, ((token, start, end), said) in enumerate(zip(tokens, own, strict=True)):
        kinds = _KINDS_OF.get(token) or (("neg",) if token.endswith("n't") else ())
        for kind in kinds:
            name = f"own:{kind}" if said else f"cue:{kind}"
            found.word(name, min(2.0, values.get(name, 0.0) + 1), (start, end))
            if not said:
                kinds_seen.add(kind)
                if at == 0:
                    values[f"{name}:first"] = 1.0
                if at >= len(tokens) - 2:
                    values[f"{name}:last"] = 1.0
    for kind in LEXICON:
        if kind not in kinds_seen:
            values[f"no:{kind}"] = 1.0
    ordered = sorted(kinds_seen)
    for at, one in enumerate(ordered):
        for other in ordered[at + 1 :]:
            values[f"both:{one}+{other}"] = 1.0


def _overlap(found: Features, tokens: list[Token], claim: ClaimWords) -> None:
    said = _content(_stem(token) for token, _, _ in tokens)
    common = len(said & claim.content)
    recall, precision = common / max(1, len(claim.content)), common / max(1, len(said))
    values = found.values
    values["share of the claim"] = 2 * recall
    values["share of the sentence"] = 2 * precision
    values["overlap"] = 4 * precision * recall / max(0.01, precision + recall)
    values[f"share of the claim:{int(recall * 5)}"] = 1.0
    values[f"share of the sentence:{int(precision * 5)}"] = 1.0
    values["length"] = len(tokens) / 10


def _shape(found: Features, folded: str, lowered: str, tokens: list[Token], claim: ClaimWords) -> None:
    values, ended = found.values, folded.rstrip()
    negated = any(_negates(token) for token, _, _ in tokens)
    values["negation differs"] = float(negated != claim.negated)
    asks = "?" in folded
    opens = bool(tokens) and tokens[0][0] in _ASKING
    for name, holds in (
        ("asks", asks),
        ("asks at the end", ended.endswith("?")),
        ("asks before the end", asks and not ended.endswith("?")),
        ("opens like a question", opens),
        ("is a question", opens and asks),
        ("colon", ":" in folded),
        ("label", bool(re.match(r"[^:]{1,25}:", folded))),
        ("capitals", bool(re.search(r"\b[A-Z]{4,}\b", folded))),
        ("exclaims", "!" in folded),
        ("trails off", "..." in folded),
    ):
        if holds:
            values[name] = 1.0
    if asks:
        for name in [name for name in values if name.startswith("cue:") and name.count(":") == 1]:
            values[f"asks+{name}"] = 1.0
    if tail := _TAIL.search(lowered.rstrip()):
        values["tail"] = 1.0
        if any(kind in ("hedge", "say", "media") for word in tail[1].split() for kind in _KINDS_OF.get(word, ())):
            values["source at the end"] = 1.0
    if saying := _SAYS.search(lowered):
        values["says late"] = float(saying.start() > len(folded) * 0.6)
        values["says early"] = float(saying.start() < len(folded) * 0.4)
    values["quotes"] = float(min(2, len(_OPENED_QUOTE.findall(folded))))
