"""What to search for: words from a claim's parties and kind of deal, and the address that asks for them. Pure.

The words are written as the common news search engines read them: "a name", OR, (one of these).
"""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlsplit

MARK = "{query}"
LONGEST_QUERY = 300  # characters, of what an editor may enter
LONGEST_PROPOSAL = 160
MOST_PARTIES = 2
MOST_NAMES = 2

# Letters by language, where they are not Latin ones: a Chinese search is asked for 捷豹路虎, not for JLR.
HAN = r"[\u3400-\u9fff]"
SCRIPTS = {
    "zh": HAN,
    "ja": r"[\u3040-\u30ff\u3400-\u9fff]",
    "ko": r"[\uac00-\ud7af]",
    "ru": r"[\u0400-\u04ff]",
    "uk": r"[\u0400-\u04ff]",
    "ar": r"[\u0600-\u06ff]",
    "hi": r"[\u0900-\u097f]",
}
NOT_LATIN = re.compile(r"[\u0370-\u1fff\u3040-\ud7af]")

# Language → kind of deal (choices.DealType) → words for it, each of which `wording.deal_words` reads as that kind.
DEAL_WORDS = {
    "en": {
        "equity_stake": ("stake", "shareholding", "investment in"),
        "acquisition": ("acquire", "acquisition", "takeover"),
        "merger": ("merger", "merge"),
        "joint_venture": ("joint venture",),
        "technology_licence": ("platform", "technology", "licence"),
        "co_development": ("jointly develop", "joint development"),
        "supply": ("supply", "supplier"),
        "capacity_investment": ("invest in plant", "expand production", "invest in factory"),
        "production_plan": ("production", "manufacture", "build"),
        "brand_reorganisation": ("rename", "rebrand", "spin-off"),
        "jv_termination": ("end joint venture", "exit joint venture"),
        "insolvency": ("bankruptcy", "insolvency"),
        "tie_up_unspecified": ("partnership", "cooperation", "alliance"),
    },
    "zh": {
        "equity_stake": ("入股", "持股", "股权"),
        "acquisition": ("收购", "并购"),
        "merger": ("合并",),
        "joint_venture": ("合资",),
        "technology_licence": ("平台", "授权", "技术"),
        "co_development": ("联合开发", "共同开发"),
        "supply": ("供应", "采购"),
        "capacity_investment": ("建厂", "扩产"),
        "production_plan": ("生产", "投产"),
        "brand_reorganisation": ("更名", "拆分"),
        "jv_termination": ("终止合资", "退出合资"),
        "insolvency": ("破产",),
        "tie_up_unspecified": ("合作", "联手", "结盟"),
    },
}
# What is said of any deal, and above all when it is denied or confirmed.
ANY_DEAL = {"en": ("deal", "talks", "denies", "confirms"), "zh": ("合作", "否认", "传闻", "回应")}


def propose_query(parties: Iterable[Sequence[str]], deal_type: str, language: str) -> str:
    """Words to search for: the names of the first parties, and one of the words of the deal. "" without a party.

    Each party is its names, the usual one first; those count that are written as the language is. What makes it too
    long is left out: words of the deal first, then second names.
    """
    tongue = language.partition("-")[0].lower()
    named: list[list[str]] = []
    for names in parties:
        chosen = best_names(names, tongue)
        heard = {name.casefold() for others in named for name in others}
        if chosen and not any(other in name.casefold() for name in chosen for other in heard):
            named.append(chosen)
    named = named[:MOST_PARTIES]
    words = deal_words_for(deal_type, tongue) if named else []
    while words and len(written(named, words)) > LONGEST_PROPOSAL:
        words.pop()
    if len(written(named, words)) > LONGEST_PROPOSAL:
        named = [names[:1] for names in named]
    return written(named, words)[:LONGEST_QUERY]


def best_names(names: Sequence[str], tongue: str) -> list[str]:
    """At most two names as the language writes them, else the usual name; none that holds a shorter one of them."""
    tidy = list(dict.fromkeys(plain for name in names if (plain := " ".join(name.replace('"', " ").split()))))
    fitting = [name for name in tidy if is_written_in(name, tongue)] or tidy[:1]
    return [
        name
        for name in fitting
        if not any(other != name and holds(name.casefold(), other.casefold()) for other in fitting)
    ][:MOST_NAMES]


def is_written_in(name: str, tongue: str) -> bool:
    return bool(re.search(SCRIPTS[tongue], name)) if tongue in SCRIPTS else not NOT_LATIN.search(name)


def holds(name: str, shorter: str) -> bool:
    """Whether who searches for the shorter name finds this one too."""
    if NOT_LATIN.search(shorter):
        return shorter in name
    return re.search(rf"\b{re.escape(shorter)}\b", name) is not None


def deal_words_for(deal_type: str, tongue: str) -> list[str]:
    kinds = DEAL_WORDS.get(tongue, {})
    words = kinds.get(deal_type) or kinds.get("tie_up_unspecified", ())
    return list(dict.fromkeys([*words, *ANY_DEAL.get(tongue, ())]))


def written(named: Iterable[Sequence[str]], words: Sequence[str]) -> str:
    return " ".join(one_of(some) for some in [*named, words] if some)


def one_of(words: Sequence[str]) -> str:
    quoted = [f'"{word}"' if re.search(r"[^\w]", word) else word for word in words]
    return quoted[0] if len(quoted) == 1 else f"({' OR '.join(quoted)})"


def address_of(template: str, query: str) -> str:
    """The template's address with these words in it, percent-encoded."""
    return template.replace(MARK, quote(" ".join(query.split()), safe="()"))


def trouble_with(template: str) -> str:
    """Why an address is no template, in a sentence; "" if it is one."""
    if template.count(MARK) != 1:
        return f"Write {MARK} exactly once, where the words belong that are searched for."
    if "{" in template.replace(MARK, "") or "}" in template.replace(MARK, ""):
        return f"No other braces than those of {MARK} can be filled."
    try:
        parts = urlsplit(template)
    except ValueError:
        return "That is not a valid address."
    if MARK not in parts.path and MARK not in parts.query:
        return f"{MARK} belongs behind the host: in the path, or behind the question mark."
    return ""
