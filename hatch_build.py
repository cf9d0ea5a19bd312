"""The build hook: no wheel holds a pack with a mistake in it; the packs travel parsed, beside their sources."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_DATA = "policycheck/_data"


class PackHook(BuildHookInterface[Any]):
    """Runs when a wheel is built. An editable installation reads rules/ and schemas/ where they are."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Check the packs, then name what the wheel takes in besides the package. Aborts the build on a mistake."""
        if version != "standard":
            return
        sys.path.insert(0, self.root)
        rules = Path(self.root, "rules")
        if wrong := mistakes(rules):
            self.app.abort("\n".join(["the shipped packs have mistakes:", *wrong]))
        self._scratch = TemporaryDirectory(prefix="policycheck-")
        included: dict[str, str] = build_data["force_include"]
        included |= {str(rules): f"{_DATA}/rules", str(Path(self.root, "schemas")): f"{_DATA}/schemas"}
        included |= compiled(rules, Path(self._scratch.name))
        included |= lean(Path(self.root, "schemas"), Path(self._scratch.name))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was written for the wheel."""
        if version == "standard":
            self._scratch.cleanup()


def mistakes(rules: Path) -> list[str]:
    """What is wrong with the packs of a folder: their files' shapes first, then what the rules say (design 5, 6)."""
    from policycheck import packs
    from policycheck.errors import InvalidInput
    from policycheck.manifests.explain import schema

    try:
        shaped = [packs.user_pack(header.parent) for header in sorted(rules.glob("*/pack.yaml"))]
        criteria = packs.Criteria(shaped, schema("manifest-v1"))
    except InvalidInput as error:
        return [str(problem) for problem in error.problems]
    return [str(problem) for pack in shaped for problem in packs.mistakes(criteria, pack)]


def compiled(rules: Path, scratch: Path) -> dict[str, str]:
    """Write the packs as a check reads them, parsed; returns where that file goes in the wheel."""
    from policycheck import packs
    from policycheck.manifests.explain import schema

    made = scratch / packs.COMPILED
    made.write_bytes(packs.compiled(rules, schema("manifest-v1")))
    return {str(made): f"{_DATA}/rules/{packs.COMPILED}"}


def lean(schemas: Path, scratch: Path) -> dict[str, str]:
    """Write the schemas without the words for editors, as a check reads them; returns where they go in the wheel."""
    import json

    included = {}
    for path in sorted(schemas.glob("*.json")):
        made = scratch / path.name
        made.write_text(json.dumps(_without_words(json.loads(path.read_bytes())), separators=(",", ":")), "utf-8")
        included[str(made)] = f"{_DATA}/schemas/lean/{path.name}"
    return included


def _without_words(schema: Any, names: bool = False) -> Any:
    """`names` says that the keys of this mapping are names of properties or definitions, not keywords."""
    if isinstance(schema, list):
        return [_without_words(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_words(value, not names and key in ("properties", "definitions", "patternProperties"))
        for key, value in schema.items()
        if names or key not in ("title", "description", "examples")
    }
