"""The exception family. Each class has its exit code; the message is one clear line for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policycheck.model import Problem

OK, GAPS, USAGE, INVALID, NOTHING, INCOMPLETE, BUG, INTERRUPTED = 0, 1, 2, 3, 4, 5, 70, 130
#: If several codes apply, the first of these is the run's (design section 7).
PRECEDENCE = (INTERRUPTED, BUG, INVALID, INCOMPLETE, GAPS, NOTHING, OK)


def strongest(codes: Iterable[int]) -> int:
    """The exit code of a run in which all of `codes` happened."""
    seen = set(codes)
    return next((code for code in PRECEDENCE if code in seen), OK)


class PolicycheckError(Exception):
    """Something that is said in one line, not traced. `exit_code` is what the process returns for it."""

    exit_code = BUG


class UsageError(PolicycheckError):
    """The call's words are off: an option, or a path that does not exist."""

    exit_code = USAGE


class InvalidInput(PolicycheckError):
    """A manifest, fragment, pack or configuration file is invalid. `problems` says each with its place."""

    exit_code = INVALID

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NothingToCheck(PolicycheckError):
    """No manifest was found."""

    exit_code = NOTHING


class RuleError(PolicycheckError):
    """A rule could not be evaluated: a budget was exceeded, or our own evaluation failed."""

    exit_code = INCOMPLETE


class ArtefactError(PolicycheckError):
    """An artefact cannot be read; the message says why. The finding it would have backed stays as declared."""

    exit_code = INCOMPLETE


def needs(error: ModuleNotFoundError) -> str:
    """What to install when a library that reads evidence is missing."""
    return f"needs {error.name}: pip install 'policycheck[evidence]'"
