"""Outlets that a sentence takes its story from and that we do not know as sources yet. Pure.

An outlet we know is found by its name (speakers.cited_outlet). Of others the name must look like one, or the words
around it must say that it publishes: “according to Ola Berg” names no outlet.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from deals.choices import SourceKind
from ingest.names import NameIndex
from ingest.statements import Statement
from ingest.text import fold

# Of outlets that deals are reported by; kinds as choices.SourceKind.
_KNOWN = {
    SourceKind.WIRE: "Reuters|Bloomberg|Bloomberg News|Associated Press|AP|AFP|Agence France-Presse|Dow Jones|Xinhua|Kyodo|Yonhap|"
    "ANSA|DPA|dpa-AFX|PTI|MT Newswires|新华社|路透社?|彭博社?|财联社|Cailianshe",
    SourceKind.NEWSPAPER: "Financial Times|FT|Wall Street Journal|WSJ|New York Times|Washington Post|The Times|Guardian|Telegraph|"
    "Handelsblatt|Les Echos|Le Monde|Corriere della Sera|Il Sole 24 Ore|El País|Nikkei|Nikkei Asia|Asahi|Economic Times|Mint|"
    "South China Morning Post|Caixin|China Daily|Global Times|Süddeutsche Zeitung|Frankfurter Allgemeine|Bild|经济观察报|证券时报|"
    "中国证券报|上海证券报|第一财经|Yicai|Yicai Global|日经",
    SourceKind.TRADE_PRESS: "36kr|36Kr|36氪|LatePost|晚点|晚点LatePost|CnEVPost|CarNewsChina|Automotive News|Autocar|Car and Driver|"
    "Carscoops|Pandaily|TechCrunch|The Information|The Verge|Electrek|InsideEVs|Manager Magazin|Der Spiegel|Business Insider|"
    "Axios|Politico|CNBC|CNN|BBC|Fox Business|Sky News|雷峰网|虎嗅|盖世汽车|Gasgoo|The Paper|澎湃新闻",
    SourceKind.SOCIAL: "Weibo|WeChat|微博|微信",
}  # fmt: skip
KIND_OF = {name.casefold(): kind for kind, names in _KNOWN.items() for name in names.split("|")}
_MEDIUM = (
    r"(?:outlet|newspaper|paper|daily|weekly|magazine|website|web ?site|site|portal|blog|publication|broadcaster|news agency|agency|"
    r"media|newswire|channel|platform)"
)
_PRESS = (
    r"(?:\w*(?:News|Post|Times|Daily|Journal|Herald|Tribune|Gazette|Weekly|Review|Wire|Press|Telegraph|Chronicle|Observer|"
    r"Zeitung|blatt|Presse|Magazin|Media|TV|Radio|Globe|Mail|Insider|Monitor|Standard|Courier))"
)
_WORD = r"(?:[A-Z][\w&.'-]*[\w]|[A-Z]|\d+[A-Za-z][\w]*)"
_NAME = rf"(?P<name>{_WORD}(?: (?:{_WORD}|of|the|della|and)){{0,4}}?)"
_TELLS = r"(?:said|says|reported|reports|wrote|writes|quoted|cited|learned|learnt|had (?:written|reported|said)|revealed|broke)"
_WHEN = r"(?: (?:earlier|today|yesterday|first|also|exclusively|late|early|on|last|this|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|week|month))*"
_PATTERNS = tuple(
    (re.compile(pattern), sure)
    for pattern, sure in (
        (rf"\b(?:local |state |business |financial |Chinese |German |Japanese |another |news |media |online )*{_MEDIUM},? {_NAME},?{_WHEN} {_TELLS}\b", True),
        (rf"\b(?:according to|citing|cited by|reported by|quoted by|first reported (?:by|in)|told|by) (?:a report (?:by|from|in) )?(?:the |local |state |Chinese |German |media |news |outlet |newspaper )*{_MEDIUM} {_NAME}(?=[,.;\s]|$)", True),
        (rf"(?<![\w.-]){_NAME} {_MEDIUM},?{_WHEN} {_TELLS}\b", True),
        (rf"(?<![\w.-]){_NAME},?{_WHEN} {_TELLS}\b{_WHEN}[^.;]{{0,120}}?,? (?:citing|quoting|without (?:citing|naming))\b", True),
        (rf"(?<![\w.-]){_NAME},? (?:citing|quoting) (?:people|sources|a source|a person|unnamed|unidentified|insiders|executives|documents)\b", True),
        (rf"(?<![\w.-]){_NAME},?{_WHEN} {_TELLS}\b", False),
        (rf"\b(?:[Aa]ccording to|[Cc]iting|[Cc]ited by|[Rr]eported by|[Qq]uoted by|[Ff]irst reported (?:by|in)|[Rr]eports? (?:by|in|from)|told) (?:the )?{_NAME}(?=[,.;:)\s]|'s|$)", False),
        (rf"^[\w ,.]{{0,40}}\({_NAME}\) ?-", False),
    )
)  # fmt: skip
_CHINESE = re.compile(
    r"据(?:媒体)?《?(?P<name>[\w\u4e00-\u9fff·]{2,12}?)》?(?:的)?(?:\d{1,2}月\d{1,2}日)?(?:独家)?(?:报道|消息|获悉|援引|了解)"
    r"|(?P<first>^|[,。;\s])《?(?P<name2>[\w\u4e00-\u9fff·]{2,10}?)》?(?:今日|昨日|\d{1,2}月\d{1,2}日)?(?:独家)?(?:获悉|报道称|报道)"
    r"|《(?P<name3>[^》]{2,14})》"
)
_NO_OUTLET = re.compile(
    r"^(?:The|A|An|It|He|She|They|We|This|That|People|Sources?|Insiders?|Analysts?|Reports?|Media|Local|Both|Two|Company|Spokes\w+|"
    r"Mr|Ms|Mrs|Dr|January|February|March|April|May|June|July|August|September|October|November|December|\w+day|知情人士?|消息人士|媒体|"
    r"外媒|相关|上述|有关|公司|记者|本报|多家媒体|国内媒体)\b|^(?:知情|消息人士|多家|有|外媒|媒体|记者|相关|上述|公司)"
)


@dataclass(frozen=True)
class Cited:
    """An outlet named at [start, end) of a sentence, and its kind (choices.SourceKind) as far as it is known."""

    name: str
    start: int
    end: int
    kind: str = SourceKind.TRADE_PRESS


def unknown_outlet(folded: str) -> Cited | None:
    """The outlet that a folded sentence puts its story down to; one that words around it call an outlet comes first."""
    for pattern, sure in _PATTERNS:
        for found in pattern.finditer(folded):
            if cited := _cited(found["name"], found.start("name"), sure):
                return cited
    for found in _CHINESE.finditer(folded):
        group = "name" if found["name"] else "name2" if found["name2"] else "name3"
        name = found[group]
        # A title in 《》 alone may be a law or a film: it must be known, or end as papers do.
        sure = group != "name3" or bool(re.search(r"(?:报|社|网|周刊|日报|新闻|财经)$", name))
        if not _NO_OUTLET.match(name) and (sure or name.casefold() in KIND_OF):
            return _known(name, found.start(group))
    return None


def _cited(name: str, start: int, sure: bool) -> Cited | None:
    name = re.sub(r"(?:'s|,)$", "", name)
    if " and " in name and name.casefold() not in KIND_OF:  # “with Halden and Bloomberg reports”
        start, name = start + name.rindex(" and ") + 5, name.rpartition(" and ")[2]
    if _NO_OUTLET.match(name):
        rest = re.sub(r"^The ", "", name)
        if rest == name or not (rest.casefold() in KIND_OF or re.search(rf"\b{_PRESS}\b", rest)):
            return None
    if sure or _looks_like_one(name):
        return _known(name, start)
    return None


def _looks_like_one(name: str) -> bool:
    """Known, named as papers are, or spelt as only outlets spell themselves: “36kr”, “LatePost”."""
    plain = name.removeprefix("The ")
    return (
        plain.casefold() in KIND_OF
        or bool(re.search(rf"\b{_PRESS}$", plain))
        or bool(re.fullmatch(r"\d+[A-Za-z]\w*", plain))
    )


def _known(name: str, start: int) -> Cited:
    kind = KIND_OF.get(name.removeprefix("The ").casefold())
    if kind is None:
        paper = re.search(
            r"(?:Times|Post|Daily|Journal|Herald|Tribune|Gazette|Telegraph|Zeitung|blatt|日报|晚报|报)$", name
        )
        kind = SourceKind.NEWSPAPER if paper else SourceKind.TRADE_PRESS
    return Cited(name, start, start + len(name), kind)


_REQUEST = r"(?:(?:media |e-?mailed |written )?(?:requests?|questions?|queries|inquir\w+|enquir\w+|e-?mails?|calls?))"
_ASKED = re.compile(
    rf"\b(?:to|from|by) (?:the )?{_NAME}(?:'s?|s') {_REQUEST}|\b(?:to|from|by) (?:a |an )?{_NAME.replace('name', 'name2')} {_REQUEST}"
    rf"|\b{_REQUEST} (?:for (?:a )?comments? )?(?:from|by) (?:the )?{_NAME.replace('name', 'name3')}(?=[,.;\s]|$)"
    rf"|\bwhen (?:asked|contacted|reached) by (?:the )?{_NAME.replace('name', 'name4')}(?=[,.;\s]|$)"
)


def who_asked(folded: str) -> Cited | None:
    """The outlet that a company did not answer: it is where the word of the silence comes from."""
    for found in _ASKED.finditer(folded):
        group = next(name for name in ("name", "name2", "name3", "name4") if found[name])
        if cited := _cited(found[group], found.start(group), group in ("name", "name4")):
            return cited
    return None


def kind_of(name: str) -> str:
    """The kind (choices.SourceKind) of an outlet, as far as its name tells."""
    return _known(name, 0).kind


def attributed(found: Iterable[Statement], outlets: NameIndex, companies: NameIndex) -> list[Statement]:
    """The statements with the outlet that their sentence cites: a source that we know, or else its name."""
    cited: dict[str, Cited | None] = {}
    return [_attributed(statement, cited, outlets, companies) for statement in found]


def _attributed(
    statement: Statement, cited: dict[str, Cited | None], outlets: NameIndex, companies: NameIndex
) -> Statement:
    if (
        statement.origin is not None
        or statement.stance in ("mentions", "background")
        or statement.speaker_kind == "document"
    ):
        return statement
    if statement.passage not in cited:
        folded = fold(statement.passage)
        silent = statement.stance in ("no_comment", "no_response")
        cited[statement.passage] = silent and who_asked(folded) or unknown_outlet(folded)
    outlet = cited[statement.passage]
    if outlet is None or companies.find(outlet.name):
        return statement
    if known := outlets.find(outlet.name):
        return replace(statement, origin=known[0].id)
    return replace(statement, cites=statement.passage[outlet.start : outlet.end])
