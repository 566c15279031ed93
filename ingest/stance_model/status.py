"""What a report as a whole does for the deal it speaks of: confirms, denies, rumors, is silent, or something else. Pure.

For a report without a claim to hold it against: a headline and its first paragraph. The question is who speaks: the
same “in talks” is a confirmation from the company and a rumor from traders.
"""

import re

from ingest import cues
from ingest.stance_model.features import Features
from ingest.text import fold

STATUS_LABELS = ("confirmed", "denied", "rumor", "no_comment", "other")


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)


_FORM = (
    r"(?:inc|corp|corporation|co|company|companies|ltd|limited|plc|llc|lp|group|holdings?|ag|sa|s\.a|nv|n\.v|se|gmbh|bv|kk|oyj|"
    r"bank|bancorp|association|airlines?|industries|international|partners|technologies|motors?|energy|systems|partnership)"
)
_SAID = r"(?:said|says|announced|announces|confirmed|confirms|disclosed|told|reported|stated|added|reiterated)"
# What follows those who speak: “traders said”, “analysts in London expect”; and a buyer among them.
_VOICED = (
    r"(?: [^.,]{0,30})? ?\b(?:said|say|says|saw|see|sees|expect|believe|told|estimate|speculate|noted|boosted|bid up)\b"
)
# Who speaks, from the strongest word down; the first that is found counts.
WHO = {
    "unnamed": _any(
        r"\b(?:\w+ )?sources?(?: \w+){0,6}? (?:said|say|says|told|with)\b", r"\bsources (?:familiar|close|linked)\b",
        r"\b(?:people|persons?|officials?|bankers|executives?) (?:familiar|close|briefed|with (?:direct )?knowledge)\b",
        r"\bwho (?:asked|declined|requested) (?:not )?to be (?:named|identified)\b|\b(?:on condition of|asking for|requested) anonymity\b",
        r"\binsiders?\b|\bpeople (?:said|with knowledge)\b", "知情人|消息人士|内部人士",
    ),
    "market": _any(
        rf"\b(?:traders?|brokers?|dealers?|speculators?|arbitrageurs?|market (?:participants|players|sources|watchers))\b{_VOICED}",
        r"\bmarket (?:rumou?rs?|talk|speculation)\b", r"\b(?:stocks?|shares?)\b.{0,60}\b(?:rumou?rs?|speculation)\b",
        r"\b(?:rumou?rs?|speculation)\b.{0,80}\b(?:stocks?|shares?)\b", r"\bon (?:\w+ )?(?:rumou?rs?|speculation)\b",
    ),
    "analyst": _any(rf"\b(?:analysts?|observers|experts)\b{_VOICED}", r"\bby analysts\b", r"\b(?:seen|believed|thought|tipped) (?:by|as|to)\b", "分析师"),
    "media": _any(
        r"\b(?:newspaper|magazine|daily|weekly|journal|times|bloomberg|reuters|cnbc|ft|wsj|paper|broadcaster|media) (?:\w+ )?(?:reported|reports|said|says)\b",
        r"\baccording to (?:a |an |the )?(?:\w+ ){0,4}(?:reports?|newspaper|media|magazine|paper)\b", r"\b(?:a|the|media|press|newspaper) reports? (?:said|says|that)\b",
        r"\breportedly\b|\bis reported to\b|\breported on (?:\w+day|its website)\b", "据报道|媒体报道",
    ),
}  # fmt: skip
_OFFICIAL = _any(
    rf"\b{_FORM}\b\.?(?:'s)?(?: \([^)]*\))?(?:,[^,]{{1,90}},| [^.,]{{0,60}}?)? ?\b{_SAID}\b",
    rf"\b(?:spokes(?:man|woman|person)|officials?|chairman|president|chief executive|ceo|director|board|officer|minist(?:er|ry)|treasury|"
    rf"government|commission|court|company|firm|airline|bank|it|he|she|they|both|two|companies)\b(?: [^.,]{{0,40}})? ?\b{_SAID}\b",
    rf"\b{_SAID} (?:in|on) (?:a|an|its|the) (?:\w+ )?(?:statement|filing|website)\b|\btold (?:the )?(?:securities|sec|new york stock|exchange|reporters|shareholders|staff)",
    r"\b(?:filing|statement|prospectus|letter to shareholders|press release)\b",
    r"\bspokes(?:man|woman|person)\b",
    "表示|公告|宣布|发言人",
)
_NAMED_SAID = re.compile(rf"^(?:\W*[A-Z][\w&.'-]*\W+){{1,8}}?(?:<[^>]*>\W*)?(?:[^.]{{0,120}}?)\b{_SAID}\b")
# What is said.
WHAT = {
    "denial": cues.DENIAL,
    "contact": cues.NEGATED,
    "ended": _any(
        cues.ENDED.pattern,
        r"\b(?:drops?|dropp(?:ed|ing)|ends?|ended|scraps?|scrapped|suspends?|suspended|shelves|shelved|withdraws?|withdrew|withdrawn|abandons?|"
        r"abandoned|terminates?|terminated|cancels?|cancel+ed|calls? off|called off|breaks? off|broke off|walks? away|collapsed?|fails?|failed|lapsed?|"
        r"rejects?|rejected|rebuffs?|rebuffed|rebukes?|spurns?|spurned|refuses|turns? down|turned down|no longer)\b"
        r"[^.]{0,60}\b(?:talks|negotiations|discussions|bids?|offers?|plans?|merger|deal|agreement|buyout|acquisition|takeover|proposal|sale|approach|venture|partnership)\b",
        r"\b(?:talks|negotiations|bid|offer|plans?|merger|deal|agreement|buyout|acquisition|takeover)\b(?! (?:that|which) )[^.]{0,40}\b(?:dropped|ended|scrapped|suspended|shelved|withdrawn|abandoned|terminated|cancel+ed|called off|broken off|collapsed?|fail(?:ed|s)|rejected|off)\b",
        r"\b(?:not|no) (?:been able|able|intention|intend|longer|proceed|interested)\b",
    ),
    "silent": _any(
        cues.NO_COMMENT.pattern, cues.NO_RESPONSE.pattern,
        r"\b(?:no comment|declin\w+ (?:to )?comment|mum|silent|tight-lipped|refus\w+ (?:to )?comment|not (?:be )?available for comment|premature)\b",
        r"\b(?:knows? of no|unaware of (?:any )?|no) (?:reasons?|corporate developments?|explanation)\b",
    ),
    "done": _any(
        r"\b(?:complet|finali[sz]|conclud|clos)(?:e|es|ed|ing)\b", r"\b(?:has |have |had )?(?:acquired|bought|purchased|sold|merged|signed|agreed|formed|taken over|raised|reduced|increased|divested)\b",
        r"\b(?:buys|sells|acquires|takes over|signs|agrees|approves?d?|to (?:buy|acquire|sell|merge|purchase|form|take over))\b",
        r"\b(?:definitive|preliminary|merger|purchase)? ?(?:agreement|contract|pact|letter of intent|accord|deal)\b", r"\bapprov(?:ed|al|es)\b",
    ),
    "stake": _any(r"\bstakes?\b", r"\b(?:pct|percent|%) of\b", r"\bshares\b", r"\btender(?:ed)?\b"),
    "talks": _any(
        r"\b(?:in|hold(?:s|ing)?|held|begun|began|resum\w+) (?:\w+ ){0,2}(?:talks|negotiations|discussions)\b",
        r"\b(?:discuss|negotiat)(?:es|ed|ing)\b|\b(?:talks|negotiations|discussions) (?:with|on|about|over|to|are|were)\b",
    ),
    "seeks": _any(r"\b(?:consider|study|mull|explor|weigh|seek|eye|evaluat|review|plan|intend|propos|want|may|might|could)(?:s|es|ed|ing|ies|ying)?\b"),
    "bids": _any(
        r"\b(?:launch|start|begin|began|begun|commenc|mak|made|submit|propos|extend|sent|receiv|get)\w*\b[^.]{0,50}\b(?:offers?|bids?|proposals?)\b|\boffer(?:s|ed|ing)? (?:to|for)\b",
    ),
    "offer": _any(r"\b(?:offer|bid|tender|proposal)s?\b"),
    "rumor": _any(r"\brumou?r(?:s|ed)?\b|\bspeculat\w+\b|\btalk\b|\bunconfirmed\b|\breportedly\b|\bbelieved\b|\bsaid to be\b|\bexpected\b|\bmarket talk\b", "传闻|据传|据悉"),
    "court": _any(r"\b(?:court|judge|injunction|lawsuit|sued|suit|motion|ruling|ruled|antitrust|regulators?|justice department)\b"),
    "verdict": _any(
        r"\b(?:courts?|judges?)\b[^.]{0,80}\b(?:den(?:y|ies|ied)|grant|rul|uph[eo]ld|declin|refus|dismiss|lift|block|order|approv|clear)\w*\b",
    ),
    "rating": _any(r"\b(?:moody's|s and p|standard (?:and|&) poor's|ratings?|downgrade|upgrade|under review|creditwatch)\b"),
    "price": _any(
        r"\b(?:soar|jump|climb|surg|rall|gain|r[io]se|up|lift|fall|fell|drop|slip|boost|higher|lower)(?:s|ed|ing|ied|en)?\b(?=[^.]{0,60}\b(?:on|after|following|amid|as|to|\d))",
    ),
    "opinion": _any(r"\b(?:disappointed|pleased|welcom\w+|believes?|hopes?|confident|satisfied|unhappy|critici[sz]\w+|urg\w+|should)\b"),
    "undecided": _any(
        r"\bno (?:decision|action)\b|\bnot (?:yet )?(?:decided|reached|made|determined)\b|\b(?:study|consider|explore|review)\w* (?:\w+ )?(?:alternatives|options|proposals?|offers?)\b",
        r"\bindecisive\b|\bcommittee\b|\bwithin (?:a|two|three) weeks?\b|\bto be announced\b|\bwill (?:respond|decide|announce|consider|review)\b",
    ),
    "fee": _any(r"\b(?:fees?|costs?|charges?|earnings|profit|loss|dividend|results?|restructur\w+|financing|refinanc\w+|names?d?|appoint\w+|resign\w+)\b"),
}  # fmt: skip


def status_features(headline: str, lead: str) -> Features:
    """The features of a report: who speaks, what is said, and both together."""
    title, body = fold(headline), fold(lead)
    found = Features()
    speaker = _speaker(title, body)
    values = found.values
    values[f"who:{speaker}"] = 1.0
    said = set()
    for kind, pattern in WHAT.items():
        in_title, in_body = bool(pattern.search(title)), bool(pattern.search(body))
        if in_title:
            values[f"title:{kind}"] = 1.0
        if in_body:
            values[f"lead:{kind}"] = 1.0
        if in_title or in_body:
            said.add(kind)
            values[f"said:{kind}"] = 1.0
            values[f"{speaker} says {kind}"] = 1.0
    # What courts and raters say is theirs, whoever passes it on.
    if not said & {"denial", "ended", "silent", "verdict", "rating"}:
        values["neither denied nor silent"] = 1.0
        if speaker == "official":
            values["an official speaks and denies nothing"] = 1.0
    if not body:
        values["headline alone"] = 1.0
    return found


def _speaker(title: str, body: str) -> str:
    both = f"{title}\n{body}"
    for kind, pattern in WHO.items():
        if pattern.search(body or title):
            return kind
    if (
        _OFFICIAL.search(both)
        or re.search(r"\b(?:says?|said|tells)\b", title, re.IGNORECASE)
        or _NAMED_SAID.search(body)
    ):
        return "official"
    return "outlet"
