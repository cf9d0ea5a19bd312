"""The command line: words in, words out. One file a command; everything else is imported inside commands.

`main` is the one place where errors become messages and exit codes (design section 7).
"""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from policycheck import __version__, rooms
from policycheck.errors import BUG, INTERRUPTED, USAGE, InvalidInput, PolicycheckError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policycheck.model import Problem

REPORT_IT = (
    "Please report it at https://github.com/policycheck/policycheck/issues with this line, `policycheck --version` and, "
    "if you may, the manifest."
)


class _Commands(click.Group):
    """Commands found in the room, imported when named; a help page imports only what it lists."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(rooms.names("cli"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in rooms.names("cli"):
            return None
        command: click.Command = rooms.load("cli", cmd_name).command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in rooms.names("cli") and not args[0].startswith("-"):
            from policycheck.language.types import suggest

            ctx.fail(f"no command {args[0]!r}{suggest(args[0], rooms.names('cli'))}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="policycheck %(version)s")
def group() -> None:
    """Hold manifests of anti-scraping controls and data exposure against regulators' expectations.

    \b
    Start:    policycheck init --template shop
    Check:    policycheck check
    Why:      policycheck explain CJS24-13b1
    """


def main() -> None:
    """Run the command line and leave with its exit code. Never a traceback for a person's mistake."""
    import signal

    # A scheduler's stop and a person's are one thing: leave through the `finally` clauses, nothing half-written.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # What a run makes lives until its manifest is done: looking for cycles in it early costs a tenth of the time.
    gc.set_threshold(50_000, 20, 20)
    gc.enable()
    code = _run()
    # The process ends here: its last collection would look at everything that is left, and free none of it sooner.
    gc.freeze()
    sys.exit(code)


def _run() -> int:
    try:
        code = group.main(standalone_mode=False, prog_name="policycheck")
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted")
        return INTERRUPTED
    except InvalidInput as error:
        _say_problems(error.problems)
        return error.exit_code
    except PolicycheckError as error:
        _say(f"policycheck: {error}")
        return error.exit_code
    except (BrokenPipeError, SystemExit):
        # click answers a reader that went away with SystemExit(1), which would say that there are gaps.
        return _closed_early()
    except OSError as error:
        _say(f"policycheck: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        return USAGE
    except Exception as error:
        # The one broad except of the command line: whatever comes here is our bug (exit 70).
        _say(_bug(error))
        return BUG


def _say(text: str) -> None:
    if sys.stderr is None:
        # To `print`, no stream means standard output, where a report may be.
        return
    from policycheck import redaction
    from policycheck.formats._terminal import harmless, inert

    shown = inert("\n".join(map(harmless, redaction.harmless(text).split("\n"))))
    if not _shows_unicode():
        shown = shown.encode("ascii", "backslashreplace").decode()
    with suppress(OSError, ValueError):
        print(shown, file=sys.stderr)


def _say_problems(problems: Iterable[Problem]) -> None:
    """Each problem once, in order. A line end in a file's name must not look like another problem."""
    from policycheck.formats._terminal import harmless

    for problem in sorted(set(problems)):
        _say(str(problem._replace(path=harmless(problem.path))))


def _shows_unicode() -> bool:
    return (getattr(sys.stderr, "encoding", "") or "").lower().replace("-", "") == "utf8"


def _bug(error: Exception) -> str:
    from policycheck.run import bug

    return f"policycheck: {bug(error)}\n{REPORT_IT}"


def _closed_early() -> int:
    """The reader of a listing or a help text went away (a pager, head). `check` keeps its exit code by itself."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
