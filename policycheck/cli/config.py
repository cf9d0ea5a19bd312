"""policycheck config"""

from __future__ import annotations

from typing import Any

import click

from policycheck.cli._configured import configuration_options


@click.command("config", short_help="Show each configured value and where it comes from.")
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True,
              help="What is printed.")  # fmt: skip
@configuration_options
def command(format_: str, **options: Any) -> int:
    """Show each configured value and where it comes from.

    [tool.policycheck] in pyproject.toml or .policycheck.toml is looked for here and upwards, as far as the folder that
    holds .git. Variables such as POLICYCHECK_FAIL_ON stand over the file, the options of a command over both.

    \b
    policycheck config
    policycheck config --config ci/policycheck.toml --format json
    POLICYCHECK_FAIL_ON=high policycheck config
    """
    from policycheck.cli._configured import configuration

    found = configuration(options)
    if format_ == "json":
        import json

        values = {key: {"value": _plain(s.value), "from": s.source} for key, s in found.settings.items()}
        click.echo(json.dumps({"file": found.file or None, "settings": values}, indent=2))
        return 0
    from policycheck.cli._output import print_lines

    print_lines(*_table(found))
    return 0


def _table(found: Any) -> list[str]:
    from tabulate import tabulate

    from policycheck.config import KEYS
    from policycheck.formats._terminal import harmless

    rows = [(key, harmless(_shown(s.value)), harmless(s.source), KEYS[key].about) for key, s in found.settings.items()]
    widths = [None, 30, 30, 36]
    told = f"configuration: {harmless(found.file)}" if found.file else "configuration: no file counts"
    lines: list[str] = tabulate(rows, headers=("key", "value", "from", "what it is"), maxcolwidths=widths).splitlines()
    return [told, "", *lines]


def _plain(value: Any) -> Any:
    """A value as JSON and TOML write it."""
    from policycheck.model import WarnUntil

    if isinstance(value, WarnUntil):
        return {value.by: value.name, "until": value.until}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    plain = _plain(value)
    if isinstance(plain, dict):
        return ", ".join(f"{key} {one}" for key, one in plain.items()) or "-"
    if isinstance(plain, list):
        return ", ".join(_shown(one) if isinstance(one, dict) else str(one) for one in plain) or "-"
    return str(plain).lower() if isinstance(plain, bool) else str(plain) or "-"
