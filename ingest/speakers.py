"""Who speaks in a clause, for which company, and which outlet is cited. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.cues import DENIAL, NO_COMMENT, SAYING, SPOKEN, words_before
from ingest.names import Mention

# Whose word can be a party's; a company must be known with all but a document.
PARTY_KINDS = frozenset({"company", "named", "team", "document"})


@dataclass(frozen=True)
class Speaker:
    """Who speaks. `kind` as in choices.SpeakerKind; `companies` those spoken for.

    `refers` is "company", "both" or "person" where a pronoun stands for the company, for the two of them or for who
    spoke last, and the reader must look at the sentences before.
    """

    kind: str = "outlet"
    name: str = ""
    role: str = ""
    companies: tuple[int, ...] = ()
    refers: str = ""


_TITLE = (
    r"(?:[Ss]pokes(?:man|woman|person)|CEO|CFO|COO|[Cc]hief [Ee]xecutive(?: [Oo]fficer)?|[Cc]hief (?:financial|operating|technology) officer|"
    r"[Vv]ice[- ][Cc]hair(?:man|woman)|[Cc]hair(?:man|woman|person)?|[Vv]ice[- ][Pp]resident|[Pp]resident|[Cc]o-founder|[Ff]ounder|"
    r"[Mm]anaging [Dd]irector|[Gg]eneral [Mm]anager|[Dd]irector|[Bb]oss)"
)
_NAME = r"(?P<name>[A-Z][\w'-]+(?: (?:[A-Z][\w'-]*\.?|de|van|von)){1,3})"
_NAMED = (
    re.compile(rf"(?P<role>{_TITLE}),? {_NAME}"),
    re.compile(rf"{_NAME},? (?:who is |\()?(?:the |an? |its |[A-Z][\w ]{{1,25}}'s )?(?P<role>{_TITLE})\b"),
    re.compile(
        r"(?P<role>新闻发言人|发言人|董事长|首席执行官|CEO|总裁|总经理|副总裁|创始人)(?P<name>[\u4e00-\u9fff]{2,3}?)(?=表示|称|说|回应|否认|透露|对|向|在|于|确认|宣布|:)"
    ),
)
_TEAM = re.compile(
    r"(?P<role>[Bb]oard [Mm]embers?|(?:company |official )?[Ss]pokes(?:man|woman|person|people|persons)|[Rr]epresentatives?|(?:\w+ )?[Tt]eam|[Pp]ress office|"
    r"(?:PR|public relations|legal|communications|media) (?:department|office|team)|[Oo]fficials?|[Mm]anagement)\b"
    r"|(?P<cjk>新闻发言人|发言人|相关负责人|有关负责人|负责人|中国团队|团队|公关部|客服|官方|方面)"
)
_ANONYMOUS = re.compile(
    r"(?:(?:a |two |three |several |multiple |another )?(?:people|persons?|sources?|insiders?|informants?|individuals?|executives?) "
    r"(?:who (?:is|are) )?(?:familiar with|close to|with (?:direct )?knowledge of|briefed on)(?: the (?:\w+ )?(?:matter|talks|situation|plans?|deal|discussions))?)"
    r"|(?:private|informed|unnamed|anonymous|industry|market|several|multiple) sources|\b[Ss]ources?\b(?=,? (?:said|says?|told|also|have|has|had|added|close|revealed|who))"
    r"|\b[Ii]nsiders?\b(?: from \w[\w-]*)?|\b[Ii]nformants?\b|\b[Tt]ipsters?\b|知情人士?|消息人士|业内人士|内部人士|接近.{1,10}人士",
)
_DOCUMENT = re.compile(
    r"\b(?:regulatory |exchange |stock exchange |court |securities )?filings?\b(?! for)|\bprospectus\b|交易所公告"
)
# Between a subject and its verb: no other subject and no other clause.
_NEAR = re.compile(
    r"""^(?:'s)?(?:\ (?:NV|Group|Co|Corp|Inc|Ltd|AG|SE|plc|Company|Motors?)\b\.?)?
        (?:\s?\([^)]{0,40}\))?(?:,[^,]{1,80},)?
        (?:\s?\b(?:has|have|had|also|both|later|today|yesterday|then|now|first|formally|officially|publicly|immediately|swiftly|quickly|
            promptly|again|itself|jointly|since|all|previously|separately|only|did|does|is|was|were|will|would|
            on|in|last|this|early|earlier|late|week|month|year|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|
            January|February|March|April|May|June|July|August|September|October|November|December|\d{1,4}(?:st|nd|rd|th)?)\b,?)*
        \s?(?:方面|团队|中国|官方|也|均|已|今日|昨日|\d+月|\d+日|对外|正式|共同|联合)*\s*$""",
    re.VERBOSE,
)
_JOINED = re.compile(r"^(?:,? and |, |,? or |,? nor | & |、|和|与|及)$")
_PRONOUN = re.compile(
    r"(?P<both>\b(?:the two(?: \w+)?|both(?: \w+)?|the companies|the pair|two companies|neither(?: \w+)?)\b|双方|两家公司)"
    r"|(?P<company>\b(?:the (?:\w+ ){0,3}?(?:company|carmaker|automaker|car ?maker|firm|group|manufacturer|giant|brand|maker|startup)|it)\b|该公司|公司)"
    r"|(?P<person>\b(?:he|she|they)\b)",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"(?:, (?:the )?$|,? according to (?:the )?$)|^(?:'s (?:announcement|statement|filing))?(?:'s)? ?(?:{SAYING})\b|^'s (?:announcement|statement|filing)\b"
)


def find_speaker(
    folded: str, companies: Sequence[Mention], cue: tuple[int, int], party_first: bool = False
) -> Speaker | None:
    """Who speaks the cue at `cue`. With `party_first` an insider gives way to a party named as the verb's subject."""
    companies = [mention for mention in companies if not mention.aside]
    if named := _named(folded, companies):
        return named
    subject = _subject(folded, companies, cue)
    insider = _ANONYMOUS.search(folded)
    if insider and not (party_first and subject and not _employed_by(subject, folded, companies, insider)):
        return anonymous(folded)
    if team := _team(folded, companies, cue):
        return team
    if document := _DOCUMENT.search(folded):
        spoken_for = subject or tuple(m.id for m in companies if m.end <= document.start())[-1:]
        if spoken_for:
            return Speaker("document", role=document[0], companies=spoken_for)
    if subject:
        return Speaker("company", companies=subject)
    return _pronoun(folded, cue)


def anonymous(folded: str) -> Speaker | None:
    """The insiders or sources that the clause names no closer."""
    found = _ANONYMOUS.search(folded)
    return Speaker("anonymous", role=found[0].strip()) if found else None


def _employed_by(subject: tuple[int, ...], folded: str, companies: Sequence[Mention], insider: re.Match[str]) -> bool:
    """Whether the company stands there only to say whose insider speaks: “an insider at Nordwind denied”."""
    for mention in companies:
        if mention.id in subject and mention.end > insider.start():
            between = folded[insider.end() : mention.start]
            return re.fullmatch(r"(?: (?:at|from|of|inside|within|close to))?(?: the)? ?", between) is not None
    return False


def _named(folded: str, companies: Sequence[Mention]) -> Speaker | None:
    if not SPOKEN.search(folded) and not DENIAL.search(folded) and not NO_COMMENT.search(folded):
        return None
    for pattern in _NAMED:
        for found in pattern.finditer(folded):
            inside = [m for m in companies if m.start < found.end("name") and found.start("name") < m.end]
            if inside:
                continue
            if not _speaks_nearby(folded, found.start(), found.end()):
                continue
            spoken_for = _spoken_for(folded, companies, found.start(), found.end())
            return Speaker("named", found["name"], found["role"], spoken_for, "" if spoken_for else "company")
    return None


_SPEECH_AFTER = re.compile(
    rf"^[,)]?(?: (?:has|have|also|later|on|in|an?|the|of|for|at|[A-Z][\w'-]*|\w+ly)){{0,6}}(?:,)? (?:as saying|{SAYING}|denied|denies|declined|refuted|dismissed|rejected|called|described)\b"
    r"|^(?:对|向|在|于|今日|\d|月|日|[^,。]{0,14})?(?:表示|称|说|回应|否认|透露|确认|宣布|:)"
)
_SPEECH_BEFORE = re.compile(rf"\b(?:quot(?:ed|ing)|cit(?:ed|ing)|{SAYING}|according to|told by|by)\b[^,]{{0,60}}$")


def _speaks_nearby(folded: str, start: int, end: int) -> bool:
    return bool(_SPEECH_AFTER.search(folded[end : end + 120]) or _SPEECH_BEFORE.search(words_before(folded, start)))


def _spoken_for(folded: str, companies: Sequence[Mention], start: int, end: int) -> tuple[int, ...]:
    """The company that a person with a title belongs to, if the clause names it."""
    for mention in reversed(companies):
        if mention.end <= start and re.fullmatch(
            r"(?:'s|方面|公司|集团)?(?: \w+){0,2} ?,? ?(?:the |an? |its )?", folded[mention.end : start]
        ):
            return (mention.id,)
        if mention.start < end and start < mention.end:
            return (mention.id,)
    for mention in companies:
        if re.fullmatch(r",? ?(?:of|for|at|from|with) (?:the )?(?:\w+ )?", folded[end : mention.start]):
            return (mention.id,)
    distinct = {mention.id for mention in companies}
    before = re.search(r"(?:the \w+'s|its|the company's|the carmaker's) (?:\w+ )?$", folded[:start])
    if before and len(distinct) == 1:
        return (companies[0].id,)
    if before:
        earlier = [mention for mention in companies if mention.end <= start]
        return (earlier[-1].id,) if len({mention.id for mention in earlier}) == 1 else ()
    return ()


def _team(folded: str, companies: Sequence[Mention], cue: tuple[int, int]) -> Speaker | None:
    for found in _TEAM.finditer(folded):
        if not found["cjk"] and not (
            _speaks_nearby(folded, found.start(), found.end()) or found.end() <= cue[0] <= found.end() + 60
        ):
            continue
        inside = [mention for mention in companies if mention.start < found.end() and found.start() < mention.end]
        role = folded[inside[-1].end if inside else found.start() : found.end()].strip()
        spoken_for = _spoken_for(folded, companies, found.start(), found.end())
        if spoken_for:
            return Speaker("team", role=role, companies=spoken_for)
        if re.match(
            r" (?:from|of|for) the (?:\w+ )?(?:company|carmaker|car manufacturer|automaker|manufacturer|firm)",
            folded[found.end() :],
        ):
            return Speaker("team", role=role, refers="company")
        if re.search(r"(?:^|\b(?:the|a|its|company)) ?$", folded[: found.start()], re.IGNORECASE) and not companies:
            return Speaker("team", role=role, refers="company")
    return None


def _subject(folded: str, companies: Sequence[Mention], cue: tuple[int, int]) -> tuple[int, ...]:
    """The companies that are the subject of the verb at `cue`, or that the clause is put down to at its end."""
    before = [mention for mention in companies if mention.end <= cue[0]]
    if before and _NEAR.match(folded[before[-1].end : cue[0]]):
        chain = [before[-1]]
        for mention in reversed(before[:-1]):
            if mention.start == chain[0].start or not _JOINED.match(folded[mention.end : chain[0].start]):
                break
            chain.insert(0, mention)
        return tuple(dict.fromkeys(mention.id for mention in chain))
    for mention in companies:
        attributed = re.search(r"(?:, |\baccording to |\bby )(?:the )?$", words_before(folded, mention.start))
        if attributed and (
            attributed[0].startswith(("according", "by"))
            and mention.start > cue[1]
            or _AFTER.match(folded[mention.end :])
        ):
            return (mention.id,)
        if mention.start > cue[1] and re.search(
            r"[,'\"] ?(?:says?|said) (?:the )?$", words_before(folded, mention.start)
        ):
            return (mention.id,)
    for mention in companies:
        speaks = re.match(rf"(.{{0,60}}?)\b(?:{SAYING})\b", folded[mention.end :])
        if speaks and _NEAR.match(speaks[1]):
            return (mention.id,)
    return ()


def _pronoun(folded: str, cue: tuple[int, int]) -> Speaker | None:
    for found in reversed(list(_PRONOUN.finditer(folded, 0, cue[0]))):
        if _NEAR.match(folded[found.end() : cue[0]]):
            return Speaker("company", refers=found.lastgroup or "")
    tail = _PRONOUN.search(folded, cue[1]) if cue else None
    if tail and re.match(rf" (?:also )?(?:{SAYING})\b", folded[tail.end() :]):
        return Speaker("company", refers=tail.lastgroup or "")
    return None


_CITED_AFTER = re.compile(
    rf"^(?:'s)?,? (?:\w+ )?(?:{SAYING}|reports?|reported|cited|citing|quoted|quoting|learned|learnt|first reported|written)\b|^(?:\w+ )?(?:获悉|报道|援引|引述|消息|记者|独家)"
)
_CITED_BEFORE = re.compile(
    r"(?:according to|citing|cited by|reported by|told|\bby|quoted by|first reported (?:by|in)|reports? (?:by|from|in)|via)(?: (?:the|local|media|outlet|another|newspaper|a report (?:by|from)))* $"
    r"|(?:据|援引|引述|对|向|告诉)$",
    re.IGNORECASE,
)


def cited_outlet(folded: str, outlets: Sequence[Mention]) -> int | None:
    """The outlet that a clause takes its story from, if it names one."""
    for mention in outlets:
        if _CITED_AFTER.match(folded[mention.end :].lstrip(",\"'")) or _CITED_AFTER.match(folded[mention.end :]):
            return mention.id
        if _CITED_BEFORE.search(words_before(folded, mention.start)):
            return mention.id
    return None
