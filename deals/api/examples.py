"""One example per endpoint, as the schema shows it; its companies, people and words are invented."""

DEAL = {"slug": "alba-boreal-platform-h7k2mq", "title": "Alba – Boreal platform"}
CLAIM_NAME = {"slug": "alba-will-build-on-boreal-s-platform-q4w8zt", "wording": "Alba will build on Boreal's platform"}
SOURCE = {"slug": "harbour-post-m3n7pd", "name": "Harbour Post", "kind": "newspaper", "language": "de", "own": False}
REPORT = {
    "title": "Boreal denies platform story",
    "url": "https://harbourpost.example/boreal-denies",
    "placeholder": False,
    "language": "de",
    "source": SOURCE,
    "published_at": "2024-04-15T08:00:00Z",
    "published_precision": "day",
    "retraction": "",
    "retracted_at": None,
}
CLAIM = {
    **CLAIM_NAME,
    "url": "https://hearsay.example.org/api/v1/claims/alba-will-build-on-boreal-s-platform-q4w8zt/",
    "page": "https://hearsay.example.org/claims/alba-will-build-on-boreal-s-platform-q4w8zt/",
    "deal": DEAL,
    "type": "technology_licence",
    "parties": [
        {"company": {"slug": "alba-b6c9ts", "name": "Alba"}, "role": "licensee"},
        {"company": {"slug": "boreal-d2f5wy", "name": "Boreal"}, "role": "licensor"},
    ],
    "part_of": None,
    "due": None,
    "status": "denied",
    "qualifiers": [],
    "stage": None,
    "since": "2024-04-15T08:00:00Z",
    "since_precision": "day",
    "reports": 2,
    "independent_origins": 2,
    "created_at": "2024-04-15T09:00:00Z",
    "public_since": "2024-04-15T09:05:00Z",
}
FACT = {
    "about": True,
    "number": "20",
    "currency": "",
    "date": None,
    "precision": "day",
    "name": "",
}
TERM = {**FACT, "kind": "stake", "words": "etwa 20 Prozent"}
TERM_LINE = {
    "kind": "stake",
    "unit": "",
    "conflict": False,
    "stated": [{"value": FACT, "words": "about 20 %", "evidence": [16]}],
}
EVIDENCE = {
    "id": 17,
    "report": REPORT,
    "snapshot": {
        "read": "page",
        "taken_at": "2024-04-15T08:40:00Z",
        "sha256": "6a2dc3f1b0a8e97d54c2f6b1e8d03a7799b4c15e20df6837a1c4b9508e7f3d62",
        "archive_url": "https://archive.example/20240415084000/https://harbourpost.example/boreal-denies",
    },
    "stance": "denies",
    "speaker": {"kind": "named", "name": "Mara Lind", "role": "spokeswoman"},
    "company": {"slug": "boreal-d2f5wy", "name": "Boreal"},
    "rung": {"number": 3, "words": "named officer or spokesperson on the record"},
    "first_hand": False,
    "quote": "Das stimmt nicht, wir halten etwa 20 Prozent.",
    "translation": "That is not true, we hold about 20 percent.",
    "certainty": "stated",
    "part": "body",
    "said_at": "2024-04-15T08:00:00Z",
    "said_precision": "day",
    "origin": None,
    "answers": None,
    "terms": [TERM],
    "recorded_at": "2024-04-15T09:10:00Z",
    "withdrawn_at": None,
}
ROW = {
    "position": 42,
    "kind": "denial",
    "event_at": "2024-04-15T08:00:00Z",
    "precision": "day",
    "recorded_at": "2024-04-15T09:12:00Z",
    "status_before": "rumored",
    "status_after": "denied",
    "moot": False,
    "replaced_by": None,
    "supersedes": None,
    "qualifiers": [],
    "stage": None,
    "wording": CLAIM_NAME["wording"],
    "evidence": [17],
}
CLAIM_WITH_RECORD = {**CLAIM, "evidence": [EVIDENCE], "terms": [TERM_LINE], "history": [ROW]}
CHANGE = {
    **{key: value for key, value in ROW.items() if key not in ("moot", "replaced_by")},
    "claim": CLAIM_NAME,
    "evidence": [
        {
            "id": 17,
            "source": "Harbour Post",
            "title": REPORT["title"],
            "url": REPORT["url"],
            "stance": "denies",
            "speaker": "Mara Lind, spokeswoman, for Boreal",
            "said_at": "2024-04-15T08:00:00Z",
            "said_precision": "day",
        }
    ],
}
PAGE = {"next": "https://hearsay.example.org/api/v1/claims/?cursor=bjQy", "previous": None, "results": [CLAIM]}
CHANGES = {"next": None, "previous": None, "results": [CHANGE]}
INVALID = {
    "type": "/api/docs/#invalid-request",
    "title": "Bad Request",
    "status": 400,
    "detail": "colour: There is no such parameter here. There are: status, company.",
    "errors": [{"detail": "There is no such parameter here. There are: status, company.", "parameter": "colour"}],
}
GONE = {
    "type": "about:blank",
    "title": "Gone",
    "status": 410,
    "detail": "This claim was public and has been withdrawn.",
}
ROOT = {
    "about": "What was said of a deal, by whom, and how it stood.",
    "claims": "https://hearsay.example.org/api/v1/claims/",
    "changes": "https://hearsay.example.org/api/v1/changes/",
    "schema": "https://hearsay.example.org/api/schema/",
    "docs": "https://hearsay.example.org/api/docs/",
}
