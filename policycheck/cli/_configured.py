"""The configuration behind a command's options: what the command line does not say, the environment or the file may."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from policycheck.config import Configuration
    from policycheck.model import Artefact, Options
    from policycheck.packs import Criteria
    from policycheck.run import Settings, Worker
    from policycheck.sources import Found

_Function = TypeVar("_Function", bound=Callable[..., Any])
#: Where a command's option is not called as the key.
_PARAMETERS = {"format": "format_", "output": "outputs"}
_PATHS = frozenset({"rules", "baseline"})
#: The baseline that is written, pruned and shown when none is named or configured.
DEFAULT_BASELINE = Path(".policycheck-baseline.yaml")


def configuration_options(function: _Function) -> _Function:
    """`--config` and `--isolated`, the same for every command that judges."""
    isolated = click.option("--isolated", is_flag=True, help="No configuration file and no POLICYCHECK_ variable counts.")
    file = click.option("--config", "config_file", type=click.Path(path_type=Path), metavar="FILE",
                        help="Read this configuration instead of the one found here or above.")  # fmt: skip
    return file(isolated(function))


def configuration(options: dict[str, Any]) -> Configuration:
    """The configuration of this call. Raises UsageError and InvalidInput."""
    from policycheck import config
    from policycheck.cli._output import current_folder
    from policycheck.errors import UsageError

    file, isolated = options["config_file"], options["isolated"]
    if file is not None and isolated:
        raise UsageError("--config names a configuration, --isolated wants none; give one of them")
    return config.load(current_folder(), os.environ, file, isolated)


def filled(options: dict[str, Any]) -> tuple[dict[str, Any], Configuration]:
    """A command's options, with what is configured where the command line is silent, and the configuration."""
    found = configuration(options)
    context = click.get_current_context()
    given = {name for name in options if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE}
    known = {param.name for param in context.command.params}
    merged = dict(options)
    for key, setting in found.settings.items():
        name = _PARAMETERS.get(key, key)
        if name not in given and (setting.source != "default" or name not in known):
            merged[name] = _typed(key, setting.value)
    return merged, found


def _typed(key: str, value: Any) -> Any:
    if key not in _PATHS:
        return value
    return tuple(Path(one) for one in value) if isinstance(value, tuple) else Path(value) if value else None


def asked(options: Mapping[str, Any], found: Configuration, root: Path | None, as_of: str) -> dict[str, Any]:
    """The parts of a run's Options that only a configuration says, and `min_assurance`. Raises InvalidInput."""
    from policycheck import config
    from policycheck.cli._output import current_folder
    from policycheck.errors import InvalidInput
    from policycheck.model import Problem

    warnings = options["warn_until"]
    problems = config.too_far(warnings, as_of, found.settings["warn_until"].source)
    if problems:
        raise InvalidInput(problems)
    only = options["exceptions_from"]
    if only and not os.path.isfile(only):
        source = found.settings["exceptions_from"].source
        raise InvalidInput([Problem(*config.place(source), f"exceptions_from: {only} does not exist")])
    demand, by_severity = config.demanded(options["min_assurance"])
    return {
        "min_assurance": demand,
        "min_assurance_by": by_severity,
        "exception_days": tuple(sorted(options["exception_days"].items())),
        "exceptions_from": _from_root(options["exceptions_from"], root),
        "exceptions_file": str(current_folder() / only) if only else "",
        "warn_until": warnings,
        "exclude": options["exclude"],
    }


def settings(options: Mapping[str, Any], found: Configuration) -> Settings:
    """The settings of a command that judges and prints something of its own. Raises UsageError and InvalidInput."""
    from policycheck.cli._output import as_of, criteria_of, current_folder, root_folder
    from policycheck.model import Options, Severity
    from policycheck.run import Settings

    root, date = root_folder(options["root"]), as_of(options["as_of"])
    wanted = Options(
        as_of=date, criteria=criteria_of(options["criteria"]),
        fail_on=Severity(options["fail_on"]), allow_unknown=options["allow_unknown"], evidence=not options["no_evidence"],
        **asked(options, found, root, date),
    )  # fmt: skip
    return Settings(
        here=current_folder(), options=wanted, root=root, rules=tuple(p.resolve() for p in options["rules"]),
        baseline=options["baseline"],
    )  # fmt: skip


def judging(paths: tuple[str, ...], options: Mapping[str, Any], found: Configuration) -> tuple[Worker, Found]:
    """What judges for such a command, with the whole results kept, and the manifests that its paths mean.

    Raises UsageError, InvalidInput and NothingToCheck.
    """
    from policycheck import sources
    from policycheck.run import Worker

    worker = Worker(settings(options, found), keep=True)
    held_against(worker.criteria, worker.options, found)
    return worker, sources.find(paths, worker.settings.here, worker.settings.root, found.excludes)


def decided_by(found: Configuration, baseline: Path | None) -> tuple[tuple[str, Artefact], ...]:
    """The files beside manifests and packs that decide over a run, with their digests; those that are there."""
    from policycheck.cli._output import current_folder
    from policycheck.digest import sha256_hex
    from policycheck.model import Artefact

    files = []
    for what, path in (("configuration", found.file), ("baseline", baseline)):
        whole = current_folder() / path if path else None
        if whole is not None and whole.is_file():
            raw = whole.read_bytes()
            shown = os.path.relpath(whole, current_folder()).replace(os.sep, "/")
            files.append((what, Artefact(shown, len(raw), sha256_hex(raw))))
    return tuple(files)


def _from_root(path: str, root: Path | None) -> str:
    """A path from the current folder as one from the root, which is how a manifest names its files."""
    from policycheck import sources
    from policycheck.cli._output import current_folder

    if not path:
        return ""
    whole = current_folder() / path
    top = sources.root_of(Path(os.path.normpath(whole)), root)
    return os.path.relpath(whole, top).replace(os.sep, "/")


def held_against(criteria: Criteria, options: Options, found: Configuration) -> None:
    """Raises InvalidInput when the configuration speaks of rules or documents that do not exist."""
    if not options.warn_until:
        return
    from policycheck import config
    from policycheck.checks import CHECKS
    from policycheck.errors import InvalidInput

    source = found.settings["warn_until"].source
    rules = [*criteria.every_rule, *CHECKS]
    problems = list(config.unheard_of(options.warn_until, rules, criteria.documents, criteria.renamed, source))
    if problems:
        raise InvalidInput(problems)
