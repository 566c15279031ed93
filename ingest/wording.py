"""What kind of deal some words speak of, and how far they repeat a claim's wording. Pure."""

import re
from collections.abc import Iterable
from functools import lru_cache

from ingest.synonyms import SPELT_OUT, STANDS_FOR
from ingest.text import CJK

_GAP = r"[^.;]{0,40}?"
_KINDS = {
    "equity_stake": rf"""\bstakes?\b|shareholders?\b|shareholding|\bequity\b|(?:minority\ |majority\ )?(?:holding|interest)\ in\b|minority\ (?:holding|interest)
        |\binvest(?:s|ed|ing|ment)?\b{_GAP}\ in\b|(?:per\ ?cent|pct)\ (?:of|or\b[^.;]{0, 30}\ of)\b|\d\s?%\ of\b|入股|持股|股权|参股""",
    "acquisition": r"""\bacqui(?:re|res|red|ring)\b(?!\ (?:a|an)?\ ?(?:minority\ )?(?:stake|\w+\ generation))|\bacquisitions?\b
        |\btak(?:e|es|ing)\s?-?over\b|\btakeover|\bbuy(?:s|ing)?\s?-?out\b|\bbuyout|\bpurchas(?:e|es|ed|ing)\b
        |\btender(?:s|ed)?\b(?!\ (?:age|care))|\bbid(?:s|der|ders|ding)?\b|\bsuitors?\b|\bbuy(?:s|ing)?\b
        |\b(?:control|ownership)\ (?:of|in)\b|\bcontrolling\ interest\b|\bfor\ (?:\w+\ ){0,3}control\b
        |\b(?:merger|takeover|cash|share|stock|hostile|sweetened|revised)\ (?:\w+\ )?(?:offers?|proposals?)\b
        |\boffer(?:s|ed)?\b[^.;]{0,40}?(?:\bshares?\b|/sh(?:a)?re?\b|\bdlrs\b|[$€£]\d|\b(?:b|m)illion\b)
        |\b(?:offers?|proposals?)\ (?:for|to\ (?:buy|acquire|purchase))\b
        |\bs(?:ell|ells|elling|old|ale)\ (?:of\ )?(?:\w+'s\ )?(?:its|the|a|an|all|most|part|\d+)\b(?:\ [\w.'-]+){0,5}?
            \ (?:business|unit|division|stake|interest|shares|subsidiary|holding)\b
        |收购|并购""",
    "merger": r"\bmerg(?:e|es|ed|er|ers|ing)\b|\bcombin(?:e|ation)\b|合并",
    "joint_venture": r"\bjoint[- ]ventures?\b|\bJVs?\b|合资",
    "technology_licence": r"""\blicen[cs](?:e|es|ed|ing)\b|\bplatforms?\b|\btechnolog(?:y|ies)\b|\barchitectures?\b
        |平台|授权|技术""",
    "co_development": rf"""\b(?:jointly|co-?|together)[ -]?develop\w*|\bdevelop\w*{_GAP}\b(?:together|jointly)\b
        |\b(?:work|team|partner|collaborat|cooperat)\w*{_GAP}\ to\ (?:co-?|jointly\ )?develop\w*
        |\bjoint\ development|联合开发|共同开发|联合研发""",
    "supply": r"\bsuppl(?:y|ies|ied|ier|ying)\b|供应|供货|采购",
    "capacity_investment": rf"""\binvest\w*{_GAP}\b(?:plants?|factor(?:y|ies)|cent(?:er|re)s?|capacity|facilit|upgrades)\b
        |\bexpand\w*{_GAP}\b(?:production|plants?|capacity|cent(?:er|re)|factory)\b
        |\binvest(?:s|ed|ing)?\ (?:about\ |around\ |up\ to\ )?[$€£¥]?\d[\d.,]*\b(?![^;]*\bin\ [A-Z])|建厂|扩产|产能""",
    "production_plan": r"""\bproduc(?:e|es|ed|ing|tion)\b|\bmanufactur(?:e|es|ed|ing)\b|\bassembl(?:e|es|y|ing)\b|\bbuild(?:s|ing)?\b
        |生产|投产|制造""",
    "brand_reorganisation": r"\brenam\w+|\brebrand\w*|\bchange\w*\ its\ name|\bsplits?\ (?:in)?to\b|\bspin\w*[ -]?off|更名|改名|拆分",
    "jv_termination": rf"""\b(?:terminat|dissol|end|exit|quit|wind|wound|leav|withdr)\w*{_GAP}\b(?:joint\ venture|JV|partnership|alliance)s?\b
        |(?:终止|退出|解散).{{0,8}}合资""",
    "insolvency": r"\bbankrupt\w*|\binsolven\w*|\breceivership|\bchapter\ 11\b|破产",
    "tie_up_unspecified": rf"""\bpartner(?:s|ing|ship|ships|ed)?\b|\bcooperat\w*|\bco-operat\w*|\bcollaborat\w*|\btie[- ]?ups?\b
        |\balliances?\b|\bties?\ with\b|\blinks?\ with\b|\bwork(?:ing|s)?\ (?:together|with)\b|\bteam(?:s|ing|ed)?\ up\b|\bdeals?\b|\bjoin\w*\ forces
        |\bin{_GAP}\btalks\b|\btalks\ (?:with|over|about)|\bhold\w*\ talks|合作|联手|结盟|洽谈|携手""",
}
# As the groups of a single pattern the kinds would hide one another where they overlap.
_PATTERNS = {kind: re.compile(pattern, re.VERBOSE | re.IGNORECASE) for kind, pattern in _KINDS.items()}

GENERAL = "tie_up_unspecified"
# What a plain “cooperation” may turn out to be.
COOPERATIVE = frozenset({GENERAL, "joint_venture", "technology_licence", "co_development"})
# Kinds that reporters call by one another's names.
_NEAR_KINDS = (frozenset({"acquisition", "merger"}), frozenset({"acquisition", "equity_stake"}))


def near_kinds(kind: str) -> frozenset[str]:
    """The kinds of deal that words may mean when they say this one."""
    return frozenset().union(*(kinds for kinds in _NEAR_KINDS if kind in kinds)) - {kind}


# A kind is looked for only where one of these stands in the text: most clauses speak of no deal.
_HINTS: dict[str, tuple[str, ...]] = {
    "equity_stake": ("stake", "holding", "shareholder", "equity", "interest", "invest", "cent", "pct", "%", "股"),
    "acquisition": ("acqui", "tak", "buy", "purchas", "tender", "bid", "suitor", "control", "ownership", "offer",
                    "proposal", "sell", "sold", "sale", "购"),
    "merger": ("merg", "combin", "合并"),
    "joint_venture": ("joint", "jv", "合资"),
    "technology_licence": ("licen", "platform", "technolog", "architectur", "平台", "授权", "技术"),
    "co_development": ("develop", "研发", "开发"),
    "supply": ("suppl", "供", "采购"),
    "capacity_investment": ("invest", "expand", "建厂", "扩产", "产能"),
    "production_plan": ("produc", "manufactur", "assembl", "build", "生产", "投产", "制造"),
    "brand_reorganisation": ("renam", "rebrand", "name", "split", "spin", "更名", "改名", "拆分"),
    "jv_termination": ("venture", "jv", "partnership", "alliance", "合资"),
    "insolvency": ("bankrupt", "insolven", "receiver", "chapter", "破产"),
    "tie_up_unspecified": ("partner", "operat", "collaborat", "tie", "alliance", "link", "work", "team", "deal", "join",
                           "talks", "合作", "联手", "结盟", "洽谈", "携手"),
}  # fmt: skip


@lru_cache(maxsize=512)
def _deal_words(folded: str) -> tuple[tuple[str, tuple[int, int]], ...]:
    lowered = folded.lower()
    found = {}
    for kind, pattern in _PATTERNS.items():
        if any(hint in lowered for hint in _HINTS[kind]) and (hit := pattern.search(folded)):
            found[kind] = hit.span()
    if "jv_termination" in found:
        found.pop("joint_venture", None)
        found.pop(GENERAL, None)
    return tuple(found.items())


def deal_words(folded: str) -> dict[str, tuple[int, int]]:
    """The kinds of deal (choices.DealType) that the text speaks of, each with where its first words stand."""
    return dict(_deal_words(folded))


# What is said around a deal once it is known. Between parties of a claim these words are enough.
DEALING = re.compile(
    r"""\b(?:rumou?rs?|speculation|talks|negotiations?|offers?|proposals?|approach(?:ed|es)?|pacts?|deals?|agreements?
        |transactions?|waiting\ period|antitrust|due\ diligence|interested\ in|letter\ of\ intent|memorandum
        |accumulat\w+|withdr[ae]w\w*|divest\w*|poison\ pill|proxy)\b
        |\bs(?:ell|ells|elling|old|ale)\b[^.;]{0,60}?\b(?:shares?|positions?|holdings?|interests?|stakes?|units?|business|subsidiary)\b
        |\bsell(?:s|ing)?\ (?:its\ )?[\w-]+\ to\b|\bpay\b[^.;]{0,40}?\bfor\b
        |传闻|谈判|洽谈|协议|交易|要约""",
    re.VERBOSE | re.IGNORECASE,
)
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[a-z]{2,}")
_EMPTY_WORDS = (
    "the an of to in on at by for from with and or its it is are was were be been being as that this these those will "
    "would has have had do does did not no about around some their his her he she they them which who whom into over "
    "than also more most said say says if vehicle car auto us china market"
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_EMPTY = _words(_EMPTY_WORDS)
_SAME = {
    "electric": "ev", "electrified": "ev", "evs": "ev", "companies": "maker", "company": "maker", "manufacturer": "maker",
    "manufacturers": "maker", "makers": "maker", "carmaker": "maker", "carmakers": "maker", "automaker": "maker",
    "automakers": "maker", "firm": "maker", "centre": "center", "euros": "eur", "euro": "eur", "dollars": "usd",
    "billion": "bn", "million": "mn", "licence": "licens", "license": "licens", "renames": "renam", "renamed": "renam",
    "adopting": "adopt", "uses": "use", "using": "use", "used": "use",
}  # fmt: skip
_SUFFIX = re.compile(r"(?:ations?|ating|ated|ate|ments?|ions?|ings?|ed|es|s|ers?|e|y|ies)$")


def content_words(folded: str) -> frozenset[str]:
    """The words that carry meaning, cut to their stems: “co-developed” and “co-develop” are one, numbers stay."""
    return frozenset(stem for token in _TOKEN.findall(folded.lower()) if (stem := _stem(token)))


_stems: dict[str, str] = {}


def _stem(token: str) -> str:
    """The stem of a token, empty for one that carries no meaning."""
    known = _stems.get(token)
    if known is None:
        known = _SAME.get(token, token)
        if known in _EMPTY or known.removesuffix("s") in _EMPTY:
            known = ""
        elif len(known) > 4 and token not in _SAME:
            known = _SUFFIX.sub("", known) if len(_SUFFIX.sub("", known)) >= 3 else known
        if len(_stems) < 50_000:
            _stems[token] = known
    return known


def share_of(wanted: frozenset[str], found: frozenset[str], ignored: Iterable[str] = ()) -> float:
    """How much of the wanted words is found, from 0 to 1."""
    wanted = wanted - frozenset(ignored)
    return len(wanted & found) / len(wanted) if wanted else 0.0


_WORDS = re.compile(rf"[a-z0-9\u00e0-\u024f]+(?:\.\d+)?|[{CJK}]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")
_UNIT = re.compile(r"(\d)(k|m|b|bn|mn|mln)\b")
_FUNCTION_WORDS = _words(
    "the an a of to in on at by for from with and or its it is are was were be been being as that this these those will "
    "would has have had do does did about some their his her he she they them which who whom into over than also"
)
_ENDING = re.compile(r"(?:ations?|ating|ated|ate|ments?|ions?|ings?|ied|ies|ed|es|s|ers?|e|y|ly)$")


def searched_words(folded: str) -> list[str]:
    """The words of a text as an index holds them, in order: stems, one word of each group of synonyms, pairs of
    Chinese characters.
    """
    lowered = folded.lower().replace("'s", "")
    for spelt_out, word in SPELT_OUT:
        if spelt_out in lowered:
            lowered = lowered.replace(spelt_out, word)
    lowered = _UNIT.sub(r"\1 \2", _THOUSANDS.sub("", lowered))
    found = []
    for token in _WORDS.findall(lowered):
        if token[0] >= "\u3400":
            found += [token[at : at + 2] for at in range(max(1, len(token) - 1))]
        elif token not in _FUNCTION_WORDS:
            found.append(_searched(token))
    return found


_searched_words: dict[str, str] = {}


def _searched(token: str) -> str:
    known = _searched_words.get(token)
    if known is None:
        known = STANDS_FOR.get(token, token)
        if len(known) > 4:
            cut = _ENDING.sub("", known)
            known = cut if len(cut) >= 3 else known
        elif len(known) == 4:
            known = known.removesuffix("s")
        if len(_searched_words) < 50_000:
            _searched_words[token] = known
    return known


def pieces(folded: str) -> frozenset[str]:
    """The runs of four letters in a text's words, their ends included: they tell “Steven” near “Steve”."""
    found = set()
    for token in _WORDS.findall(folded.lower().replace("'s", "")):
        if token[0] < "\u3400" and token not in _FUNCTION_WORDS:
            word = f" {token} "
            found.update(word[at : at + 4] for at in range(len(word) - 3))
    return frozenset(found)
