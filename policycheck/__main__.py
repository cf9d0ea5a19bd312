"""`python -m policycheck` and the console script: the command line, without its imports where only a version is asked."""

from __future__ import annotations

import gc
import sys

from policycheck import __version__


def main() -> None:
    """Run the command line. The version needs no parser, and a hook that asks for it should not wait for one."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"policycheck {__version__}\n")
        return
    # Nothing that a start makes is garbage: looking for cycles in it costs a tenth of a check. `cli.main` goes on from here.
    gc.disable()
    from policycheck.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
