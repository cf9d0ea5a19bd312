"""The conformance tests of CEL, by hand: `python tests/deep/cel_conformance.py [cel-spec-simple.json]`.

Each test is an expression, its bindings and the value it has (`('v', value)`), or an error. What the language takes must
have that value, an error being unknown; the rest must be refused before it runs. Ends with 1 when one is misread.
"""

from __future__ import annotations

import ast
import json
import math
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

sys.path.append(str(Path(__file__).parents[2]))

from policycheck.language.evaluate import Compiler, environment
from policycheck.language.syntax import ExpressionError, Node, parse
from policycheck.language.types import Checker, Type, Types
from policycheck.model import UNKNOWN

DEFAULT = Path(__file__).parents[3] / "shared" / "specs" / "cel-spec-simple.json"
PASSED, BY_PARSER, BY_TYPES, DOCUMENTED, MISREAD = (
    "passed", "refused by the parser", "refused by the type check", "documented difference", "misread",
)  # fmt: skip
#: Why a test may end otherwise than CEL says (docs/language-conformance.md).
DIFFERENCES = {
    "macros filter/list_no_shortcircuit": "members that cannot be told stay as uncertain ones",
    "macros map/list_error": "an item that cannot be computed is unknown, the others stand",
    "macros exists_one/list_no_shortcircuit": "two certain members are too many, whatever a third would say",
    "fp_math fp_math/divide_zero": "a fraction divided by zero is unknown, not infinite",
    "fp_math fp_math/fp_overflow_positive": "a fraction too large for 64 bits is unknown, not infinite",
    "fp_math fp_math/fp_overflow_negative": "a fraction too large for 64 bits is unknown, not infinite",
    "comparisons eq_literal/not_eq_double_nan": "0.0/0.0 is unknown, not a number",
    "comparisons ne_literal/not_ne_double_nan": "0.0/0.0 is unknown, not a number",
    "comparisons ne_literal/ne_double_nan": "0.0/0.0 is unknown, not a number",
}
_NUMBERS = {"('v', nan)": math.nan, "('v', inf)": math.inf, "('v', -inf)": -math.inf}


class Ending(NamedTuple):
    """How one test ended."""

    suite: str
    name: str
    expression: str
    how: str
    said: str


def run(path: Path) -> list[Ending]:
    """Every test of a file."""
    return [_ending(test) for test in json.loads(path.read_bytes())]


def _ending(test: dict[str, str]) -> Ending:
    bindings = ast.literal_eval(test["bindings"])
    how, said = _outcome(test["expr"], bindings, _expected(test["expected"]))
    reason = DIFFERENCES.get(f"{test['suite']} {test['name']}", "")
    if how == MISREAD and reason:
        how, said = DOCUMENTED, reason
    return Ending(test["suite"], test["name"], test["expr"], how, said)


def _expected(text: str) -> Any:
    """The value of a test; an error is UNKNOWN. Infinities and NaN are no Python literals."""
    try:
        kind, value = ast.literal_eval(text)
    except ValueError:
        return _NUMBERS[text]
    return value if kind == "v" else UNKNOWN


def _outcome(expression: str, bindings: dict[str, Any], wanted: Any) -> tuple[str, str]:
    try:
        tree = parse(expression)
    except ExpressionError as error:
        return BY_PARSER, error.message
    if mistakes := _mistakes(tree, bindings):
        return BY_TYPES, mistakes[0]
    found = Compiler({}, set(bindings)).compile(tree)({**environment({}, {}, "2026-11-21"), **bindings})
    return (PASSED, "") if _same(found, wanted) else (MISREAD, f"expected {wanted!r}, got {found!r}")


def _mistakes(tree: Node, bindings: dict[str, Any]) -> list[str]:
    checker = Checker(Types({"type": "object", "properties": {}}), {}, {name: Type("dyn") for name in bindings})
    checker.check(tree)
    return [message for message, _, _ in checker.mistakes]


def _same(found: Any, wanted: Any) -> bool:
    if found is UNKNOWN or wanted is UNKNOWN:
        return found is wanted
    return type(found) is type(wanted) and bool(found == wanted)


def table(endings: list[Ending]) -> str:
    """How the tests of each suite ended, as a Markdown table."""
    kinds = (PASSED, BY_PARSER, BY_TYPES, DOCUMENTED, MISREAD)
    counts = Counter((e.suite, e.how) for e in endings)
    lines = [f"| suite | tests | {' | '.join(kinds)} |", "|---" * (len(kinds) + 2) + "|"]
    for suite in sorted({e.suite for e in endings}):
        row = [counts[suite, kind] for kind in kinds]
        lines.append(f"| {suite} | {sum(row)} | {' | '.join(map(str, row))} |")
    totals = [sum(e.how == kind for e in endings) for kind in kinds]
    lines.append(f"| **all** | **{len(endings)}** | {' | '.join(f'**{total}**' for total in totals)} |")
    return "\n".join(lines)


def main() -> int:
    """Run and print; 1 when something was misread, 2 when there is no file."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    if not path.is_file():
        print(f"{path} is not there; give the path of cel-spec-simple.json")
        return 2
    endings = run(path)
    print(table(endings))
    for ending in endings:
        if ending.how in (DOCUMENTED, MISREAD):
            print(f"\n{ending.how}: {ending.suite} {ending.name}\n  {ending.expression}\n  {ending.said}")
    return 1 if any(e.how == MISREAD for e in endings) else 0


if __name__ == "__main__":
    sys.exit(main())
