"""policycheck report"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from policycheck import rooms

if TYPE_CHECKING:
    from policycheck.report import Record
    from policycheck.signoff import Signoff

#: The formats that have a block for signatures.
_SIGNED = frozenset({"html", "pdf"})
_FORMATS = click.Choice(rooms.names("formats"))


@click.command("report", short_help="Render a JSON report in other formats, without judging again.")
@click.argument("report", metavar="REPORT.json")
@click.option("--format", "formats", multiple=True, type=_FORMATS, metavar="NAME",
              help=f"What is printed: {', '.join(_FORMATS.choices)}; text if nothing else is asked for.")  # fmt: skip
@click.option("--output", "outputs", multiple=True, metavar="[FORMAT=]FILE",
              help="Write a format to a file, any number of times; without FORMAT=, the one --format.")  # fmt: skip
@click.option("--bundle", metavar="DIR",
              help="Write each --format (else html, xlsx, csv, markdown, json) and their digests to a folder.")  # fmt: skip
@click.option("--key", metavar="PRIVATE.pem", help="Sign the bundle with this ed25519 key.")
@click.option("--passphrase-env", metavar="NAME", help="The environment variable with the key's passphrase.")
@click.option("--force", is_flag=True, help="Let --bundle replace an earlier bundle.")
@click.option("--for-signature", is_flag=True,
              help="A block for signatures in html and pdf, and DRAFT on every page until it is filled.")  # fmt: skip
@click.option("--prepared-by", nargs=2, metavar="NAME DATE", help="Who prepared the report, and when.")
@click.option("--reviewed-by", nargs=2, metavar="NAME DATE", help="Who reviewed it.")
@click.option("--approved-by", nargs=2, metavar="NAME DATE", help="Who approved it; not who prepared it.")
@click.option("--review", metavar="FILE", help="A review file that says all three (policycheck-review: 1).")
@click.option("--view", type=click.Choice(["gdpr", "owasp-oat"]), help="Text and table by what the findings support there.")
@click.option("--by", type=click.Choice(["finding", "expectation"]), default="finding", show_default=True,
              help="What text and table go by; expectation gives the documents' paragraphs in order.")  # fmt: skip
@click.option("--root", type=click.Path(path_type=Path), metavar="DIR",
              help="Where the report's paths begin: show lines of the files there, if they are as they were.")  # fmt: skip
@click.option("--previous", metavar="REPORT.json", help="Say on the first page what changed since that report.")
@click.option("--show-values", is_flag=True, help="Let SARIF, JUnit, GitLab and GitHub formats tell declared values.")
@click.option("--redact", is_flag=True, help="Leave out values and quotations; ids, places, counts and digests stay.")
@click.option("--verbose", "-v", is_flag=True, help="Everything: met and not applicable, all facts.")
@click.option("--quiet", "-q", is_flag=True, help="One line a manifest.")
def command(report: str, **options: Any) -> int:
    """Render a JSON report in other formats. No manifest is read and nothing is judged.

    All documents made of one JSON report carry its id, its findings and its counts, and are byte for byte what
    `policycheck check` would have written. Lines of source are not in the JSON: text, html and pdf show them only
    with --root.
    - is standard input. A bundle is checked by `policycheck verify`.

    \b
    policycheck check --format json --output report.json
    policycheck report report.json --output xlsx=actions.xlsx --output markdown=gaps.md
    policycheck report report.json --format text --root .
    policycheck report report.json --previous last.json --output html=report.html
    policycheck report report.json --format html --for-signature --reviewed-by 'A. Example' 2026-11-22
    policycheck report report.json --bundle for-the-auditor --key private.pem

    Exit codes: 0 rendered, whatever the report says; 2 usage; 3 not a report, or one that was changed.
    """
    from policycheck import replay
    from policycheck.cli import _bundle, _say
    from policycheck.cli._output import read_bytes, root_folder

    _bundle.refuse_stray(options)
    wanted = _targets(report, options)
    options["previous"] = _previous(report, options, wanted)
    raw = read_bytes(report)
    read, root = replay.read(raw, report), root_folder(options["root"])
    if root is not None or options["bundle"] is not None:
        _refuse_ambiguous(read)
    options["signoff"] = _signoff(options, read)
    if options["redact"] or read.get("redacted"):
        # What says that it is redacted may have been told to say so.
        copy = replay.redacted(read)
        raw = raw if copy == read else _json(copy)
        read = copy
    told = _print(read, options, root, wanted) if options["bundle"] is None else _bundle.write(raw, read, options, root)
    for line in told:
        _say(f"policycheck: {line}")
    return 0


def _refuse_ambiguous(report: Record) -> None:
    """No folder holds the files of such a report, so nobody could show, check or judge them again from its paths."""
    from policycheck.errors import UsageError
    from policycheck.replay import ambiguous

    if path := ambiguous(report):
        raise UsageError(
            f"{path} is two files in this report, as its manifests have different roots;"
            " check them again with --root DIR, a folder above them all"
        )


def _json(report: Record) -> bytes:
    """A report as the JSON format writes it."""
    from io import BytesIO

    from policycheck.cli._output import current_folder
    from policycheck.cli._writer import render
    from policycheck.replay import Replay

    written = BytesIO()
    render(Replay(report, {}, current_folder()), "json", written)
    return written.getvalue()


def _signoff(options: dict[str, Any], report: Record) -> Signoff | None:
    """Who signed what is rendered; None when it is not for signature. Raises UsageError and InvalidInput."""
    from policycheck import signoff
    from policycheck.cli._output import read_bytes
    from policycheck.errors import UsageError

    parts = {part: options[part] for part in signoff.PARTS}
    named = [f"--{part.replace('_', '-')}" for part, said in parts.items() if said]
    if not options["for_signature"]:
        if named or options["review"]:
            raise UsageError(f"{named[0] if named else '--review'} goes with --for-signature")
        return None
    asked = {*options["formats"], *(o.partition("=")[0] for o in options["outputs"] if "=" in o)}
    # A bundle has html unless formats are named.
    if not _SIGNED & asked and (asked or options["bundle"] is None):
        raise UsageError("--for-signature shows in html and pdf: add --format html or --format pdf")
    if options["review"] is None:
        return signoff.given(parts, report["as_of"])
    if named:
        raise UsageError(f"--review names everybody; leave {named[0]} out")
    return signoff.read(read_bytes(options["review"]), options["review"], report["report_id"], report["as_of"])


def _targets(report: str, options: dict[str, Any]) -> list[tuple[str, str]]:
    from policycheck.cli._output import refuse_overwriting, targets

    if options["bundle"] is not None:
        return []
    wanted = targets(options["formats"], options["outputs"])
    refuse_overwriting(wanted, [Path(report).resolve()], "the report that is rendered")
    refuse_overwriting(wanted, [Path(options["review"] or "-").resolve()], "the file of --review")
    return wanted


def _previous(report: str, options: dict[str, Any], wanted: list[tuple[str, str]]) -> Record | None:
    from policycheck.cli._previous import previous
    from policycheck.errors import UsageError

    if options["previous"] is not None and options["bundle"] is not None:
        raise UsageError("--previous is not for a bundle: its documents are made of the one report that lies in it")
    return previous(options["previous"], wanted, report)


def _print(report: Record, options: dict[str, Any], root: Path | None, wanted: list[tuple[str, str]]) -> list[str]:
    from policycheck.cli._output import current_folder, refuse_overwriting, sinks, style
    from policycheck.cli._writer import lacking, render
    from policycheck.replay import Replay

    own = {"show_values": options["show_values"], "signoff": options["signoff"], "view": options["view"]}
    shown = {**style(options["verbose"], options["quiet"], options["by"]), **own}
    if root is not None:
        read = [
            root / one["path"] for record in report["results"]
            for one in (*record["inputs"], *(file for entry in record["artefacts"] for file in entry["artefacts"]))
        ]  # fmt: skip
        refuse_overwriting(wanted, read, "a file of which lines are shown")
    again = Replay(report, shown, current_folder(), root, options["previous"])
    with sinks(wanted) as opened:
        for name, sink in opened.by_format:
            render(again, name, sink)
    return [] if options["quiet"] else lacking(again)
