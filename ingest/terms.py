"""The terms that a sentence states: amounts with their currency, stakes, dates, platforms, counts. Pure.

Proposals for an editor, no more. Each says where its words stand, so that they can be shown and checked.
"""

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from deals.choices import DealType, Precision, TermKind
from deals.terms import Fact
from ingest.text import fold


@dataclass(frozen=True)
class Proposal:
    """A term at [start, end) of a sentence."""

    fact: Fact
    words: str
    start: int
    end: int


MOST = 12
_ABOUT = (
    r"(?P<about>\b(?:about|around|approximately|approx\.?|roughly|some|nearly|almost|circa|an estimated|up to|as much as|"
    r"more than|over|at least|less than|under|as many as)\s+|[~≈]\s?|大?约|近|超过?|至少|最多|逾)?"
)
_NUMBER = r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
_SCALE = {
    "trillion": 10**12, "trn": 10**12, "tn": 10**12, "billion": 10**9, "bln": 10**9, "bn": 10**9, "b": 10**9,
    "million": 10**6, "mln": 10**6, "mn": 10**6, "m": 10**6, "thousand": 10**3, "k": 10**3,
    "万亿": 10**12, "千亿": 10**11, "百亿": 10**10, "十亿": 10**9, "亿": 10**8, "千万": 10**7, "百万": 10**6, "万": 10**4,
}  # fmt: skip
_SCALES = r"(?:[ -]?(?P<scale>trillion|trn|tn|billion|bln|bn|million|mln|mn|thousand|[bmk](?![a-z])|万亿|千亿|百亿|十亿|亿|千万|百万|万))?"
_SIGNS = {
    "US$": "USD", "HK$": "HKD", "A$": "AUD", "C$": "CAD", "S$": "SGD", "NT$": "TWD", "R$": "BRL", "$": "USD", "€": "EUR",
    "£": "GBP", "¥": "CNY", "₹": "INR", "₩": "KRW", "RMB": "CNY", "USD": "USD", "EUR": "EUR", "GBP": "GBP", "CNY": "CNY",
    "JPY": "JPY", "HKD": "HKD", "CHF": "CHF", "SEK": "SEK", "INR": "INR", "KRW": "KRW",
}  # fmt: skip
_NAMES = {
    "US dollars": "USD", "U.S. dollars": "USD", "Hong Kong dollars": "HKD", "Australian dollars": "AUD",
    "Canadian dollars": "CAD", "Canadian dlrs": "CAD", "U.S. dlrs": "USD", "dollars": "USD", "dlrs": "USD", "euros": "EUR",
    "euro": "EUR", "pounds sterling": "GBP", "pounds": "GBP", "stg": "GBP", "sterling": "GBP", "yuan": "CNY", "RMB": "CNY",
    "renminbi": "CNY", "yen": "JPY", "won": "KRW", "rupees": "INR", "Swiss francs": "CHF", "francs": "FRF",
    "Swedish crowns": "SEK", "Swedish kronor": "SEK", "crowns": "SEK", "marks": "DEM", "USD": "USD", "EUR": "EUR",
    "GBP": "GBP", "CNY": "CNY", "美元": "USD", "欧元": "EUR", "英镑": "GBP", "人民币": "CNY", "港元": "HKD", "日元": "JPY",
    "元": "CNY",
}  # fmt: skip


def _either(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


_AMOUNT = re.compile(
    rf"{_ABOUT}(?:(?<![A-Za-z])(?P<sign>{_either(_SIGNS)})\s?{_NUMBER}{_SCALES}(?!\s?%|\s?=|\w)"
    rf"|(?<![A-Za-z0-9.,$€£¥]){_NUMBER.replace('number', 'number2')}{_SCALES.replace('scale', 'scale2')}\s?(?P<name>{_either(_NAMES)})(?![a-z]))(?!\s(?:a|per)\s(?:share|unit)|\seach\b)",
)
_PERCENT = re.compile(rf"{_ABOUT}(?<![A-Za-z0-9.,]){_NUMBER}\s?-?(?:%|percent\b|per cent\b|pct\b|percentage)")
_PERCENT_ZH = re.compile(rf"(?P<about>大?约|近|超过?)?百分之{_NUMBER}")
_HOLDING = re.compile(
    r"\b(?:stakes?|shares?|shareholding|shareholders?|equity|interest|holding|holds?|owns?|owned|owning|ownership|acquire|"
    r"acquisition|buy|invest|control)\b|股|持有",
    re.IGNORECASE,
)
_HELD_AFTER = re.compile(
    r"^\s?(?:-\s?)?(?:(?:equity|minority|controlling|majority|voting|combined|outside) )*(?:stakes?|shares?|shareholding|interest|"
    r"holding|equity|owned|of (?!sales|revenue|the market|its sales|production|global|deliveries)|in (?!\d)|的?股)",
    re.IGNORECASE,
)
_HELD_BEFORE = re.compile(
    r"\b(?:stakes? (?:of|to)|own(?:s|ing|ed)?|hold(?:s|ing)?|acquir\w+|buy(?:s|ing)?|bought|for|interest of|raised? .{0,40} to|"
    r"shareholding (?:of|to)|控股|持股(?:比例)?(?:为|达)?|持有|收购|取得)\s?(?:an? )?(?:additional )?$",
    re.IGNORECASE,
)
_NO_STAKE = re.compile(
    r"\b(?:rose|fell|up|down|gain(?:ed|s)?|dropped|lost|jump\w*|climb\w*|slid|surg\w*|grew|increas\w*|declin\w*|premium|tariffs?"
    r"|margin|growth|duty|duties|tax|yield|rate) (?:by |of |to )?$",
    re.IGNORECASE,
)
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DATE = re.compile(
    rf"(?P<about>\b(?:around|about|as early as|as soon as|possibly|at the earliest)\s+(?:in |by )?)?"
    rf"\b(?P<how>by|in|from|until|before|starting|during|for|as early as|as soon as|since|on)\s+(?:the\s+)?(?:calendar\s+)?(?:"
    rf"(?P<part>end|start|beginning|middle|first half|second half|first quarter|second quarter|third quarter|fourth quarter"
    rf"|spring|summer|autumn|fall|H1|H2|Q[1-4]|early|mid|late)[ -]?(?:of\s+|in\s+)?(?:the\s+)?(?:(?P<pmonth>{_MONTHS})\s+)?{_YEAR}"
    rf"|(?P<month>{_MONTHS})(?:\s+(?P<day>\d{{1,2}}))?,?\s+{_YEAR.replace('year', 'year2')}"
    rf"|(?P<day2>\d{{1,2}})\s+(?P<month2>{_MONTHS})\s+{_YEAR.replace('year', 'year3')}"
    rf"|{_YEAR.replace('year', 'year4')})\b(?!-)"
)
_DATE_ZH = re.compile(
    r"(?P<year>20\d\d)年(?:(?P<month>\d{1,2})月(?:(?P<day>\d{1,2})日)?|(?P<part>上半年|下半年|底|初|第[一二三四]季度))?"
)
# The last month that a part of a year allows.
_LAST_MONTH = {
    "start": 3, "beginning": 3, "early": 4, "spring": 6, "middle": 8, "mid": 8, "summer": 9, "autumn": 12, "fall": 12,
    "first half": 6, "h1": 6, "q1": 3, "first quarter": 3, "q2": 6, "second quarter": 6, "q3": 9, "third quarter": 9,
    "上半年": 6, "初": 3, "第一季度": 3, "第二季度": 6, "第三季度": 9,
}  # fmt: skip
_CAPITAL = r"(?:[A-Z][\w.&-]*|[A-Z]?\d[\w-]*|\"[^\"]{1,30}\"|'[A-Z][^']{1,30}')"
_PLATFORM = re.compile(
    rf"(?P<name>{_CAPITAL}(?:'s)?(?:\s+(?:{_CAPITAL}|latest|new|hybrid|electric|and|pure-electric|all-electric|technology|"
    rf"vehicle|EV)){{0,6}})\s+(?:technology\s+)?(?:platforms?|architectures?)\b|(?P<zh>[A-Za-z0-9][\w-]{{1,15}})\s?(?:平台|架构)"
)
_COUNTED = {
    "model": "models",
    "brand": "brands",
    "vehicle": "vehicles",
    "plant": "plants",
    "factory": "factories",
    "car": "cars",
}
_WORDED = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12,
}  # fmt: skip
_COUNT = re.compile(
    rf"{_ABOUT}\b(?P<number>{'|'.join(list(_WORDED)[1:])}|\d{{1,3}}(?:,\d{{3}})*)\s+(?:[\w-]+\s+){{0,5}}?"
    r"(?P<what>models|brands|vehicles|plants|factories|cars)\b|(?P<zh>[两二三四五六七八九十]|\d{1,3})(?:款|个)(?:全?新)?[^,。;]{0,8}?(?P<zhwhat>车型|品牌|工厂)"
)
_ZH_NUMBERS = {"两": 2, **{char: at for at, char in enumerate("一二三四五六七八九十", 1)}}
_ZH_COUNTED = {"车型": "models", "品牌": "brands", "工厂": "factories"}

# What a claim of a kind turns on: ticked in advance. Of other kinds everything is.
_TURNS_ON: dict[str, frozenset[str]] = {
    DealType.EQUITY_STAKE: frozenset({TermKind.AMOUNT, TermKind.STAKE}),
    DealType.ACQUISITION: frozenset({TermKind.AMOUNT, TermKind.STAKE, TermKind.DATE}),
    DealType.MERGER: frozenset({TermKind.AMOUNT, TermKind.STAKE, TermKind.DATE}),
    DealType.TECHNOLOGY_LICENCE: frozenset({TermKind.PLATFORM, TermKind.DATE, TermKind.COUNT}),
    DealType.CO_DEVELOPMENT: frozenset({TermKind.PLATFORM, TermKind.DATE, TermKind.COUNT}),
    DealType.PRODUCTION_PLAN: frozenset({TermKind.DATE, TermKind.COUNT, TermKind.PLATFORM}),
    DealType.CAPACITY_INVESTMENT: frozenset({TermKind.AMOUNT, TermKind.DATE}),
}


def turns_on(deal_type: str, kind: str) -> bool:
    """Whether a claim of this type is likely to state a term of this kind."""
    return kind in _TURNS_ON.get(deal_type, frozenset(TermKind.values))


def proposed_terms(sentence: str, published: date | None = None) -> list[Proposal]:
    """The terms of a sentence in reading order, at most twelve. Dates before its publication are no terms."""
    folded = fold(sentence)
    found = [*_amounts(folded), *_stakes(folded), *_dates(folded, published), *_platforms(folded), *_counts(folded)]
    kept: list[Proposal] = []
    for fact, start, end in sorted(found, key=lambda hit: (hit[1], hit[1] - hit[2])):
        while start < end and sentence[start].isspace():
            start += 1
        words = sentence[start:end].rstrip()
        if any(held.fact.kind == fact.kind and held.words == words for held in kept):
            continue
        kept.append(Proposal(fact, words, start, start + len(words)))
    return kept[:MOST]


_Hit = tuple[Fact, int, int]


def _number(digits: str, scale: str | None) -> Decimal | None:
    try:
        number = Decimal(digits.replace(",", "")) * _SCALE.get((scale or "").lower() or "", 1)
    except InvalidOperation:
        return None
    return number if 0 < number < 10**15 else None


def _amounts(folded: str) -> Iterable[_Hit]:
    for found in _AMOUNT.finditer(folded):
        digits, scale = found["number"] or found["number2"], found["scale"] or found["scale2"]
        number = _number(digits, scale)
        if number is None or _RATE.search(folded[: found.start()]):
            continue
        currency = _SIGNS[found["sign"]] if found["sign"] else _NAMES[found["name"]]
        yield Fact(TermKind.AMOUNT, bool(found["about"]), number, currency), *found.span()


_RATE = re.compile(r"(?:\$|€|£|¥)1 = $")


def _stakes(folded: str) -> Iterable[_Hit]:
    if not _HOLDING.search(folded):
        return
    for found in [*_PERCENT.finditer(folded), *_PERCENT_ZH.finditer(folded)]:
        number, before = _number(found["number"], None), folded[max(0, found.start() - 60) : found.start()]
        if number is None or number > 100 or _NO_STAKE.search(before):
            continue
        if _HELD_AFTER.match(folded[found.end() :]) or _HELD_BEFORE.search(before):
            yield Fact(TermKind.STAKE, bool(found["about"]), number), *found.span()


def _dates(folded: str, published: date | None) -> Iterable[_Hit]:
    for found in _DATE.finditer(folded):
        if found["how"] in ("since", "for") or found["how"] == "on" and not published:
            continue
        year = int(found["year"] or found["year2"] or found["year3"] or found["year4"])
        month = found["pmonth"] or found["month"] or found["month2"]
        numbered = _MONTHS.split("|").index(month) + 1 if month else None
        about = bool(found["about"]) or found["how"] in ("as early as", "as soon as")
        until = found["how"] in ("by", "until", "before")
        last = _last_day(year, numbered, int(found["day"] or found["day2"] or 0), found["part"], until)
        if last and not (published and last[0] < published) and not _PAST.search(folded[: found.start()]):
            yield Fact(TermKind.DATE, about, day=last[0], precision=last[1]), *found.span()
    for found in _DATE_ZH.finditer(folded):
        last = _last_day(int(found["year"]), int(found["month"] or 0) or None, int(found["day"] or 0), found["part"])
        if last and not (published and last[0] < published):
            yield Fact(TermKind.DATE, day=last[0], precision=last[1]), *found.span()


_PAST = re.compile(r"\b(?:founded|established|set up|formed|was|were|had|ended|began|since) (?:\w+ ){0,2}$")


def _last_day(
    year: int, month: int | None, day: int, part: str | None, until: bool = False
) -> tuple[date, Precision] | None:
    """The last day that the words allow, and how exact that is."""
    if month is not None and not 1 <= month <= 12:
        return None
    if day and month:
        return (date(year, month, day), Precision.DAY) if day <= calendar.monthrange(year, month)[1] else None
    if month is None:
        last = _LAST_MONTH.get((part or "").lower(), 12)
        bare = Precision.BY if part or until else Precision.YEAR
        return date(year, last, calendar.monthrange(year, last)[1]), bare
    return date(year, month, calendar.monthrange(year, month)[1]), Precision.BY if until else Precision.MONTH


_NO_PLATFORM = frozenset({"The", "This", "That", "These", "Its", "A", "An", "Both", "Their", "Online", "Social"})


def _platforms(folded: str) -> Iterable[_Hit]:
    for found in _PLATFORM.finditer(folded):
        name = (found["name"] or found["zh"]).strip().removesuffix("'s")
        if name.split()[0] not in _NO_PLATFORM and len(name) <= 100:
            yield Fact(TermKind.PLATFORM, name=name), found.start(), found.end()


def _counts(folded: str) -> Iterable[_Hit]:
    for found in _COUNT.finditer(folded):
        if found["zh"]:
            number = _ZH_NUMBERS.get(found["zh"]) or int(found["zh"])
            yield Fact(TermKind.COUNT, number=Decimal(number), name=_ZH_COUNTED[found["zhwhat"]]), *found.span()
            continue
        digits = found["number"]
        number = _WORDED.get(digits.lower()) or int(digits.replace(",", ""))
        if not 0 < number < 10**6 or re.match(r"^(?:19|20)\d\d$", digits):
            continue
        yield Fact(TermKind.COUNT, bool(found["about"]), Decimal(number), name=found["what"]), *found.span()
