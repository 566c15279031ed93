"""How pages and pickers take a large record: each measured on a small and on a large database, side by side in one run.

    DATABASE_URL=postgres://… python bench/scale.py [entries]       default: 1,000,000

Makes two PostgreSQL databases of its own, fills them by SQL, and drops them. Prints a table and, as its last line, one
JSON object: milliseconds (median of 15) at both sizes, and the ratio large / small. Work that follows what is new, not
what is stored, keeps its ratio near 1 while the data grow a hundredfold.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent
SHARE = 100  # the small database has one row where the large one has this many
RUNS = 15

FILL = """
INSERT INTO deals_company (id, name, slug, placeholder, ticker, isin, lei)
  SELECT n, 'Company ' || n, 'company-' || n, false, '', '', '' FROM generate_series(1, greatest({claims} / 5, 2)) n;
INSERT INTO deals_source (id, name, slug, kind, language, own)
  SELECT n, 'Source ' || n, 'source-' || n, 'wire', 'en', false FROM generate_series(1, 200) n;
INSERT INTO deals_deal (id, title, slug) SELECT n, 'Deal ' || n, 'deal-' || n FROM generate_series(1, {claims}) n;
INSERT INTO deals_claim (id, wording, slug, deal_id, type, published, public_since, status, version, created_at)
  SELECT n, 'Company ' || n || ' buys another', 'claim-' || n, n, 'acquisition', true, now(),
    (array['rumored','denied','confirmed'])[1 + n % 3], 2, now() - n * interval '1 minute' FROM generate_series(1, {claims}) n;
INSERT INTO deals_party (claim_id, company_id, role)
  SELECT n, 1 + (n * 7 + k) % greatest({claims} / 5, 2), (array['acquirer','target'])[k]
  FROM generate_series(1, {claims}) n, generate_series(1, 2) k;
INSERT INTO deals_report (id, source_id, title, url, placeholder, language, published_at, published_precision,
    recorded_at, retraction, retraction_note)
  SELECT n, 1 + n % 200, 'Report ' || n, 'https://news.example/' || n, false, 'en', now() - n * interval '1 minute',
    'instant', now() - n * interval '1 minute', '', '' FROM generate_series(1, {claims} * 2) n;
INSERT INTO deals_evidence (id, claim_id, report_id, stance, speaker_kind, speaker_name, speaker_role, quote, translation,
    certainty, part, said_at, said_precision, recorded_at, withdrawn_reason)
  SELECT n, 1 + n % {claims}, n, 'supports', 'outlet', '', '', 'quote', '', 'stated', 'body',
    now() - n * interval '1 minute', 'instant', now() - n * interval '1 minute', '' FROM generate_series(1, {claims} * 2) n;
INSERT INTO deals_statuschange (id, claim_id, kind, event_at, precision, recorded_at, position, step, qualifiers, stage,
    override_to, reason, wording, quiet, quiet_reason, status_before, status_after, version)
  SELECT n, 1 + (n - 1) / 2, (array['report','denial'])[1 + (n - 1) % 2], now() - interval '400 days' + n * interval '1 second',
    'instant', now() - interval '399 days' + n * interval '1 second', n, gen_random_uuid(), '[]', '', '', '', 'wording', false,
    '', null, 'rumored', 1 + (n - 1) % 2 FROM generate_series(1, {claims} * 2) n;
INSERT INTO deals_position ("only", last) VALUES (true, {claims} * 2);
INSERT INTO ingest_feed (id, url, source_id, active, suggest_old, interval, slowest, etag, last_modified, next_poll_at,
    failures, trouble, stopped, notice, asked_wait, skip_hours, skip_days, moved_to, moved_seen, body_digest, items)
  SELECT n, 'https://feed.example/' || n, 1 + n % 200, true, false, 900, 21600, '', '',
    now() + (n - 25) * interval '1 second', 0, '', '', '', 0, '[]', '[]', '', 0, '', '' FROM generate_series(1, {entries} / 200 + 50) n;
INSERT INTO ingest_entry (id, feed_id, source_id, guid, guid_digest, url, title, text, author, language, published_at,
    first_seen_at, said_at, is_news, read_at, waiting, decision, refusal,
    unreadable, history, content_digest, story, decided_on, edits, wants_article, outlet, outlet_host)
  SELECT n, 1 + n % ({entries} / 200), 1 + n % 200, 'guid-' || n, sha256(n::text::bytea), 'https://news.example/' || n,
    'Entry ' || n, repeat('Company ' || n || ' is said to be in talks. ', 8), '', 'en', now() - n * interval '1 minute',
    now(), now() - n * interval '1 minute', true, CASE WHEN n > 50 THEN now() END, n % 1000 = 0, '', '',
    false, '', substr(sha256(n::text::bytea), 1, 16), substr(sha256(('story ' || n)::bytea), 1, 16), '', 0, false, '', ''
  FROM generate_series(1, {entries}) n;
UPDATE ingest_entry SET outlet = 'Outlet ' || id % 1000 WHERE id % 500 = 0;
INSERT INTO ingest_searchtemplate (id, name, url, language, source_id, active)
  SELECT 1, 'News search', 'https://search.example/?q={{query}}', 'en', 1, true;
INSERT INTO ingest_search (id, feed_id, template_id, query, pace, look_at)
  SELECT n, n, 1, 'Company ' || n, '', now() + interval '1 day' FROM generate_series(1, {entries} / 200) n;
INSERT INTO ingest_claimsearch (claim_id, search_id, paused, wanted_at)
  SELECT n, n, false, now() - interval '30 days' FROM generate_series(1, {entries} / 200) n;
INSERT INTO ingest_suggestion (entry_id, claim_id, deal_type, strength, stance, speaker_kind, speaker_name, speaker_role,
    certainty, part, passage, passage_digest, triggers, marks, sure, cites, reasons, against, preselected, state, created_at)
  SELECT e.id, 1 + e.id % {claims}, '', 'strong', 'supports', 'outlet', '', '', 'stated', 'body', 'passage',
    sha256(e.id::text::bytea), '[]', '[]', true, '', '[]', '[]', true, CASE WHEN waiting THEN 'pending' ELSE 'rejected' END, now()
  FROM ingest_entry e WHERE e.id % 10 = 0;
ANALYZE;
"""


def measure() -> dict[str, float]:
    """Median milliseconds of each thing that must not grow with the record, in the database of the environment."""
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "tracker.settings"
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.test import Client

    from alerts.models import Delivery
    from deals.models import Claim, StatusChange
    from ingest import searching
    from ingest.models import Entry, Feed

    desk, anyone = Client(), Client()
    desk.force_login(User.objects.create_superuser("bench"))
    last = StatusChange.objects.order_by("-position").first().position

    def page(client, address):
        def fetch():
            answer = client.get(address, HTTP_HOST="127.0.0.1")
            if answer.status_code != 200:
                raise SystemExit(f"{address} answered {answer.status_code}")

        return fetch

    things = {
        "due feeds": lambda: list(Feed.objects.due()[:25]),
        "unread entries": lambda: list(Entry.objects.unread()[:50]),
        "searches paced, 20 of them judged": lambda: [searching.pace_searches(), searching.judge(range(1, 21))],
        "items of an outlet": lambda: list(Entry.objects.filter(outlet="Outlet 500", outlet_host="x")),
        "waiting entries": lambda: list(Entry.objects.waiting()[:25]),
        "deliveries owed": lambda: list(Delivery.objects.waiting()[:10]),
        "queue page": page(desk, "/admin/queue/"),
        "claim list in the desk": page(desk, "/admin/deals/claim/"),
        "public claim page": page(anyone, Claim.objects.get(pk=7).get_absolute_url()),
        "front page": page(anyone, "/"),
        "API claims": page(anyone, "/api/v1/claims/"),
        "API claims as of a day": page(anyone, "/api/v1/claims/?as_of=2020-01-01"),
        "API denied claims": page(anyone, "/api/v1/claims/?status=denied"),
        "API changes, the newest": page(anyone, f"/api/v1/changes/?after={last - 20}"),
    }
    found = {}
    for name, thing in things.items():
        thing()
        times = []
        for _ in range(RUNS):
            start = time.perf_counter()
            thing()
            times.append((time.perf_counter() - start) * 1000)
        found[name] = statistics.median(times)
    return found


def in_new_database(entries: int) -> dict[str, float]:
    """Fill a database with that many entries (and a fiftieth as many claims), measure in a child, drop it."""
    import psycopg

    address = os.environ["DATABASE_URL"]
    name = f"bench_{uuid.uuid4().hex[:8]}"
    own = {
        **os.environ,
        "DATABASE_URL": urlsplit(address)._replace(path=f"/{name}").geturl(),
        "SECRET_KEY": "a key for the bench that is long enough to be taken",
        "REDIS_URL": "",
    }
    with psycopg.connect(urlsplit(address)._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            migrate = [sys.executable, "manage.py", "migrate", "-v0"]
            subprocess.run(migrate, cwd=ROOT, env=own, check=True)
            with psycopg.connect(own["DATABASE_URL"], autocommit=True) as database:
                database.execute(FILL.format(entries=entries, claims=max(entries // 50, 20)))
            command = [sys.executable, __file__, "--measure"]
            done = subprocess.run(command, cwd=ROOT, env=own, check=True, capture_output=True, text=True)
            return json.loads(done.stdout.splitlines()[-1])
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def main() -> None:
    if "--measure" in sys.argv:
        print(json.dumps(measure()))
        return
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        print("skipped: bench/scale.py needs DATABASE_URL of a PostgreSQL server")
        return
    large = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    small = large // SHARE
    at_small, at_large = in_new_database(small), in_new_database(large)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}\n"
    )
    print(f"{'median of ' + str(RUNS):36}{small:>12,}{large:>14,} entries   ratio")
    for name, milliseconds in at_large.items():
        print(f"{name:36}{at_small[name]:>9.1f} ms{milliseconds:>11.1f} ms{milliseconds / at_small[name]:>15.2f}")
    ratios = {name: round(at_large[name] / at_small[name], 2) for name in at_large}
    print(json.dumps({"entries": large, "milliseconds": at_large, "small": at_small, "ratios": ratios}))


if __name__ == "__main__":
    main()
