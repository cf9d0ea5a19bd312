"""Configuration: what a run is asked when the command line does not say it. One file a run.

`[tool.policycheck]` in pyproject.toml, or `.policycheck.toml`: the nearest one from the current folder up to the folder that
holds `.git`, and in the current folder alone when there is none. Where a manifest stands is never asked: the judged does not
choose how it is judged. Over the file stand the variables POLICYCHECK_<KEY>, over them the command line.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from policycheck import rooms
from policycheck.errors import ArtefactError, InvalidInput, UsageError
from policycheck.model import Assurance, Problem, Severity, WarnUntil

OWN, SHARED = ".policycheck.toml", "pyproject.toml"
PREFIX = "POLICYCHECK_"
#: The largest file read, in bytes: a long pyproject.toml has a tenth of it.
CAP = 512 * 1024
#: How many days ahead of the evaluation a gap may go on as a warning; longer is an exception's business.
HORIZON = 730
#: The longest term of an exception that may be set, in days.
MOST_DAYS = 3650
SEVERITIES = ("high", "medium", "low")
DEMANDS = ("declared", "supported", "verified")
_MARK = b"policycheck"
_OFF = ("off", "ignore", "disable", "disabled", "skip", "skip_rules", "suppress", "allow")
NO_OFF = "nothing can be switched off: accept a gap with an exception (policycheck except), or let it warn (warn_until)"


class Setting(NamedTuple):
    """One value, and where it came from. `folder` is where the patterns in it start."""

    value: Any
    source: str
    folder: Path


class Configuration(NamedTuple):
    """What the file and the environment say, by key. `file` is blank when there is none."""

    file: str
    settings: Mapping[str, Setting]

    def excludes(self, path: Path) -> bool:
        """Whether a manifest that a folder walk found is left out."""
        found = self.settings["exclude"]
        if found.folder not in path.parents:
            return False
        steps = path.relative_to(found.folder).parts
        return any(_leads_to(pattern.split("/"), steps) for pattern in found.value)


class _Where(NamedTuple):
    """Where a value is written: the folder its paths start from, the folder they may not leave, the folder of the call."""

    folder: Path
    root: Path | None
    here: Path


class Key(NamedTuple):
    """What may be configured: its default, how it is read, how an environment variable's text becomes what is read."""

    default: Any
    read: Callable[[Any, _Where], Any]
    parse: Callable[[str], Any]
    about: str


def load(here: Path, environment: Mapping[str, str], file: Path | None = None, isolated: bool = False) -> Configuration:
    """What is configured for a call made in `here`.

    `file` is read instead of what would be found; `isolated` reads neither a file nor the environment. Raises InvalidInput,
    with every mistake of the file, and UsageError for a variable that cannot be understood.
    """
    settings = {name: Setting(key.default, "default", here) for name, key in KEYS.items()}
    if isolated:
        return Configuration("", settings)
    path, data, text = _named(here / file, here) if file is not None else _found(here)
    shown = _shown(path, here) if path is not None else ""
    if path is not None:
        # Whoever names a file answers for it; one that is found came with the repository.
        where = _Where(path.parent, None if file is not None else _root(here) or here, here)
        settings |= _from_file(data, text, shown, where)
    settings |= _from_environment(environment, _Where(here, None, here))
    return Configuration(shown, settings)


# --- finding the file ----------------------------------------------------------------------------------------


def _root(folder: Path) -> Path | None:
    return next((above for above in (folder, *folder.parents) if os.path.lexists(above / ".git")), None)


def _found(here: Path) -> tuple[Path | None, dict[str, Any], str]:
    root = _root(here)
    for folder in (here, *here.parents):
        held = [one for name in (OWN, SHARED) if (one := _held(folder / name, here)) is not None]
        if len(held) > 1:
            message = f"{SHARED} beside it has [tool.policycheck] too; keep one of them"
            raise InvalidInput([Problem(_shown(held[0][0], here), 0, 0, message)])
        if held:
            return held[0]
        if folder == root or root is None:
            break
    return None, {}, ""


def _held(path: Path, here: Path) -> tuple[Path, dict[str, Any], str] | None:
    """What a file says of us, if it does. A pyproject.toml that never names us need not even be TOML."""
    if not os.path.lexists(path) or (path.name == SHARED and not os.path.exists(path)):
        return None
    target = path.resolve() if path.is_symlink() and path.name == SHARED else path
    raw = _bytes(target, path, here)
    if path.name == SHARED and _MARK not in raw:
        return None
    data, text = _toml(raw, _shown(path, here))
    tool = data.get("tool")
    if path.name == SHARED and not (isinstance(tool, dict) and "policycheck" in tool):
        return None
    if path.is_symlink():
        raise _refusal(path, here, "is a symbolic link, which is not followed; name its target with --config")
    return path, data["tool"]["policycheck"] if path.name == SHARED else data, text


def _named(path: Path, here: Path) -> tuple[Path, dict[str, Any], str]:
    """The file of `--config`. It has to say something: an empty one is a mistake in the call's plumbing."""
    if not path.exists():
        raise UsageError(f"--config {_shown(path, here)} does not exist")
    path = path.resolve()
    data, text = _toml(_bytes(path, path, here), _shown(path, here))
    tool = data.get("tool")
    own = tool.get("policycheck") if isinstance(tool, dict) else None
    if path.name == SHARED:
        data = {} if own is None else own
    if not data:
        raise _refusal(path, here, "configures nothing" + (": it has no [tool.policycheck]" if path.name == SHARED else ""))
    return path, data, text


def _bytes(target: Path, path: Path, here: Path) -> bytes:
    from policycheck.opener import Opener

    try:
        return Opener(target.parent).read(target.name, cap=CAP).data
    except ArtefactError as error:
        raise _refusal(path, here, f"cannot be read as configuration: {error}") from error


def _toml(raw: bytes, shown: str) -> tuple[dict[str, Any], str]:
    import tomllib

    try:
        text = raw.decode("utf-8").removeprefix("\ufeff")
        return tomllib.loads(text), text
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidInput([Problem(shown, line, 1, "is not UTF-8")]) from None
    except RecursionError:
        raise InvalidInput([Problem(shown, 0, 0, "is nested too deeply")]) from None
    except ValueError as error:
        place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", str(error))
        said = str(error)[: place.start()] if place else str(error)
        last = (len(raw.splitlines()), 1) if place else (0, 0)
        line, column = (int(place[1]), int(place[2])) if place and place[1] else last
        raise InvalidInput([Problem(shown, line, column, f"is not TOML: {said[:200]}")]) from None


def _refusal(path: Path, here: Path, message: str) -> InvalidInput:
    return InvalidInput([Problem(_shown(path, here), 0, 0, message)])


def _shown(path: Path, here: Path) -> str:
    return os.path.relpath(path, here).replace(os.sep, "/").encode("utf-8", "backslashreplace").decode()


# --- reading it ----------------------------------------------------------------------------------------------


def _from_file(data: Any, text: str, shown: str, where: _Where) -> dict[str, Setting]:
    if not isinstance(data, dict):
        raise InvalidInput([Problem(shown, 0, 0, "tool.policycheck: must be a table, [tool.policycheck]")])
    found: dict[str, Setting] = {}
    problems = []
    for name, value in data.items():
        line = _line(text, name)
        try:
            found[name] = Setting(_read(name, value, where), f"{shown}:{line}" if line else shown, where.folder)
        except ValueError as error:
            problems.append(Problem(shown, line, 1 if line else 0, f"{name[:100]}: {error}"))
    if problems:
        raise InvalidInput(problems)
    return found


def _read(name: str, value: Any, where: _Where) -> Any:
    key = KEYS.get(name)
    if key is not None:
        return key.read(value, where)
    if name in _OFF:
        raise ValueError(NO_OFF)
    if name == "tool":
        raise ValueError(f"unknown key; outside {SHARED} the keys stand at the top, without [tool.policycheck]")
    raise ValueError(f"unknown key{_suggest(name, KEYS)}")


def _line(text: str, name: str) -> int:
    """The line a key is written on, 0 when it is written in a way that is not looked for."""
    section = re.search(r"(?m)^[ \t]*\[tool\.policycheck\b", text)
    start = section.start() if section else 0
    written = rf"(?m)^[ \t]*(\[\[?(tool\.policycheck\.)?)?[\"']?{re.escape(name)}[\"']?[ \t]*[=.\]]"
    match = re.compile(written).search(text, start)
    return text.count("\n", 0, match.start()) + 1 if match else 0


def _from_environment(environment: Mapping[str, str], where: _Where) -> dict[str, Setting]:
    found = {}
    names = {PREFIX + name.upper(): name for name in KEYS}
    for variable in sorted(v for v in environment if v.startswith(PREFIX)):
        if variable not in names:
            _refuse_misspelt(variable, names)
        elif environment[variable].strip():
            name = names[variable]
            try:
                value = KEYS[name].read(KEYS[name].parse(environment[variable]), where)
            except ValueError as error:
                raise UsageError(f"{variable}: {error}") from None
            found[name] = Setting(value, variable, where.folder)
    return found


def _refuse_misspelt(variable: str, known: Iterable[str]) -> None:
    """Other programs may have variables of this prefix; one a letter or two away from ours is a mistake."""
    from difflib import get_close_matches

    close = get_close_matches(variable, list(known), n=1, cutoff=0.9)
    if close:
        raise UsageError(f"no variable {variable}; did you mean {close[0]!r}?")


def _suggest(word: str, known: Iterable[str]) -> str:
    from policycheck.language.types import suggest

    return suggest(word[:100], known)


# --- what a value may be -------------------------------------------------------------------------------------


def _choice(*words: str) -> Callable[[Any, _Where], str]:
    def read(value: Any, where: _Where) -> str:
        if not isinstance(value, str) or value not in words:
            near = _suggest(value, words) if isinstance(value, str) else ""
            raise ValueError(f"{_quoted(value)} is not one of {', '.join(words)}{near}")
        return value

    return read


def _format(value: Any, where: _Where) -> str:
    return _choice(*rooms.names("formats"))(value, where)


def _flag(value: Any, where: _Where) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{_quoted(value)} is not true or false")
    return value


def _texts(value: Any, where: _Where) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) and item.strip() for item in items):
        raise ValueError('must be a list of texts, such as ["…", "…"]')
    return tuple(items)


def _path(value: Any, where: _Where) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError(f"{_quoted(value)} is not a path")
    return os.path.relpath(os.path.normpath(where.folder / value), where.here).replace(os.sep, "/")


def _paths(value: Any, where: _Where) -> tuple[str, ...]:
    return tuple(_path(item, where) for item in _texts(value, where))


def _outputs(value: Any, where: _Where) -> tuple[str, ...]:
    return tuple(_output(item, where) for item in _texts(value, where))


def _output(text: str, where: _Where) -> str:
    """A target of the file stays below its root: who may change the file may not write wherever the run may."""
    name, equals, file = text.partition("=")
    is_named = bool(equals) and name in rooms.names("formats")
    path = _path(file if is_named else text, where)
    target = Path(os.path.realpath(where.here / path))
    root = where.root.resolve() if where.root is not None else None
    if root is not None and (root not in target.parents or ".git" in target.relative_to(root).parts):
        raise ValueError(f"{_quoted(text)} leads out of {root.name or root}; a configured output stays in the repository")
    return f"{name}={path}" if is_named else path


def _patterns(value: Any, where: _Where) -> tuple[str, ...]:
    found = []
    for item in _texts(value, where):
        steps = [step for step in item.split("/") if step not in ("", ".")]
        if not steps or item.startswith("/") or "\\" in item or ".." in steps:
            raise ValueError(f"{_quoted(item)} is not a pattern below the folder of the configuration, such as legacy/**")
        found.append("/".join(steps))
    return tuple(found)


def _leads_to(wanted: list[str], steps: tuple[str, ...]) -> bool:
    """Whether a pattern fits a path or a folder above it; `**` stands for any folders."""
    reached = {0}
    for want in wanted:
        if want == "**":
            reached = {after for at in reached for after in range(at, len(steps) + 1)}
        else:
            reached = {at + 1 for at in reached if at < len(steps) and fnmatchcase(steps[at], want)}
    return bool(reached)


def _days(value: Any, where: _Where) -> dict[str, int]:
    for severity, days in _by_severity(value).items():
        if isinstance(days, bool) or not isinstance(days, int) or not 0 < days <= MOST_DAYS:
            raise ValueError(f"{severity}: {_quoted(days)} is not a number of days from 1 to {MOST_DAYS}")
    return dict(value)


def _demand(value: Any, where: _Where) -> Any:
    read = _choice(*DEMANDS)
    if isinstance(value, dict):
        return {severity: read(demand, where) for severity, demand in _by_severity(value).items()}
    return read(value, where)


def _by_severity(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{_quoted(value)} is not a table by severity, such as {{high = …, low = …}}")
    for severity in value:
        if severity not in SEVERITIES:
            raise ValueError(f"{_quoted(severity)} is not one of {', '.join(SEVERITIES)}{_suggest(severity, SEVERITIES)}")
    return value


def _warnings(value: Any, where: _Where) -> tuple[WarnUntil, ...]:
    if not isinstance(value, list):
        raise ValueError('must be a list, such as [{rule = "…", until = 2027-03-01}]')
    found = tuple(_warning(item) for item in value)
    twice = [w for at, w in enumerate(found) if (w.by, w.name) in {(other.by, other.name) for other in found[:at]}]
    if twice:
        raise ValueError(f"{twice[0].by} {_quoted(twice[0].name)} is named twice")
    return found


def _warning(item: Any) -> WarnUntil:
    if not isinstance(item, dict):
        raise ValueError(f'{_quoted(item)} is not an entry, such as {{rule = "…", until = 2027-03-01}}')
    for name in item:
        if name in _OFF:
            raise ValueError(NO_OFF)
        if name not in ("rule", "document", "severity", "until"):
            raise ValueError(f"unknown key {_quoted(name)}{_suggest(name, ('rule', 'document', 'severity', 'until'))}")
    named = [name for name in ("rule", "document", "severity") if name in item]
    if len(named) != 1 or "until" not in item:
        raise ValueError("an entry names one rule, document or severity, and until when")
    by, of = named[0], item[named[0]]
    if not isinstance(of, str) or not of or (by == "severity" and of not in SEVERITIES):
        raise ValueError(f"{by}: {_quoted(of)} is not {'one of ' + ', '.join(SEVERITIES) if by == 'severity' else 'a name'}")
    return WarnUntil(by, of, _day(item["until"]))


def _day(value: Any) -> str:
    if isinstance(value, str) and value.lower() in {*_OFF, "never", "forever"}:
        raise ValueError(NO_OFF)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise ValueError(f"until: {_quoted(value)} is not a date; write it as 2027-03-01")


def _quoted(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",")]


def _truth(text: str) -> Any:
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower(), text)


def _pairs(text: str) -> dict[str, Any]:
    """`high=90,low=365` as a table."""
    pairs = [word.partition("=") for word in _words(text)]
    return {name.strip(): int(days) if days.strip().isdecimal() else days.strip() for name, _, days in pairs}


def _demands(text: str) -> Any:
    return _pairs(text) if "=" in text else text.strip()


def _not_here(text: str) -> Any:
    raise ValueError("is written in the configuration file, where it can be reviewed")


KEYS: dict[str, Key] = {
    "criteria": Key((), _texts, _words, "the documents, packs or expectations that manifests are held against"),
    "fail_on": Key("low", _choice(*SEVERITIES), str.strip, "the least severity that blocks"),
    "allow_unknown": Key(False, _flag, _truth, "unknowns do not block"),
    "min_assurance": Key("declared", _demand, _demands, "what must stand behind a met expectation, also by severity"),
    "rules": Key((), _paths, _words, "folders of further packs"),
    "exclude": Key((), _patterns, _words, "manifests that a folder walk leaves out"),
    "format": Key("text", _format, str.strip, "what is printed"),
    "output": Key((), _outputs, _words, "files that are written, as FORMAT=FILE"),
    "baseline": Key("", _path, str.strip, "the gaps that are known"),
    "strict_baseline": Key(False, _flag, _truth, "entries of the baseline whose gap is gone block"),
    "exception_days": Key({}, _days, _pairs, "the longest term of an exception in days, by severity (365)"),
    "exceptions_from": Key("", _path, str.strip, "the one file whose exceptions count"),
    "warn_until": Key((), _warnings, _not_here, "what does not block before a day"),
}


# --- what can be told only when the run is known --------------------------------------------------------------


def demanded(value: Any) -> tuple[Assurance, tuple[tuple[str, Assurance], ...]]:
    """`min_assurance` as the run holds it: for all severities, and by severity."""
    if isinstance(value, dict):
        return Assurance.DECLARED, tuple((severity, Assurance(demand)) for severity, demand in sorted(value.items()))
    return Assurance(value), ()


def too_far(warnings: Iterable[WarnUntil], as_of: str, source: str) -> list[Problem]:
    """Entries that warn for so long that nothing would ever block."""
    today = date.fromisoformat(as_of)
    last = (today + timedelta(days=min(HORIZON, (date.max - today).days))).isoformat()
    return [
        Problem(*place(source), f"warn_until: {w.by} {w.name} until {w.until} is more than {HORIZON} days ahead; {NO_OFF}")
        for w in warnings
        if w.until > last
    ]


def unheard_of(
    warnings: Iterable[WarnUntil], rules: Iterable[str], documents: Iterable[str], renamed: Mapping[str, str], source: str
) -> Iterator[Problem]:
    """Entries about a rule or a document that does not exist, or a rule that another entry names by another of its names.

    `renamed` gives today's names of rules by their former ones.
    """
    known = {"rule": list(rules), "document": list(documents), "severity": [s.value for s in Severity]}
    named: dict[str, str] = {}
    for warning in warnings:
        today = renamed.get(warning.name, warning.name)
        if warning.by == "rule" and named.setdefault(today, warning.name) != warning.name:
            said = f"rule {_quoted(today)} is named twice, as {named[today]} and as {warning.name}"
            yield Problem(*place(source), f"warn_until: {said}")
        elif warning.name not in known[warning.by] and not (warning.by == "rule" and warning.name in renamed):
            near = _suggest(warning.name, known[warning.by])
            yield Problem(*place(source), f"warn_until: no {warning.by} {_quoted(warning.name)}{near}")


def place(source: str) -> tuple[str, int, int]:
    """Path, line and column of where a setting comes from, for a problem; no line for a variable."""
    path, _, line = source.rpartition(":")
    return (path, int(line), 1) if path and line.isdecimal() else (source, 0, 0)
