"""A sentence in its clauses, and the words that stand for what was named before. Pure."""

import re

_SUBJECT = r"(?=(?:the|this|that|it|they|he|she|both|neither|another|if|a|an|sources?|insiders?|people|private|informed|local|[A-Z][\w.'-]*)\b)"
_SAYS = r"(?:reports?|reported|said|says|denied|denies|declined|confirmed|did|has|have|refused|announced|called)"
_SPLITS = (
    re.compile(rf"(?:,|;|\")\s+(?:and|but|while|whereas|although|though|however)\s+{_SUBJECT}", re.IGNORECASE),
    re.compile(rf";\s+{_SUBJECT}|\s+(?:while|whereas|but)\s+{_SUBJECT}"),
    re.compile(r",?(?:但是|但|而|不过|然而)(?=[\u4e00-\u9fffA-Z])|;"),
)
_AND_SAYS = re.compile(rf"\s+and\s+(?=(?:[A-Z][\w.-]*\ ?){{1,4}}(?:also )?{_SAYS}\b)")
_VERB = re.compile(rf"\b(?:{_SAYS}|is|are|was|were|will|would|plans?|wants?|signed|agreed|told)\b")
_OPENING = re.compile(
    r"(?:^|[:,]\s*[\"'])(?:(?:soon|shortly|just|days|weeks|months|hours)\s+)?"
    r"(?P<word>after|before|as|while|when|since|although|though|unlike|following|despite)\s+[^,]{8,}?(?P<end>,)\s",
    re.IGNORECASE,
)


def clause_spans(folded: str) -> list[tuple[int, int]]:
    """Where the clauses of a folded sentence begin and end: each has its own speaker and stance."""
    cuts = set()
    if opening := _OPENING.search(folded):
        cuts.add(opening.end("end"))
        if opening.start() and folded[opening.start()] in ":,":
            cuts.add(opening.start("word"))
    for pattern in _SPLITS:
        cuts.update(found.end() for found in pattern.finditer(folded))
    # “A said so and B declined” are two clauses, “A and B declined” is one.
    cuts.update(found.end() for found in _AND_SAYS.finditer(folded) if _VERB.search(folded, 0, found.start()))
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(folded)), len(folded)]
    return [(start, end) for start, end in zip(edges, edges[1:], strict=False) if folded[start:end].strip()]


_THINGS = (
    "reports?|rumou?rs?|matter|news|information|claims?|story|speculation|deal|partnership|cooperation|collaboration|"
    "tie-up|agreement|decision|talks|negotiations|plans?|alliance|transaction|merger|acquisition|takeover|bid|offer|move|proposal"
)
# What stands for the deal or the report itself.
MATTER = re.compile(
    rf"(?<!according to )\b(?:the|this|that|these|those|such|any) (?:\w+ )?(?:{_THINGS})\b(?! (?:also )?(?:noted|said|says|added|adds|read|stated))"
    r"|\b(?:den(?:y|ied|ies)|confirm(?:ed|s)?|dismiss(?:ed|es)?|refut(?:ed|es)|reject(?:ed|s)|on|about) (?:it|this|that|them)\b"
    r"|\bfollow(?:s|ed)? suit\b|该消息|此消息|这一消息|上述|此事|该报道|相关报道|该传闻|该合作|此次合作|相关消息|这一说法|该说法|传闻",
    re.IGNORECASE,
)
# What stands for both parties.
BOTH = re.compile(
    r"\b(?:the|these) two (?:companies|firms|sides|parties|carmakers|automakers|groups)\b|\bboth (?:companies|sides|firms|parties|carmakers|automakers)\b"
    r"|\bthe (?:companies|pair|parties|duo)\b|\bneither (?:company|side|party)\b|双方|两家公司|两家",
    re.IGNORECASE,
)
_FIRM = "company|firm|carmaker|car ?maker|car manufacturer|automaker|auto giant|manufacturer|maker|group|giant|brand|startup|start-up"
# What stands for one company that was named before.
ONE = re.compile(
    rf"\b(?:the|a|an|another) (?:[\w-]+ ){{0,3}}?(?:{_FIRM})\b(?!'s (?:spokes|chair|chief|CEO|president|boss|general manager))"
    r"|该公司|该车企|该品牌",
    re.IGNORECASE,
)
# The same as the subject of its sentence.
OPENING_ONE = re.compile(
    rf"^\W*(?:it|(?:the|this) (?:[\w-]+ ){{0,3}}?(?:{_FIRM}))\b(?!')|^(?:该公司|该车企|该品牌|公司)", re.IGNORECASE
)
# A deal that is told of as known: it explains something else.
PASSING = re.compile(
    r"\b(?:previously announced|already announced|earlier announced|because of|following|thanks to)\b", re.IGNORECASE
)
