"""The call of `policycheck check` that gives a report again, from its own record."""

from __future__ import annotations

from collections.abc import Iterable

from policycheck.report import Record

_SWITCHES = {
    "--allow-unknown": ("allow_unknown", True), "--no-equivalents": ("equivalents", False),
    "--no-evidence": ("evidence", False), "--exit-zero": ("exit_zero", True),
}  # fmt: skip
_PLAIN = {"--fail-on": ("fail_on", "low"), "--min-assurance": ("min_assurance", "declared")}
#: What only a configuration file says: a command cannot repeat it.
_CONFIGURED = ("min_assurance_by", "exception_days", "exceptions_from", "warn_until", "exclude")


def words(header: Record, manifests: Iterable[str], invalid: Iterable[str], *, known: bool) -> list[str]:
    """The call's words, not quoted, from the root that the paths count from.

    `invalid` are the paths of problems: without these files the run would have none, and another report id. `known`: a
    finding is in a baseline, which reports of old do not name.
    """
    options = header["options"]
    paths = dict.fromkeys([*manifests, *sorted(filter(None, invalid))])
    call = ["policycheck", "check", *map(_named, paths), "--root", ".", "--as-of", header["as_of"]]
    call += [word for name in options["criteria"] for word in ("--criteria", name)]
    own = [pack["id"] for pack in header["criteria"]["packs"] if not pack["shipped"]]
    call += [word for name in own for word in ("--rules", f"FOLDER-OF-{name}")]
    for name, (key, usual) in _PLAIN.items():
        call += [name, options[key]] if options[key] != usual else []
    call += [name for name, (key, switched) in _SWITCHES.items() if options[key] is switched]
    files = {file["what"]: file["path"] for file in options.get("decided_by", ())}
    if "configuration" in files:
        call += ["--config", _named(files["configuration"])]
    elif not configured(header):
        # One that lies here, or stands in somebody's environment, did not count.
        call.append("--isolated")
    used = known or "baseline" in files
    return [*call, *(["--baseline", _named(files.get("baseline", "YOUR-BASELINE"))] if used else [])]


def _named(path: str) -> str:
    """A path that is not taken for an option."""
    return f"./{path}" if path.startswith("-") else path


def configured(header: Record) -> list[str]:
    """The options that a configuration set, and that no other option says."""
    return [name for name in _CONFIGURED if header["options"].get(name)]
