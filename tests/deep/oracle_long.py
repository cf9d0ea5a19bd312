"""Many comparisons with the oracle, by hand: `python tests/deep/oracle_long.py --cases 20000 --seed 1`.

Rows and shipped rules on random changes of their manifests, and made expressions on made manifests, each a third of
the cases. Ends with 1 when a difference is found that is not documented, and prints it.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from random import Random

sys.path.append(str(Path(__file__).parents[2]))

from policycheck import packs
from tests.language.made_support import shipped_cases, words
from tests.language.oracle_support import Oracle, Tally, compare_expressions, compare_rules, keys_of
from tests.language.rows_support import criteria, number, page, rows, schema


def run(cases: int, seed: int) -> dict[str, Tally]:
    """The three kinds of comparison, each with a third of the cases."""
    third, fragments = max(1, cases // 3), [row["reads"] for row in rows()]
    oracle, wanted = Oracle(criteria().types), packs.Criteria(packs.shipped(), schema())
    running = {rule.id for rule in wanted.rules}
    shipped = [(rule, data) for rule, data in shipped_cases(wanted) if rule in running]
    own = [(f"row-{number(row)}", row["reads"]) for row in rows()]
    rows_speak = words(str(page()["rows"]) + str(page()["definitions"]))
    rules_speak = words(" ".join(str(rule.text) for rule in wanted.rules))
    return {
        "rows": compare_rules(oracle, criteria(), own, third, Random(seed), rows_speak),
        "shipped rules": compare_rules(oracle, wanted, shipped, third, Random(seed), rules_speak),
        "made expressions": compare_expressions(
            oracle, criteria().types, fragments, third, Random(seed), keys_of(fragments)
        ),
    }


def report(found: dict[str, Tally], seconds: float) -> str:
    """The counts, and the first differences."""
    lines = []
    for name, tally in found.items():
        agreed = ", ".join(f"{count} {word}" for word, count in tally.agreed.most_common())
        excused = ", ".join(f"{count} {why}" for why, count in tally.excused.most_common()) or "none"
        lines += [f"{name}: {tally.cases} cases; agreed: {agreed}", f"  documented differences: {excused}"]
        lines += [f"  DIFFERENT ours {v.ours}, CEL {v.theirs}: {v.text}\n    on {data}" for v, data in tally.wrong[:5]]
    wrong = sum(len(tally.wrong) for tally in found.values())
    return "\n".join([*lines, f"{wrong} undocumented differences, {seconds:.0f} s"])


def main() -> int:
    """Run and print; 1 when something differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    found = run(options.cases, options.seed)
    print(report(found, time.monotonic() - began))
    return 1 if any(tally.wrong for tally in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
