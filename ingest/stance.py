"""What a clause says of a deal: cue words, read in a fixed order. Pure.

Nothing here knows claims. `read_voice` names the cue and the speaker; `stance_on` judges them for a claim whose
parties are known, by the rule that only a party or a document denies or confirms.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.cues import (
    ASIDE,
    BACKGROUND,
    CONDITION,
    CONFIRMATION,
    DENIAL,
    ENDED,
    HEDGE,
    IF_TRUE,
    NEGATED,
    NO_COMMENT,
    NO_RESPONSE,
    NOT_YET_DONE,
    OPINION,
    PLAIN,
    RUMOR,
    SPOKEN,
    UNDECIDED,
    spoken_at,
    words_before,
)
from ingest.names import Mention
from ingest.speakers import PARTY_KINDS, Speaker, anonymous, cited_outlet, find_speaker


@dataclass(frozen=True)
class Voice:
    """The cue of a clause: what it does (`signal`), how surely, who speaks, the outlet it cites, where the words are.

    Signals: denial, confirmation, no_comment, no_response, rumor, assertion (the outlet's own plain words), if_true,
    aside (a comparison), opinion, ended (the deal came to nothing), background, contact (both-sided: neither yes nor no), none.
    """

    signal: str
    certainty: str = "stated"
    speaker: Speaker | None = None
    outlet: int | None = None
    triggers: tuple[tuple[int, int], ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """Of each trigger what kind of word it is; the second, if any, tells how surely the first is said."""
        if self.signal == "rumor" and len(self.triggers) > 1:
            return "said", "rumor"
        return (self.signal,) * len(self.triggers)


def read_voice(folded: str, companies: Sequence[Mention], outlets: Sequence[Mention]) -> Voice:
    """The strongest cue of a folded clause and who speaks it; positions are within the clause."""
    outlet = cited_outlet(folded, outlets)
    for signal, pattern in (("if_true", IF_TRUE), ("aside", ASIDE), ("no_comment", NO_COMMENT)):
        if cue := pattern.search(folded):
            speaker = find_speaker(folded, companies, cue.span(), party_first=signal == "no_comment")
            certainty = "conditional" if signal == "if_true" else "stated"
            return Voice(signal, certainty, speaker, outlet, (cue.span(),))
    if cue := NO_RESPONSE.search(folded):
        return Voice("no_response", "stated", find_speaker(folded, companies, cue.span(), True), outlet, (cue.span(),))
    for cue in DENIAL.finditer(folded):
        if NEGATED.search(words_before(folded, cue.start())):
            return Voice("contact", "stated", None, outlet, (cue.span(),))
        speaker = find_speaker(folded, companies, cue.span(), party_first=True)
        return Voice("denial", "stated", speaker, outlet, (cue.span(),))
    return _affirmed(folded, companies, outlet)


def _affirmed(folded: str, companies: Sequence[Mention], outlet: int | None) -> Voice:
    opinion, background, condition = OPINION.search(folded), BACKGROUND.search(folded), CONDITION.search(folded)
    rumor, hedge = RUMOR.search(folded), HEDGE.search(folded)
    done = _done(folded)
    saying = spoken_at(SPOKEN, folded)
    anchor = done or saying
    speaker = find_speaker(folded, companies, anchor.span()) if anchor else anonymous(folded)
    certainty = "conditional" if condition else "hedged" if hedge else "stated"
    said_by_party = speaker is not None and speaker.kind in PARTY_KINDS
    triggers = tuple(cue.span() for cue in (done or (saying if said_by_party else None), rumor or hedge) if cue)
    if opinion and not said_by_party:
        return Voice("opinion", "hedged", speaker, outlet, (opinion.span(),))
    if not background and (ended := ENDED.search(folded)):
        return Voice("ended", certainty, speaker, outlet, (ended.span(),))
    if said_by_party and not done and (open_still := UNDECIDED.search(folded)):
        return Voice("contact", certainty, speaker, outlet, (open_still.span(),))
    if said_by_party and certainty == "stated" and (done or saying):
        return Voice("confirmation", certainty, speaker, outlet, triggers[:1])
    if rumor and not (background and not (speaker and speaker.kind == "anonymous")):
        return Voice("rumor", certainty, speaker, outlet, triggers)
    if background:
        return Voice("background", "stated", speaker, outlet, (background.span(),))
    if done or hedge or condition or said_by_party:
        return Voice("rumor", certainty, speaker, outlet, triggers)
    if cue := PLAIN.search(folded):
        return Voice("assertion", "stated", speaker, outlet, (cue.span(),))
    return Voice("none", "stated", speaker, outlet, ())


def _done(folded: str) -> re.Match[str] | None:
    """The first word that announces or confirms, unless it is negated or still to come."""
    for cue in CONFIRMATION.finditer(folded):
        leading = words_before(folded, cue.start())
        if not NEGATED.search(leading) and not NOT_YET_DONE.search(leading):
            return cue
    return None


def stance_on(voice: Voice, speaks: bool) -> tuple[str, str]:
    """The stance (choices.Stance) of a voice on a claim and the certainty; `speaks` says a party of it speaks.

    A document speaks like a party. Nobody else denies or confirms: an outlet or an insider disputes or supports.
    """
    party = speaks and voice.speaker is not None and voice.speaker.kind in PARTY_KINDS
    match voice.signal:
        case "denial":
            return ("denies" if party else "disputes"), voice.certainty
        case "confirmation":
            return ("confirms" if party and voice.certainty == "stated" else "supports"), voice.certainty
        case "no_comment" | "no_response":
            return (voice.signal if party else "mentions"), "stated"
        case "rumor" | "assertion":
            return "supports", voice.certainty
        case "background":
            return "background", "stated"
        case "if_true":
            return "mentions", "conditional"
        case _:
            return "mentions", voice.certainty
