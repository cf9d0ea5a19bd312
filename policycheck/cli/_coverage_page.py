"""The coverage matrix as one HTML page that needs nothing else: no script, no font, no address outside.

Every text of a pack is escaped; what could reorder or hide text is shown by its code point.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from policycheck.cli.coverage import percent, told
from policycheck.coverage import CODIFIED, MISSING
from policycheck.formats._terminal import harmless

if TYPE_CHECKING:
    from policycheck.coverage import Coverage, Row, Tested

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --faint: #6a6a6a; }
@media (prefers-color-scheme: dark) { :root { --faint: #a8a8a8; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 84rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 3rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
thead th { border-bottom-width: 2px; }
caption { text-align: left; padding-bottom: .5rem; }
code { font-size: .875em; overflow-wrap: anywhere; }
tbody th { font-weight: 600; white-space: nowrap; }
.about { display: block; font-weight: 400; color: var(--faint); font-size: .875em; white-space: normal; }
.missing { outline: 2px solid #c00; outline-offset: -2px; }
@media print { body { max-width: none; margin: 0; } tr { break-inside: avoid; } }
"""
_ABOUT = (
    "What each source document asks, in our words, and which rules test it. A rule stands here with the kinds of "
    "subject it judges, the manifest fields it reads and the test cases that show each outcome."
)
_INTEGRITY = "Rules about the declaration itself; they belong to no expectation."
_HEAD = ("Expectation", "Rule", "Kind of subject", "Fields read", "Test cases")


def page(coverage: Coverage) -> str:
    """The whole page."""
    wrong = [f"<li>{_text(mistake)}</li>" for mistake in coverage.mistakes]
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>Coverage of the expectations</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
        "<h1>Coverage of the expectations</h1>",
        f"<p>{_ABOUT}</p>",
        f"<h2>Missing</h2>\n<ul>\n{_lines(wrong)}\n</ul>" if wrong else "<p>Nothing is missing.</p>",
        *(_document(coverage, name) for name in coverage.rows),
        _integrity(coverage),
    ]
    return _lines([*(part for part in parts if part), "</main>\n</body>\n</html>"]) + "\n"


def _document(coverage: Coverage, name: str) -> str:
    about, counts = coverage.documents.get(name, {}), coverage.counts(name)
    total = sum(counts.values())
    states = ", ".join(f"{count} {state}" for state, count in counts.items())
    done = percent(total - counts.get(MISSING, 0), total)
    lines = [line for row in coverage.rows[name] for line in _row(row)]
    return _lines([
        f'<h2 id="{_text(name)}">{_text(name)}: {_text(about.get("title", ""))}</h2>',
        _matrix(f"{_text(about.get('date', ''))}. {done} accounted for: {_text(states)}; {total} in all.", lines),
    ])  # fmt: skip


def _integrity(coverage: Coverage) -> str:
    if not coverage.integrity:
        return ""
    lines = [f'<tr><th scope="row">none</th>{_cells(rule)}</tr>' for rule in coverage.integrity]
    return _lines(["<h2>Integrity</h2>", _matrix(_INTEGRITY, lines)])


def _matrix(caption: str, lines: list[str]) -> str:
    head = "".join(f'<th scope="col">{title}</th>' for title in _HEAD)
    body = ["<tbody>", *lines, "</tbody>\n</table>"]
    return _lines([f"<table>\n<caption>{caption}</caption>", f"<thead><tr>{head}</tr></thead>", *body])


def _row(row: Row) -> Iterator[str]:
    one = row.expectation
    about = f"{one.locator}; {one.modality}. {' '.join(one.paraphrase.split())}"
    span = max(1, len(row.rules))
    told_of = f'{_text(one.id)}<span class="about">{_text(about)}</span>'
    head = f'<th scope="row" rowspan="{span}" id="{_text(one.id)}">{told_of}</th>'
    mark = ' class="missing"' if row.state == MISSING else ""
    if row.state != CODIFIED and not row.rules:
        yield f'<tr{mark}>{head}<td colspan="4">{_text(f"{row.state}: {row.reason}" if row.reason else row.state)}</td></tr>'
    for index, rule in enumerate(row.rules):
        yield f"<tr>{head if index == 0 else ''}{_cells(rule)}</tr>"


def _cells(rule: Tested) -> str:
    told_cases = f"disabled: {rule.disabled}" if rule.disabled else told(rule.cases)
    fields = ", ".join(f"<code>{_text(name)}</code>" for name in rule.reads)
    title = f'<code>{_text(rule.id)}</code><span class="about">{_text(rule.title)}</span>'
    return f"<td>{title}</td><td>{_text(', '.join(rule.kinds))}</td><td>{fields}</td><td>{_text(told_cases)}</td>"


def _text(text: object) -> str:
    return escape(harmless(text))


def _lines(lines: list[str]) -> str:
    return "\n".join(lines)
