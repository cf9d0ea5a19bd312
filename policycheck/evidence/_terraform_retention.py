"""How long logs and objects are kept: CloudWatch, S3, Cloud Storage, Cloud Logging, Log Analytics.

Zero or nothing written means, for most of them, that nothing is ever deleted. A control's declared `retention_days` then
is denied; where nothing is declared, nothing can be held against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from policycheck.evidence._terraform_config import At, Config, Part, Resource, Unsaid, Unsettled

#: Days that stand for "never deleted": a hundred years, more than anything declares.
FOREVER = 36_500

_CLOUDWATCH, _S3, _BUCKET = "aws_cloudwatch_log_group", "aws_s3_bucket_lifecycle_configuration", "google_storage_bucket"
_WORKSPACE, _LOGGING, _VERSIONS = (
    "azurerm_log_analytics_workspace",
    "google_logging_project_bucket_config",
    "aws_s3_bucket_versioning",
)
HOLDERS = frozenset({_CLOUDWATCH, _S3, _BUCKET, _WORKSPACE, _LOGGING})
TYPES = frozenset({*HOLDERS, _VERSIONS})
#: Days for which Cloud Logging keeps what a bucket does not say.
_LOGGING_DAYS = 30
#: Conditions of a Cloud Storage rule that take earlier versions alone, and those that leave objects out.
_EARLIER = ("num_newer_versions", "noncurrent_time_before", "days_since_noncurrent_time")
_NARROWING = (
    "matches_prefix", "matches_suffix", "matches_storage_class", "created_before", "custom_time_before",
    "days_since_custom_time",
)  # fmt: skip


class Kept(NamedTuple):
    """For how many days, where that stands, and a note."""

    days: int
    at: At
    note: str
    soft: bool = False


def kept(resource: Resource, config: Config, rule: str) -> Kept:
    """How long a resource keeps what it holds."""
    return _READERS[resource.type](resource, config, rule)


def path_in(subject: Mapping[str, Any], manifest: object) -> tuple[str, ...]:
    """Where a subject declares its retention: with its logging for a third party's access, else itself."""
    accesses = manifest.get("third_party_access") if isinstance(manifest, Mapping) else None
    is_access = "logging" in subject or any(subject == access for access in (accesses if isinstance(accesses, list) else ()))
    return ("logging", "retention_days") if is_access else ("retention_days",)


def is_declared(subject: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    """Whether a subject declares a number at a path."""
    at: Any = subject
    for step in path:
        at = at.get(step) if isinstance(at, Mapping) else None
    return isinstance(at, int)


def _never(resource: Resource, at: At) -> Kept:
    return Kept(FOREVER, at, f"{resource.address} never deletes what it holds: a hundred years stand for that")


def _cloudwatch(resource: Resource, config: Config, rule: str) -> Kept:
    """`retention_in_days`: zero, or nothing written, keeps log events for ever."""
    if resource.part.text("log_group_class") == "DELIVERY":
        raise Unsaid(f"{resource.address} is of the class DELIVERY, whose retention is not set here", resource.at)
    days, at = resource.part.number("retention_in_days"), resource.part.place("retention_in_days")
    return Kept(days, at, f"{resource.address} deletes log events after that") if days else _never(resource, at)


def _workspace(resource: Resource, config: Config, rule: str) -> Kept:
    days, at = resource.part.number("retention_in_days"), resource.part.place("retention_in_days")
    if not days:
        raise Unsaid(f"{resource.address} does not write its retention_in_days", at)
    return Kept(days, at, f"{resource.address} deletes after that")


def _logging(resource: Resource, config: Config, rule: str) -> Kept:
    days = resource.part.number("retention_days")
    note = f"{resource.address} deletes log entries after that"
    return Kept(days or _LOGGING_DAYS, resource.part.place("retention_days"), note if days else f"{note}, the default")


def _s3(resource: Resource, config: Config, rule: str) -> Kept:
    """The expiration of current objects, and of earlier versions where the bucket keeps versions."""
    rules = [each for each in resource.part.parts("rule") if not rule or each.called("id") == rule]
    active = [each for each in rules if each.text("status") == "Enabled" and _expires(each)]
    if rule and not rules:
        raise Unsaid(f"{resource.address} has no rule {rule[:80]}", resource.at)
    if not active:
        return _never(resource, resource.at)
    if len(active) > 1:
        names = ", ".join(each.called("id") for each in active)[:300]
        raise Unsaid(f"{resource.address} has several rules; name one with options rule: {names}", active[1].at)
    only = active[0]
    days, at = _days(only, resource), only.at
    versions, by = _versioning(resource, config), _later(only, resource)
    later = by.part("noncurrent_version_expiration") if by is not None else None
    if later is not None and not versions:
        raise Unsaid(f"{resource.address} deletes earlier versions apart, and whether there are any is not shown here", at)
    if versions == "Enabled" and (later is None or later.number("newer_noncurrent_versions")):
        kept = "every earlier version" if later is None else "the newest of the earlier versions"
        return Kept(FOREVER, at, f"{resource.address} deletes current objects, but the bucket keeps {kept}")
    extra = later.number("noncurrent_days") or 0 if later is not None and versions != "Disabled" else 0
    is_part = any(_is_filtered(each) for each in (only, by) if each is not None)
    part = " (only the objects that its filter names, so a person has to say whether these are all)" if is_part else ""
    return Kept(days + extra, at, f"{resource.address} rule {only.called('id')} deletes objects after that{part}", is_part)


def _expires(rule: Part) -> bool:
    expiration = rule.part("expiration")
    return expiration is not None and any(expiration.fields.get(name) for name in ("days", "date"))


def _days(rule: Part, resource: Resource) -> int:
    expiration = rule.part("expiration")
    days = expiration.number("days") if expiration is not None else None
    if not days:
        raise Unsaid(f"{resource.address} rule {rule.called('id')} expires on a date, not after days", rule.at)
    return days


def _is_filtered(rule: Part) -> bool:
    narrowed = rule.part("filter")
    fields = [*(narrowed.fields.values() if narrowed is not None else ()), rule.fields.get("prefix")]
    return any(value not in (None, "", ()) for value in fields)


def _later(only: Part, resource: Resource) -> Part | None:
    """The rule that deletes earlier versions of what a rule expires: itself, or another of the bucket."""
    rules = [only, *(each for each in resource.part.parts("rule") if each is not only)]
    found = [each for each in rules if each.text("status") == "Enabled" and each.part("noncurrent_version_expiration")]
    return found[0] if found else None


def _versioning(resource: Resource, config: Config) -> str:
    """Whether the same bucket keeps versions, as far as both name it alike: Enabled, Suspended, Disabled or not written."""
    for other in config.of(_VERSIONS):
        settings = other.part.part("versioning_configuration")
        if settings is not None and _same(resource, other):
            return settings.text("status")
    return ""


def _same(first: Resource, second: Resource) -> bool:
    one, two = first.part.fields.get("bucket"), second.part.fields.get("bucket")
    if isinstance(one, Unsettled) and isinstance(two, Unsettled):
        return bool(set(one.addresses) & set(two.addresses))
    return isinstance(one, str) and one == two


def _storage(resource: Resource, config: Config, rule: str) -> Kept:
    """The first age at which a Delete rule takes an object, if need be one of some objects alone."""
    ages: list[tuple[bool, int, At]] = []
    has_earlier, is_live = False, False
    for each in resource.part.parts("lifecycle_rule"):
        action, condition = each.part("action"), each.part("condition")
        if action is None or condition is None or action.text("type") != "Delete":
            continue
        age, state = condition.number("age"), _state(condition, config)
        if state == "ARCHIVED" or any(condition.get(name) for name in _EARLIER):
            has_earlier = True
        elif age is not None:
            is_live |= state == "LIVE"
            ages.append((_is_narrowed(condition), age, condition.place("age")))
    versioning = resource.part.part("versioning")
    if ages and is_live and versioning is not None and versioning.flag("enabled", default=False):
        kept = f"{resource.address} deletes current objects"
        if has_earlier:
            raise Unsaid(f"{kept} and earlier versions by rules of their own, which is not reckoned here", ages[0][2])
        return Kept(FOREVER, ages[0][2], f"{kept}, but the bucket keeps every earlier version")
    if not ages:
        return _never(resource, resource.at)
    is_part, days, at = min(ages)
    part = " (only the objects that its condition names, so a person has to say whether these are all)" if is_part else ""
    return Kept(days, at, f"{resource.address} deletes objects of that age{part}", is_part)


def _state(condition: Part, config: Config) -> str:
    """Which versions a condition takes; a plan knows what was not written only after apply, and it is any then."""
    is_open = isinstance(condition.fields.get("with_state"), Unsettled) and config.form == "plan"
    return "ANY" if is_open else condition.text("with_state", "ANY")


def _is_narrowed(condition: Part) -> bool:
    return any(condition.fields.get(name) not in (None, "", (), 0) for name in _NARROWING)


_READERS = {_CLOUDWATCH: _cloudwatch, _S3: _s3, _BUCKET: _storage, _WORKSPACE: _workspace, _LOGGING: _logging}
