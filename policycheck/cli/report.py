"""policycheck report"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policycheck import rooms

if TYPE_CHECKING:
    from policycheck.cli._output import Sinks
    from policycheck.replay import Replay

_FORMATS = click.Choice(rooms.names("formats"))


@click.command("report", short_help="Render a JSON report in other formats, without judging again.")
@click.argument("report", metavar="REPORT.json")
@click.option("--format", "formats", multiple=True, type=_FORMATS, metavar="NAME",
              help=f"What is printed: {', '.join(_FORMATS.choices)}; text if nothing else is asked for.")  # fmt: skip
@click.option("--output", "outputs", multiple=True, metavar="[FORMAT=]FILE",
              help="Write a format to a file, any number of times; without FORMAT=, the one --format.")  # fmt: skip
@click.option("--by", type=click.Choice(["finding", "expectation"]), default="finding", show_default=True,
              help="What text and table go by; expectation gives the documents' paragraphs in order.")  # fmt: skip
@click.option("--root", type=click.Path(path_type=Path), metavar="DIR",
              help="Where the report's paths begin: show lines of the files there, if they are as they were.")  # fmt: skip
@click.option("--previous", metavar="REPORT.json", help="Say on the first page what changed since that report.")
@click.option("--show-values", is_flag=True, help="Let SARIF, JUnit, GitLab and GitHub formats tell declared values.")
@click.option("--verbose", "-v", is_flag=True, help="Everything: met and not applicable, all facts.")
@click.option("--quiet", "-q", is_flag=True, help="One line a manifest.")
def command(report: str, formats: tuple[str, ...], outputs: tuple[str, ...], root: Path | None, **options: Any) -> int:
    """Render a JSON report in other formats. No manifest is read and nothing is judged.

    All documents made of one JSON report carry its id, its findings and its counts, and are byte for byte what
    `policycheck check` would have written. Lines of source are not in the JSON: text shows them only with --root.
    - is standard input.

    \b
    policycheck check --format json --output report.json
    policycheck report report.json --output xlsx=actions.xlsx --output markdown=gaps.md
    policycheck report report.json --format text --root .
    policycheck report report.json --previous last.json --output html=report.html

    Exit codes: 0 rendered, whatever the report says; 2 usage; 3 not a report, or one that was changed.
    """
    from policycheck import replay
    from policycheck.cli._output import current_folder, read_bytes, refuse_overwriting, root_folder, sinks, style, targets
    from policycheck.cli._previous import previous

    wanted = targets(formats, outputs)
    refuse_overwriting(wanted, [Path(report).resolve()], "the report that is rendered")
    earlier = previous(options["previous"], wanted, report)
    shown = {**style(options["verbose"], options["quiet"], options["by"]), "show_values": options["show_values"]}
    again = replay.Replay(replay.read(read_bytes(report), report), shown, current_folder(), root_folder(root), earlier)
    with sinks(wanted) as opened:
        _render(again, opened)
    if not options["quiet"]:
        _tell(again)
    return 0


def _render(again: Replay, sinks: Sinks) -> None:
    from policycheck.cli._writer import Writer

    for name, sink in sinks.by_format:
        module = rooms.load("formats", name)
        writer = Writer(module, sink, again.view)
        for record in again.records(module.RECORD):
            writer.add(module.part(again.view, record))
        writer.end(again.totals)


def _tell(again: Replay) -> None:
    """What a reader of the documents should know and the documents do not say."""
    from policycheck.cli import _say

    changed = again.changed
    if again.lacks_lines:
        _say("policycheck: lines of source are not in the JSON report; --root DIR shows them")
    elif changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        _say(f"policycheck: no lines shown of {', '.join(changed[:3])}{more}: not there, or not as they were")
