"""What a clause says of a deal, and who says it: cue words, read in a fixed order. Pure.

Nothing here knows claims. `read_voice` names the cue and the speaker; `stance_on` judges them for a claim whose
parties are known, by the rule that only a party or a document denies or confirms.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.names import Mention

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


@dataclass(frozen=True)
class Voice:
    """The cue of a clause: what it does (`signal`), how surely, who speaks, the outlet it cites, where the words are.

    Signals: denial, confirmation, no_comment, no_response, rumor, assertion (the outlet's own plain words), if_true,
    aside (a comparison), opinion, background, contact (both-sided: neither yes nor no), none.
    """

    signal: str
    certainty: str = "stated"
    speaker: Speaker | None = None
    outlet: int | None = None
    triggers: tuple[tuple[int, int], ...] = ()


def _any(*patterns: str, flags: int = re.IGNORECASE) -> re.Pattern:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), flags)


_REPORT = r"(?:the |these |those |such |any |media |press |recent |latest |market )*(?:reports?|rumou?rs?|speculation|claims?|story|stories|news|information|suggestions?|allegations?)"
_NO_COMMENT = _any(
    r"\bneither confirm\w* nor den\w+",
    r"\bn(?:either|ot) den\w+ (?:n?or) confirm\w*",
    r"\b(?:declin|refus)(?:ed|es|ing|e) to (?:\w+ )?(?:comment|discuss|elaborate|say|confirm or deny)\b",
    r"\b(?:would|will|could|did|does|do) ?n[o']t (?:immediately )?comment\b",
    r"\b(?:wouldn't|won't|couldn't|didn't) comment\b",
    r"\b(?:had|has|have|gave|with) no (?:\w+ )?comment\b",
    "不予置评|拒绝置评|未予置评|不作评论|不予评论|拒绝评论|暂无评论",
)
_NO_RESPONSE = _any(
    r"\b(?:has|have|had|did|do|does) ?n[o']t (?:yet |immediately |so far )*(?:respond|repl|return|answer)\w*",
    r"\b(?:hasn't|haven't|hadn't|didn't|doesn't) (?:yet |immediately )*(?:respond|repl|return|answer)\w*",
    r"\bcould not (?:immediately )?be reached\b",
    r"\b(?:was|were) not (?:immediately )?available (?:for|to) comment\b",
    r"\b(?:was|were) unavailable (?:for|to) comment\b",
    "(?:未|尚未|没有|暂未|并未)(?:作出|做出|予以|立即)?(?:回应|回复|答复)",
)
_DENIAL = _any(
    r"\bden(?:ied|ies|y|ying)\b",
    r"\buntrue\b|\bnot true\b|\bno truth\b|\bnot correct\b|\bgroundless\b|\bbaseless\b|\bunfounded\b|\bfake news\b",
    r"\bfabricated\b|\bnot accurate\b|\binaccurate\b",
    r"\b(?:is|are|was|were|as|be|completely|totally|entirely) (?:\w+ly )?(?:false|wrong|incorrect|nonsense|rubbish)\b",
    r"\bno (?:such |current |immediate |concrete )*(?:plans?|intentions?|talks|negotiations|discussions|agreement|deal)\b(?! yet)",
    r"\bno basis\b|\bwithout (?:any )?foundation\b",
    rf"\b(?:dismiss|refut|reject|rebuff|rubbish|quash|contradict)(?:ed|es|s|ing) (?:as \w+ )?{_REPORT}",
    r"\brefut(?:ed|es) (?:it|this|that|them)\b|\brul(?:ed|es) out\b",
    r"\bnot (?:currently |actively )?(?:in (?:any )?talks|considering|planning|negotiating|holding talks|discussing|selling|buying|for sale)\b",
    "否认|不实|并无此事|不属实|没有此事|无此事|谣言|辟谣|子虚乌有|无此计划|没有(?:相关|此类|任何)?(?:计划|打算)|假消息",
)
_CONFIRMATION = _any(
    r"\bannounc(?:ed|es|ing|ement)\b",
    r"\bconfirm(?:ed|s|ing|ation)\b",
    r"\b(?:has |have |had )?signed\b|\bsigning of\b",
    r"\bletters? of intent\b|\bmemorandum of understanding\b",
    r"\bagreed (?:to|on|in principle)\b|\b(?:reached|entered|struck|sealed|concluded) (?:into )?(?:an? |the )?(?:\w+ )?(?:agreement|deal|contract|pact)\b",
    r"\bcompleted (?:its|the|their)\b|\bunveiled\b|\bdisclosed\b|\backnowledged\b",
    "宣布|公告|确认|证实|签署|签订|签约|达成(?:协议|合作)|官宣",
)
_SAYING = (
    r"said|says|stated|states|told|added|announced|announces|confirmed|confirms|disclosed|noted|declared|clarified|wrote|"
    r"revealed|acknowledged|insisted|stressed|explained|replied|responded|posted|unveiled"
)
_SPOKEN = _any(
    rf"\b(?:{_SAYING})\b|\bas saying\b|\bannouncement\b|\bstatement\b|\bfiling\b", "表示|称|说|透露|回应|公告|宣布|指出"
)
_RUMOR = _any(
    r"\breported(?:ly)?\b|\breports? (?:indicate|suggest|say|claim|that)\w*|\baccording to (?:local |media |press )*(?:reports?|rumou?rs?|media)\b",
    r"\b(?:is|are|was|were|been) (?:thought|said|believed|understood|rumou?red|expected|tipped|reported|set|poised) to\b",
    r"\b(?:consider|explor|weigh|mull|ponder|evaluat|study|discuss|eye|seek|court|pursu|target)(?:s|es|ed|ing|ying)?\b",
    r"\bin (?:\w+ ){0,2}(?:talks|discussions|negotiations)\b|\btalks (?:with|over|about|on)\b|\bnegotiat(?:es|ing|ions?)\b|\b(?:held|holding|hold) (?:\w+ )?(?:talks|discussions)\b",
    r"\bclose to (?:being |a |an |\w+ing)|\bnear(?:s|ing) (?:a |an )?(?:deal|agreement|completion|final\w*)|\babout to\b|\bverge of\b",
    r"\bpeople (?:familiar|close|with)|\b(?:person|source|individual)s? (?:familiar|close|with)|\binsiders?\b|\binformants?\b",
    r"\b(?:private|informed|unnamed|anonymous|industry|several|multiple) sources\b|\bsources (?:said|say|told|also|have|had|added|close)\b",
    r"\brumou?rs?\b|\bspeculation\b|\bwants? to\b|\bhopes? to\b|\bplans? to\b|\blooking (?:to|at|for)\b|\blikely to\b|\bodds are\b",
    r"\bmay\b(?! \d)|\bmight\b|\bcould\b|\bpossib(?:ly|ility)\b|\bpotential(?:ly)?\b",
    r"\bto (?:announce|sign|finali[sz]e|unveil) (?:a |an |the )?(?:\w+ )?(?:deal|agreement|pact)\b",
    "据传|传闻|传言|据悉|获悉|知情人|消息人士|业内人士|内部人士|据报道|考虑|洽谈|谈判|有望|接近|拟|或将|计划",
)
_HEDGE = _any(
    r"\bmay\b(?! \d)|\bmight\b|\bcould\b|\blikely\b|\bodds are\b|\bpossib(?:ly|ility)\b|\bpotential(?:ly)?\b|\bperhaps\b|\bprobably\b",
    r"\bthought to\b|\bbelieved to\b|\breportedly\b|\bconsider(?:s|ed|ing)?\b|\bexplor(?:e|es|ing)\b|\bweigh(?:s|ing)?\b|\bmull(?:s|ing)?\b",
    r"\bhopes? to\b|\bwould like\b|\bexpects? to\b|\bin (?:\w+ ){0,2}talks\b|\bclose to (?:being|\w+ing)\b",
    "可能|有望|或将|考虑|洽谈|接近",
)
_IF_TRUE = _any(
    rf"\bif {_REPORT}\b.{{0,80}}?\b(?:is|are|be|prove\w*|turn\w*) (?:true|accurate|correct|confirmed|right|to be)",
    rf"\bif (?:it is |it's |this is |it )?(?:true|confirmed)\b|\bif (?:the |a )?{_REPORT} (?:hold|come|bear)",
    "如果(?:消息|报道|传闻).{0,6}属实",
)
_CONDITION = _any(
    r"(?<!or )(?<!whether )\bif (?:the |a |an |this |that )?(?:\w+ ){0,2}(?:cooperation|deal|partnership|agreement|talks|tie-up|transaction|merger|acquisition|plan)\b",
    r"\b(?:subject to|provided that|conditional on|should the (?:deal|talks))\b",
    "如果.{0,8}(?:达成|成功|合作)|若.{0,8}(?:达成|成功|合作)",
)
_ASIDE = _any(r"^\W*(?:unlike|similar to|in contrast to|compared (?:with|to))\b", "^不同于|^与.{1,20}不同")
_OPINION = _any(
    r"\b(?:could|would|might|may) (?:be|prove|make|help|give|allow|mean|become)\b.{0,40}\b(?:ideal|sense|move|case|good|better|blow|boost|benefit|solution)\b",
    r"\b(?:should|ought to)\b (?:\w+ )?(?:buy|acquire|merge|partner)\b|\banalysts? (?:say|said|believe|expect)s?\b",
)
_BACKGROUND = _any(
    r"\balready (?:operates?|has|have|owns?|holds?|runs?|work|sells?|terminated|ended|closed|makes?)\b",
    r"\b(?:has|have|had|owns?|operates?|runs?|holds?) (?:an? |two |its own )?(?:existing |50[-:/ ]?50 |equal )?(?:joint venture|JV|stake|partnership)\b",
    r"\beach (?:with|holding|owning) (?:an? )?\d+|\bcurrently (?:owns?|holds?|operates?|has)\b|\bexisting (?:joint venture|partnership|cooperation|alliance|deal)\b",
    r"\b(?:founded|established|set up|formed|bought|acquired) in (?:19|20)\d\d\b",
    "目前(?:持有|拥有)|双方(?:各)?持股|成立于",
)
_NEGATED = re.compile(
    r"(?:\bnot|n't|\bnever|\bneither|\bnor|\bwithout|\byet to(?: be)?|\bcan(?:not)?|\bunable to|\bto be|\brefused to|\bdeclined to|未|没有|尚未|并未|无法)"
    r"(?: (?:yet|been|be|either|officially|publicly|immediately|independently|formally|explicitly|get|\w+ly))*\s?$",
    re.IGNORECASE,
)
_NOT_YET_DONE = re.compile(
    r"(?:\b(?:to|will|would|may|might|could|expected to|about to|close to|set to|soon|if|whether|until|before|awaiting|un)"
    r"(?: be| officially| formally| soon)*) ?$",
    re.IGNORECASE,
)


def read_voice(folded: str, companies: Sequence[Mention], outlets: Sequence[Mention]) -> Voice:
    """The strongest cue of a folded clause and who speaks it; positions are within the clause."""
    outlet = cited_outlet(folded, outlets)
    for signal, pattern in (("if_true", _IF_TRUE), ("aside", _ASIDE), ("no_comment", _NO_COMMENT)):
        if cue := pattern.search(folded):
            speaker = find_speaker(folded, companies, cue.span(), party_first=signal == "no_comment")
            certainty = "conditional" if signal == "if_true" else "stated"
            return Voice(signal, certainty, speaker, outlet, (cue.span(),))
    if cue := _NO_RESPONSE.search(folded):
        return Voice("no_response", "stated", find_speaker(folded, companies, cue.span(), True), outlet, (cue.span(),))
    for cue in _DENIAL.finditer(folded):
        if _NEGATED.search(_before(folded, cue.start())):
            return Voice("contact", "stated", None, outlet, (cue.span(),))
        speaker = find_speaker(folded, companies, cue.span(), party_first=True)
        return Voice("denial", "stated", speaker, outlet, (cue.span(),))
    return _affirmed(folded, companies, outlet)


def _affirmed(folded: str, companies: Sequence[Mention], outlet: int | None) -> Voice:
    opinion, background, condition = _OPINION.search(folded), _BACKGROUND.search(folded), _CONDITION.search(folded)
    rumor, hedge = _RUMOR.search(folded), _HEDGE.search(folded)
    done = _done(folded)
    saying = next((cue for cue in _SPOKEN.finditer(folded) if not _NEGATED.search(_before(folded, cue.start()))), None)
    anchor = done or saying
    speaker = find_speaker(folded, companies, anchor.span()) if anchor else _anonymous(folded)
    certainty = "conditional" if condition else "hedged" if hedge else "stated"
    said_by_party = speaker is not None and speaker.kind in PARTY_KINDS
    triggers = tuple(cue.span() for cue in (done or (saying if said_by_party else None), rumor or hedge) if cue)
    if opinion and not said_by_party:
        return Voice("opinion", "hedged", speaker, outlet, (opinion.span(),))
    if said_by_party and certainty == "stated" and (done or saying):
        return Voice("confirmation", certainty, speaker, outlet, triggers[:1])
    if rumor and not (background and not (speaker and speaker.kind == "anonymous")):
        return Voice("rumor", certainty, speaker, outlet, triggers)
    if background:
        return Voice("background", "stated", speaker, outlet, (background.span(),))
    if done or hedge or condition or said_by_party:
        return Voice("rumor", certainty, speaker, outlet, triggers)
    if cue := _PLAIN.search(folded):
        return Voice("assertion", "stated", speaker, outlet, (cue.span(),))
    return Voice("none", "stated", speaker, outlet, ())


_PLAIN = _any(
    r"\bwill\b|\bwould\b|\bto (?:buy|acquire|sell|merge|form|invest|build|use|adopt|take|join|develop|licen[cs]e|make|supply|produce|set up|partner)\b|\bhas (?:acquired|bought|sold|agreed|joined)\b|\bis (?:to|set)\b|\bwas (?:to|set)\b",
    "将|要",
)


def _before(folded: str, place: int) -> str:
    """The words just before a place; as much as any pattern that looks back needs."""
    return folded[max(0, place - 90) : place]


def _done(folded: str) -> re.Match | None:
    """The first word that announces or confirms, unless it is negated or still to come."""
    for cue in _CONFIRMATION.finditer(folded):
        before = _before(folded, cue.start())
        if not _NEGATED.search(before) and not _NOT_YET_DONE.search(before):
            return cue
    return None


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
    r"(?P<role>(?:company |official )?[Ss]pokes(?:man|woman|person|people|persons)|[Rr]epresentatives?|(?:\w+ )?[Tt]eam|[Pp]ress office|"
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
    rf"(?:, (?:the )?$|,? according to (?:the )?$)|^(?:'s (?:announcement|statement|filing))?(?:'s)? ?(?:{_SAYING})\b|^'s (?:announcement|statement|filing)\b"
)


def find_speaker(
    folded: str, companies: Sequence[Mention], cue: tuple[int, int], party_first: bool = False
) -> Speaker | None:
    """Who speaks the cue at `cue`. With `party_first` an insider gives way to a party named as the verb's subject."""
    companies = [mention for mention in companies if not mention.aside]
    if named := _named(folded, companies):
        return named
    subject = _subject(folded, companies, cue)
    anonymous = _ANONYMOUS.search(folded)
    if anonymous and not (party_first and subject and not _employed_by(subject, folded, companies, anonymous)):
        return Speaker("anonymous", role=anonymous[0].strip())
    if team := _team(folded, companies, cue):
        return team
    if document := _DOCUMENT.search(folded):
        spoken_for = subject or tuple(m.id for m in companies if m.end <= document.start())[-1:]
        if spoken_for:
            return Speaker("document", role=document[0], companies=spoken_for)
    if subject:
        return Speaker("company", companies=subject)
    return _pronoun(folded, cue)


def _anonymous(folded: str) -> Speaker | None:
    found = _ANONYMOUS.search(folded)
    return Speaker("anonymous", role=found[0].strip()) if found else None


def _employed_by(subject: tuple[int, ...], folded: str, companies: Sequence[Mention], anonymous: re.Match) -> bool:
    """Whether the company stands there only to say whose insider speaks: “an insider at Nordwind denied”."""
    for mention in companies:
        if mention.id in subject and mention.end > anonymous.start():
            between = folded[anonymous.end() : mention.start]
            return re.fullmatch(r"(?: (?:at|from|of|inside|within|close to))?(?: the)? ?", between) is not None
    return False


def _named(folded: str, companies: Sequence[Mention]) -> Speaker | None:
    if not _SPOKEN.search(folded) and not _DENIAL.search(folded) and not _NO_COMMENT.search(folded):
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
    rf"^[,)]?(?: (?:has|have|also|later|on|in|an?|the|of|for|at|[A-Z][\w'-]*|\w+ly)){{0,6}}(?:,)? (?:as saying|{_SAYING}|denied|denies|declined|refuted|dismissed|rejected|called|described)\b"
    r"|^(?:对|向|在|于|今日|\d|月|日|[^,。]{0,14})?(?:表示|称|说|回应|否认|透露|确认|宣布|:)"
)
_SPEECH_BEFORE = re.compile(rf"\b(?:quot(?:ed|ing)|cit(?:ed|ing)|{_SAYING}|according to|told by|by)\b[^,]{{0,60}}$")


def _speaks_nearby(folded: str, start: int, end: int) -> bool:
    return bool(_SPEECH_AFTER.search(folded[end : end + 120]) or _SPEECH_BEFORE.search(_before(folded, start)))


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
        attributed = re.search(r"(?:, |\baccording to |\bby )(?:the )?$", _before(folded, mention.start))
        if attributed and (
            attributed[0].startswith(("according", "by"))
            and mention.start > cue[1]
            or _AFTER.match(folded[mention.end :])
        ):
            return (mention.id,)
    for mention in companies:
        speaks = re.match(rf"(.{{0,60}}?)\b(?:{_SAYING})\b", folded[mention.end :])
        if speaks and _NEAR.match(speaks[1]):
            return (mention.id,)
    return ()


def _pronoun(folded: str, cue: tuple[int, int]) -> Speaker | None:
    for found in reversed(list(_PRONOUN.finditer(folded, 0, cue[0]))):
        if _NEAR.match(folded[found.end() : cue[0]]):
            return Speaker("company", refers=found.lastgroup or "")
    tail = _PRONOUN.search(folded, cue[1]) if cue else None
    if tail and re.match(rf" (?:also )?(?:{_SAYING})\b", folded[tail.end() :]):
        return Speaker("company", refers=tail.lastgroup or "")
    return None


_CITED_AFTER = re.compile(
    rf"^(?:'s)?,? (?:\w+ )?(?:{_SAYING}|reports?|reported|cited|citing|quoted|quoting|learned|learnt|first reported)\b|^(?:\w+ )?(?:获悉|报道|援引|引述|消息|记者|独家)"
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
        if _CITED_BEFORE.search(_before(folded, mention.start)):
            return mention.id
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
