"""`python -m policycheck` and the console script: the command line, without its imports where only a version is asked."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

from policycheck import __version__


def main() -> None:
    """Run the command line. The version needs no parser, and a hook that asks for it should not wait for one."""
    if sys.argv[1:] in (["--version"], ["-V"]) and sys.stdout is not None:
        # Where it cannot be written, the command line says so, as of everything else.
        with suppress(OSError):
            os.write(sys.stdout.fileno(), f"policycheck {__version__}\n".encode())
            return
    # Nothing that a start makes is garbage: looking for cycles in it costs a tenth of a check. `cli.main` goes on from here.
    gc.disable()
    try:
        from policycheck.standins import OF_THE_COMMAND_LINE, standing_in

        with standing_in(OF_THE_COMMAND_LINE):
            from policycheck.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        # While it only begins; later on the command line says so itself.
        sys.exit(_interrupted())
    except SystemExit as leaving:
        _leave(leaving.code)
        raise


def _interrupted() -> int:
    with suppress(OSError):
        if sys.stderr is not None:
            sys.stderr.write("interrupted\n")
    return 130


def _leave(code: str | int | None) -> None:
    """End at once when all is said: to take apart what a run made would be a twentieth of a check."""
    if not isinstance(code, int) or sys.gettrace() or sys.getprofile():
        return
    with suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.flush()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        # It was said where it was written. The interpreter would try again, and end with a code of its own.
        code = code or 2
    os._exit(code)


if __name__ == "__main__":
    main()
