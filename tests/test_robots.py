"""robots.txt as RFC 9309 has it: groups, the longest rule, wildcards, encodings; whatever strangers write in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.robots import LONGEST_PAUSE, Rules, allows, parse

SITE = "https://news.example"


def may(text, path, agent="Hearsay"):
    return allows(parse(text.encode(), agent), SITE + path)


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("User-agent: *\nDisallow: /private", "/private/a", False),
        ("User-agent: *\nDisallow: /private", "/public", True),
        # Ours alone counts where it is named, whatever its case or version, and all groups that name us together.
        ("User-agent: *\nDisallow: /\nUser-agent: hearsay\nAllow: /", "/a", True),
        ("User-agent: HEARSAY/2.0\nDisallow: /", "/a", False),
        ("User-agent: Hearsaying\nDisallow: /", "/a", True),
        ("User-agent: a\nUser-agent: hearsay\nDisallow: /a\nUser-agent: hearsay\nDisallow: /b", "/b", False),
        ("User-agent: a\nUser-agent: hearsay\nDisallow: /a\nUser-agent: hearsay\nDisallow: /b", "/a", False),
        ("User-agent: other\nDisallow: /", "/a", True),
        # The longest rule wins, and of two the one that allows.
        ("User-agent: *\nDisallow: /news\nAllow: /news/open", "/news/open/1", True),
        ("User-agent: *\nAllow: /news\nDisallow: /news/closed", "/news/closed/1", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),
        # Wildcards and the end.
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf", False),
        ("User-agent: *\nDisallow: /*.pdf$", "/x/y.pdf?a=1", True),
        ("User-agent: *\nDisallow: /a$", "/a", False),
        ("User-agent: *\nDisallow: /a$", "/ab", True),
        ("User-agent: *\nDisallow: /*/print", "/2024/print", False),
        ("User-agent: *\nDisallow: /a*a$", "/a", True),
        ("User-agent: *\nDisallow: /*?*session=", "/a?b=1&session=2", False),
        # One spelling of an address, whoever encoded it.
        ("User-agent: *\nDisallow: /新闻", "/%E6%96%B0%E9%97%BB/1", False),
        ("User-agent: *\nDisallow: /%e6%96%b0", "/新/1", False),
        ("User-agent: *\nDisallow: /%7Ejoe", "/~joe/a", False),
        ("User-agent: *\nDisallow: /a%2fb", "/a/b", True),
        ("User-agent: *\nDisallow: /a%2fb", "/a%2Fb", False),
        # Comments, marks, other ends of lines, and what is none of ours.
        ("\ufeffUser-agent: * # all\r\nDisallow: /a # not this\r\n", "/a", False),
        ("Sitemap: /x\nUser-agent: *\nCrawl-delay: 5\nDisallow: /a", "/a", False),
        ("<html><body>User-agent: * Disallow: /</body></html>", "/a", True),
        ("Disallow: /", "/a", True),
    ],
)
def test_what_a_robots_txt_allows(text, path, allowed):
    assert may(text, path) is allowed


@pytest.mark.parametrize(
    ("delay", "pause"), [("10", 10), ("0.5", 0.5), ("86400", LONGEST_PAUSE), ("-1", 0), ("soon", 0), ("1e9", 0)]
)
def test_the_pause_that_is_asked_for_is_kept_within_bounds(delay, pause):
    assert parse(f"User-agent: *\nCrawl-delay: {delay}\nDisallow:".encode(), "Hearsay").pause == pause


def test_a_pattern_of_many_stars_is_matched_in_a_walk():
    rules = parse(b"User-agent: *\nDisallow: /" + b"*a" * 200 + b"*b", "Hearsay")

    assert allows(rules, f"{SITE}/{'a' * 2000}")


@given(st.binary(max_size=300), st.text(max_size=50))
def test_nothing_that_strangers_write_breaks_it(body, path):
    rules = parse(b"User-agent: *\nDisallow: /" + body, "Hearsay")

    assert allows(rules, f"{SITE}/{path}".replace("[", "").replace("]", "")) in (True, False)
    assert allows(Rules(), f"{SITE}/") is True
