"""How strong evidence is: a pure judgement on who speaks and where."""

from deals.choices import Rung, SourceKind, SpeakerKind

_BY_SPEAKER: dict[str, Rung] = {
    SpeakerKind.DOCUMENT: Rung.DOCUMENT,
    SpeakerKind.COMPANY: Rung.ANNOUNCEMENT,
    SpeakerKind.NAMED: Rung.NAMED,
    SpeakerKind.TEAM: Rung.TEAM,
}


def rung(speaker_kind: str, company: int | None, source_kind: str) -> Rung:
    """The rung of a statement; a speaker who speaks for no company (an analyst) is as strong as the outlet."""
    if speaker_kind == SpeakerKind.DOCUMENT or (
        source_kind in (SourceKind.EXCHANGE, SourceKind.REGULATOR)
        and speaker_kind in (SpeakerKind.COMPANY, SpeakerKind.OUTLET)
    ):
        return Rung.DOCUMENT
    if company is None:
        return Rung.UNATTRIBUTED
    return _BY_SPEAKER.get(speaker_kind, Rung.UNATTRIBUTED)
