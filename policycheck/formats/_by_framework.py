"""A report read by another framework: its identifiers in order, each with the findings of the expectations that support it.

The mapping is the packs' own, with how sure it is. Evidence for an expectation is of use for the identifier that it
supports; it is never the same thing, and an identifier that no expectation supports is not in the view at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from policycheck.formats._by_expectation import Answer, answers, behind, told
from policycheck.formats._terminal import harmless, paint, wrap
from policycheck.report import Record

if TYPE_CHECKING:
    from policycheck.run import View

#: The frameworks that a view may go by, with what their identifiers are called.
FRAMEWORKS = {
    "gdpr": ("the GDPR", "article"),
    "owasp-oat": ("OWASP OAT-011, the classes of countermeasures against scraping", "class"),
}
SURE = {"H": "high", "M": "middling", "L": "low"}
_ORDER = ("gap", "unknown", "met", "not_used", "not_applicable")


class Supported(NamedTuple):
    """One identifier of a framework with the expectations that support it, each with how sure that is (H, M, L)."""

    name: str
    rows: list[tuple[Answer, str]]

    @property
    def outcome(self) -> str:
        """The roll-up over the expectations, as that of an expectation over its findings."""
        return min((row.outcome for row, _ in self.rows), key=_ORDER.index)

    @property
    def counts(self) -> tuple[int, int, int]:
        """The gaps, unknowns and met findings behind it, each once."""
        gaps, unknown, met = (
            len({f["id"] for row, _ in self.rows for f in row.findings.get(outcome, ())}) for outcome in _ORDER[:3]
        )
        return gaps, unknown, met


def supported(view: View, record: Record, framework: str) -> list[Supported]:
    """The framework's identifiers that an expectation of this report supports, in the framework's order."""
    asked = view.header["expectations"]
    found: dict[str, list[tuple[Answer, str]]] = {}
    for row in answers(record, bool(view.style.get("verbose"))):
        about = asked[row.expectation["id"]]
        for name in about.get("supports", {}).get(framework, ()):
            found.setdefault(name, []).append((row, about.get("confidence", {}).get(framework, "")))
    return [Supported(name, found[name]) for name in sorted(found, key=_natural)]


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Articles by number, then by paragraph: 5(1)(a) before 12, 25 before 25(1)."""
    parts = re.findall(r"\d+|[^\d()]+", name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts]


def about(framework: str) -> str:
    """What the view is, and what it is not."""
    return (
        f"What the findings support in {FRAMEWORKS[framework][0]}, by our own mapping. Evidence for an expectation is of "
        "use for what it supports; neither stands for the other. What no expectation supports is not shown."
    )


def lines(view: View, record: Record, framework: str) -> list[str]:
    """The report's body: what the view is, then the identifiers."""
    found = [*wrap(about(framework), view.style, "", ""), ""]
    for one in supported(view, record, framework):
        found += [paint(f"{FRAMEWORKS[framework][1]} {harmless(one.name)}", "bold", view.style), *_rows(view, one), ""]
    return found


def _rows(view: View, one: Supported) -> Iterator[str]:
    out = []
    for row, sure in one.rows:
        if row.outcome == "not_applicable":
            out.append(row.expectation["id"])
            continue
        yield from told(view, row.outcome, f"supported by {row.expectation['id']}, confidence {SURE.get(sure, 'not given')}")
        yield from behind(view, row)
    if out:
        yield from told(view, "not_applicable", ", ".join(out))
