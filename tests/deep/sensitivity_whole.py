"""Every leaf of every example, blanked and deleted, by hand: `python tests/deep/sensitivity_whole.py [example]...`.

The same as `tests/test_sensitivity.py`, which tries samples of the larger ones. Minutes for most; the largest example
takes about half an hour, and with `--evidence`, which reads its artefacts each time, hours. Ends with 1 when something
is wrong, and prints it.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2]))

from tests.test_sensitivity import EXAMPLES, WITHOUT_EVIDENCE, wrongs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("examples", nargs="*", help="names of examples; all when none is given")
    parser.add_argument("--evidence", action="store_true", help="read the artefacts of the largest example too")
    asked = parser.parse_args()
    failed = False
    for example in EXAMPLES:
        if asked.examples and example.name not in asked.examples:
            continue
        started = time.monotonic()
        found = wrongs(example, 0, asked.evidence or example.name not in WITHOUT_EVIDENCE)
        print(f"{example.name}: {len(found)} wrong, {time.monotonic() - started:.0f} s", *found, sep="\n  ", flush=True)
        failed = failed or bool(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
