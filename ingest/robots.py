"""What a robots.txt lets us fetch, as RFC 9309 has it, with `*` and `$`; and the pause that it asks for. Pure.

Not Python's own parser: it takes the first rule that fits in place of the longest, and knows no wildcards. Nor regular
expressions: a pattern with many stars must not hang us. Each match is a walk through the path.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes, urlsplit

LARGEST = 500_000  # bytes; what stands behind them is not read
MOST_RULES = 2_000
LONGEST_PATTERN = 500
LONGEST_PAUSE = 60.0  # seconds

LINE = re.compile(r"\s{0,20}([a-z-]{1,30})\s{0,20}:(.{0,2000})", re.IGNORECASE)
# What may stand in a path as it is; what else is there is compared percent-encoded.
PLAIN = "/:@!$&'()*+,;=~-._?#[]"


@dataclass(frozen=True)
class Rules:
    """Of one host, for us: (whether it allows, pattern), and the seconds to leave between two requests."""

    rules: tuple[tuple[bool, str], ...] = ()
    pause: float = 0.0


def parse(body: bytes, agent: str) -> Rules:
    """The rules of all groups that name our agent, else of those for everybody; none for what is no robots.txt."""
    ours, everybodys = Group(), Group()
    named: list[str] = []
    in_rules = False
    for line in body[:LARGEST].decode("utf-8-sig", "replace").splitlines():
        found = LINE.match(line.partition("#")[0])
        if not found:
            continue
        word, value = found[1].lower(), found[2].strip()
        if word == "user-agent":
            if in_rules:
                named, in_rules = [], False
            named.append(value.lower())
        elif word in ("allow", "disallow", "crawl-delay"):
            in_rules = True
            if agent.lower() in map(token, named):
                ours.add(word, value)
            if "*" in named:
                everybodys.add(word, value)
    return (ours if ours.met else everybodys).rules()


def token(name: str) -> str:
    """The product that a user-agent line names: “hearsay/2.0” is hearsay."""
    found = re.match(r"[a-z_-]+", name)
    return found[0] if found else name


class Group:
    """What stands in the groups for one agent, taken together."""

    def __init__(self) -> None:
        self.met, self.pause = False, 0.0
        self.patterns: list[tuple[bool, str]] = []

    def add(self, word: str, value: str) -> None:
        self.met = True
        if word == "crawl-delay":
            self.pause = seconds(value)
        elif value and len(value) <= LONGEST_PATTERN and len(self.patterns) < MOST_RULES:
            self.patterns.append((word == "allow", plain(value)))

    def rules(self) -> Rules:
        return Rules(tuple(self.patterns), self.pause)


def seconds(value: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value):
        return 0.0
    return min(float(value), LONGEST_PAUSE)


def allows(rules: Rules, url: str) -> bool:
    """Whether the address may be fetched: the longest pattern that fits decides, and of two as long the one that allows."""
    parts = urlsplit(url)
    path = plain((parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
    if path == "/robots.txt":
        return True
    fitting = [(len(pattern), allowed) for allowed, pattern in rules.rules if fits(pattern, path)]
    return max(fitting)[1] if fitting else True


def plain(path: str) -> str:
    """In one spelling: what needs no encoding has none, the rest has it in capitals."""
    if "%" not in path and path.isascii():
        return path
    encoded = re.sub(r"%(2[fF]|3[fF]|2[aA]|24|25)", r"\0\1", path)  # what would mean something else if it were decoded
    pieces = [quote(unquote_to_bytes(piece), safe=PLAIN) for piece in encoded.split("\0")]
    return pieces[0] + "".join(f"%{piece[:2].upper()}{piece[2:]}" for piece in pieces[1:])


def fits(pattern: str, path: str) -> bool:
    anchored = pattern.endswith("$")
    first, *rest = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    if not rest:
        return not anchored or path == first
    at = len(first)
    for piece in rest[:-1]:
        at = path.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    last = rest[-1]
    return path.endswith(last) and len(path) - len(last) >= at if anchored else path.find(last, at) >= 0
