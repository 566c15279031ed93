"""What it costs to match an entry, by how much is tracked.

    python bench/matching.py [claims]       default: 10000

Makes companies with three aliases each (one in ten with Chinese ones, one in five with a parent) and claims between
them, both as unequally shared as in the news: few companies have most claims. Then measures, with a tenth of it and
with all:

- matched: the names in headline and opening, and the claims ranked (`Profiles.rank`);
- read: the whole entry, sentence by sentence, with stance and speakers (`Profiles.read`);
- put in: a company or claim that changed taken into what is held;
- memory that profiles, names and indexes hold, after all entries were matched once.

Of the entries (a headline and a summary) a third names parties of one claim, a third names one tracked company, and a
third nothing that is tracked. Times are of the processor: other processes do not count. Prints a table and, as its last line, one JSON object; times in milliseconds.
"""

import gc
import json
import platform
import random
import sys
import time
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from ingest.matching import Profiles
from ingest.names import CompanyProfile
from ingest.profiles import ClaimProfile

ALIASES = 3
ENTRIES = 3_000
KINDS = {
    "equity_stake": "{} will take a stake of {} percent in {}",
    "acquisition": "{} will acquire {1} for {} billion dollars",
    "joint_venture": "{} and {} will form a joint venture for {} in {}",
    "technology_licence": "{} will use the {} platform of {}",
    "supply": "{} will supply {} to {}",
    "production_plan": "{} and {} will produce {} in {}",
}
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "or", "en")]
HAN = [chr(code) for code in range(0x5300, 0x5400)]
THINGS = ["batteries", "vans", "trucks", "motors", "chips", "sedans", "cathodes", "software", "buses", "axles"]
PLACES = ["Hull", "Hefei", "Leipzig", "Turin", "Busan", "Pune", "Ghent", "Bratislava", "Toledo", "Rayong"]
FILLER = (
    "Shares of suppliers were little changed in morning trade as investors waited for figures on sales in the third quarter.",
    "The ministry said on Monday that it would publish new rules on subsidies before the end of the year.",
    "Analysts had expected demand to recover after two weak months, but orders from abroad stayed below the average.",
)


def word(chance: random.Random) -> str:
    return "".join(chance.choice(SYLLABLES) for _ in range(chance.randint(3, 4))).capitalize()


def companies_of(number: int, chance: random.Random) -> list[CompanyProfile]:
    found = []
    for id in range(1, number + 1):
        name = f"{word(chance)} {chance.choice(('Motors', 'Auto', 'Energy', 'Group', 'Technologies'))}"
        ticker = "".join(chance.choice("ABCDEFGHIKLMNOPRSTVWX") for _ in range(4))
        aliases = [name.split()[0], ticker, f"{name} Holdings"]
        if id % 10 == 0:
            aliases[2] = "".join(chance.choice(HAN) for _ in range(4))
        parents = frozenset({chance.randint(1, id - 1)}) if id > 1 and chance.random() < 0.2 else frozenset()
        found.append(CompanyProfile(id, name, tuple(aliases), parents))
    return found


def claims_of(number: int, companies: list[CompanyProfile], chance: random.Random) -> list[ClaimProfile]:
    """Claims whose parties are drawn so that a few companies have most of them."""
    found = []
    for id in range(1, number + 1):
        one, other = (companies[int(len(companies) * chance.random() ** 3)] for _ in range(2))
        kind = chance.choice(list(KINDS))
        wording = f"{one.name} and {other.name}: {kind.replace('_', ' ')} for {chance.choice(THINGS)} in {chance.choice(PLACES)}, {chance.randint(2, 90)} percent"
        headlines = tuple(
            f"{one.aliases[0]} said to plan {kind.replace('_', ' ')} with {other.aliases[0]}" for _ in range(2)
        )
        found.append(ClaimProfile(id, wording, frozenset({one.id, other.id}), kind, headlines=headlines))
    return found


def entries_of(
    claims: list[ClaimProfile], companies: list[CompanyProfile], chance: random.Random
) -> list[tuple[str, str]]:
    by_id = {company.id: company for company in companies}
    found = []
    for number in range(ENTRIES):
        rest = " ".join(chance.sample(FILLER, 2))
        if number % 3 == 0:
            claim = claims[int(len(claims) * chance.random())]
            one, *others = (by_id[id] for id in sorted(claim.parties))
            other = others[0] if others else one
            said = f"{one.aliases[0]} is in talks with {other.name} on {claim.type.replace('_', ' ')}, people familiar with the matter said."
            found.append((f"{one.name} in talks with {other.aliases[0]}", f"{said} {rest}"))
        elif number % 3 == 1:
            one = companies[int(len(companies) * chance.random() ** 3)]
            found.append(
                (f"{one.aliases[0]} sells more {chance.choice(THINGS)}", f"{one.name} said sales rose. {rest}")
            )
        else:
            found.append((f"Prices of {chance.choice(THINGS)} fall in {chance.choice(PLACES)}", rest))
    return found


def milliseconds(run, over) -> list[float]:
    found = []
    for one in over:
        begun = time.process_time()
        run(one)
        found.append(1000 * (time.process_time() - begun))
    return sorted(found)


def at(share: float, ordered: list[float]) -> float:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4)


def measure(number: int) -> dict[str, float]:
    chance = random.Random(7)
    companies = companies_of(number, chance)
    claims = claims_of(number, companies, chance)
    entries = entries_of(claims, companies, chance)
    gc.collect()
    tracemalloc.start()
    begun = time.process_time()
    profiles = Profiles(companies, claims)
    built = time.process_time() - begun
    for headline, text in entries:
        profiles.rank(headline, text)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    right = sum(
        bool(ranked) and ranked[0].claim == claim.id
        for claim in claims[:300]
        for ranked in [profiles.rank(claim.wording)]
    )
    matched = milliseconds(lambda entry: profiles.rank(*entry), entries)
    read = milliseconds(lambda entry: profiles.read(*entry), entries)
    put = milliseconds(profiles.put_claim, claims[:200]) + milliseconds(profiles.put_company, companies[:200])
    return {
        "claims": number,
        "aliases": number * ALIASES,
        "matched_median": at(0.5, matched),
        "matched_p95": at(0.95, matched),
        "read_median": at(0.5, read),
        "read_p95": at(0.95, read),
        "put_in_median": at(0.5, sorted(put)),
        "built_seconds": round(built, 2),
        "memory_mb": round(held / 1e6, 1),
        "own_wording_first": round(right / 300, 3),
    }


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    few, many = measure(number // 10), measure(number)
    print(f"{'':20} {few['claims']:>12,} {many['claims']:>12,} claims")
    for name in few:
        print(f"{name:20} {few[name]:>12,} {many[name]:>12,}")
    growth = round(many["matched_median"] / few["matched_median"], 2)
    growth_p95 = round(many["matched_p95"] / few["matched_p95"], 2)
    print(f"Ten times as much tracked: {growth} times the time at the median, {growth_p95} times at p95.")
    print(json.dumps({"python": platform.python_version(), "few": few, "many": many,
                      "growth_median": growth, "growth_p95": growth_p95}))  # fmt: skip


if __name__ == "__main__":
    main()
