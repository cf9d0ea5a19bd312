"""The command line: words in, words out. One file a command; everything else is imported inside commands.

`main` is the one place where errors become messages and exit codes (design section 7).
"""

from __future__ import annotations

import sys
from typing import Any

import click

from policycheck import __version__, rooms
from policycheck.errors import BUG, INTERRUPTED, InvalidInput, PolicycheckError

ISSUES = "https://github.com/policycheck/policycheck/issues"


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
    sys.exit(_run())


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
        for problem in error.problems:
            _say(str(problem))
        return error.exit_code
    except PolicycheckError as error:
        _say(f"policycheck: {error}")
        return error.exit_code
    except BrokenPipeError:
        return _closed_early()
    except Exception as error:
        # The one broad except of the command line: whatever comes here is our bug (exit 70).
        _say(_bug(error))
        return BUG


def _say(text: str) -> None:
    from policycheck.formats._terminal import harmless

    lines = text.split("\n")
    try:
        print("\n".join(harmless(line) for line in lines).encode("ascii", "backslashreplace").decode()
              if not _shows_unicode() else "\n".join(harmless(line) for line in lines), file=sys.stderr)  # fmt: skip
    except (BrokenPipeError, ValueError, OSError):
        pass


def _shows_unicode() -> bool:
    return (getattr(sys.stderr, "encoding", "") or "").lower().replace("-", "") == "utf8"


def _bug(error: Exception) -> str:
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" in {last[0].name} ({last[0].filename.rpartition('/')[2]}:{last[0].lineno})" if last else ""
    return (
        f"policycheck: this is a bug of ours: {type(error).__name__}: {str(error)[:200]}{where}\n"
        f"Please report it at {ISSUES} with this line, `policycheck --version` and, if you may, the manifest."
    )


def _closed_early() -> int:
    """The reader of our output went away (a pager, head). What was to be said is gone; the verdict is not known to it."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return getattr(_closed_early, "code", 0) or 0
