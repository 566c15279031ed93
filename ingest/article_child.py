"""A process of its own that reads an article out of a page: bytes on standard input, JSON on standard output.

A hostile page can cost it at most the limits below, and costs the site nothing. One process per page: to start one
takes less than it may use, and pages are asked for one by one.
"""

import json
import resource
import sys

CPU_SECONDS = 4
MEMORY = 1 << 30
LONGEST_TEXT = 20_000


def main():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    url, charset = sys.argv[1:3]
    body = sys.stdin.buffer.read()
    import trafilatura

    page = trafilatura.load_html(body.decode(charset, "replace") if charset else body)
    values = dict.fromkeys(("title", "text", "date", "sitename", "language"), "")
    if page is not None:
        times = page.xpath("//meta[@property='article:published_time']/@content")
        values["time"] = str(times[0]) if times else ""
        values["declared"] = str(page.get("lang") or "")
        found = trafilatura.bare_extraction(page, url=url or None, with_metadata=True, include_comments=False)
        if found is not None:
            values |= {name: getattr(found, name) or "" for name in ("title", "text", "date", "sitename", "language")}
    values["text"] = values["text"][:LONGEST_TEXT]
    sys.stdout.write(json.dumps(values))


if __name__ == "__main__":
    main()
