"""A claim's history and evidence made ready to be read: numbered rows, who speaks, and a sentence where one is needed."""

from collections.abc import Iterable
from dataclasses import dataclass

from deals import words
from deals.choices import Kind, SpeakerKind, Stance
from deals.drawing import Moment
from deals.finding import first_hand
from deals.fold import LATE_AFTER
from deals.models import Evidence, StatusChange
from deals.record import TimelineRow, date_in_words

# In the passive, so that one speaker and many read alike.
VERBS = {
    Stance.SUPPORTS: "Said by",
    Stance.DISPUTES: "Doubted by",
    Stance.CONFIRMS: "Confirmed by",
    Stance.DENIES: "Denied by",
    Stance.NO_COMMENT: "No comment from",
    Stance.NO_RESPONSE: "No response from",
    Stance.MENTIONS: "Mentioned by",
    Stance.BACKGROUND: "Stated as background by",
}


@dataclass(frozen=True)
class ReadRow:
    """A row of the history as a page shows it; `note` says why it changes nothing, `said` what it rests on."""

    number: int
    change: StatusChange
    before: str | None
    after: str | None
    counts: bool
    replaced: bool
    note: str
    said: list[Evidence]

    @property
    def moves(self) -> bool:
        return self.counts and self.before != self.after

    @property
    def late(self) -> bool:
        return self.change.recorded_at - self.change.event_at > LATE_AFTER

    @property
    def effect(self) -> str:
        """The status before and after in words."""
        if not self.counts or self.change.kind == Kind.UNDO:
            return "changes nothing"
        if not self.moves:
            return f"stays {words.status_word(self.after)}"
        return " → ".join(words.status_word(status) for status in (self.before, self.after) if status)

    @property
    def moment(self) -> Moment:
        happened = date_in_words(self.change.event_at, self.change.precision)
        recorded = date_in_words(self.change.recorded_at, "day")
        kind = self.change.get_kind_display().lower()
        return Moment(
            number=self.number,
            event_at=self.change.event_at,
            recorded_at=self.change.recorded_at,
            status=self.after if self.counts else None,
            title=f"{self.number}, {kind} ({self.effect}): happened {happened}, recorded {recorded}",
            happens=self.change.kind != Kind.UNDO,
        )


def rows(timeline: Iterable[TimelineRow], said: Iterable[Evidence]) -> list[ReadRow]:
    """The rows of a timeline numbered from 1, each with its evidence out of what was `said`, which gets its words."""
    timeline, by_id = list(timeline), {item.pk: voiced(item) for item in said}
    numbers = {row.change.pk: number for number, row in enumerate(timeline, 1)}
    return [
        ReadRow(
            number=numbers[row.change.pk],
            change=row.change,
            before=row.before,
            after=row.after,
            counts=row.counts,
            replaced=row.replaced_by is not None,
            note=_note(row, numbers),
            said=[by_id[item.pk] for item in row.change.evidence.all() if item.pk in by_id],
        )
        for row in timeline
    ]


def voiced(item: Evidence) -> Evidence:
    """The evidence with `.voice`, `.verb` and `.via`: who says what, and whether another outlet carries the words."""
    own_voice = item.speaker_kind == SpeakerKind.OUTLET and not (
        item.speaker_name or item.speaker_role or item.company_id
    )
    item.voice = item.report.source.name if own_voice else item.speaker
    item.verb = VERBS[item.stance]
    item.via = not own_voice and not first_hand(item)
    return item


def _note(row: TimelineRow, numbers: dict[int, int]) -> str:
    if row.replaced_by:
        how = "Taken back" if row.replaced_by.kind == Kind.UNDO else "Replaced"
        return f"{how}{_at(' by row ', numbers.get(row.replaced_by.pk))} {date_in_words(row.replaced_by.recorded_at, 'day')}."
    if row.change.kind == Kind.UNDO:
        return f"Takes back{_at(' row ', numbers.get(row.change.supersedes_id)) or ' an earlier row'}."
    if row.moot:
        return f"Changes nothing: the claim was {words.status_word(row.before)} already."
    if row.change.supersedes_id:
        return f"Takes the place of{_at(' row ', numbers.get(row.change.supersedes_id)) or ' an earlier row'}."
    return ""


def _at(words_before: str, number: int | None) -> str:
    return f"{words_before}{number}" if number else ""
