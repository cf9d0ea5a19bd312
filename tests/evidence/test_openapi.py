"""What OpenAPI documents say about declared surfaces, controls and the organisation, and when they say nothing."""

from __future__ import annotations

import copy
import http.server
import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policycheck.discover import draft, search
from policycheck.errors import ArtefactError
from policycheck.evidence import _openapi, _personal_data, openapi
from policycheck.opener import Opener

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policycheck.model import Account, Reading

FIXTURES = Path(__file__).parent / "fixtures" / "openapi"
ROOT = Path(__file__).parents[2]
ORGANISATION = {"id": "petrel", "roles": ["social_media_company"]}
HEAD = {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}}
PERSON = {"type": "object", "properties": {"email": {"type": "string"}, "displayName": {"type": "string"}}}
SCHEMES = {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}}


def surface(*fields: str, **more: Any) -> dict[str, Any]:
    """A declared surface with fields of these names."""
    return {"id": "people", "kind": "api", "fields": [{"name": name} for name in fields], **more}


def heard(file: str, subject: dict[str, Any], root: Path = FIXTURES, **options: Any) -> Account:
    """The account of one file on a subject."""
    return openapi.account(Opener(root), file, {"kind": "openapi", "path": file, **options}, subject)


def response(schema: Any, **more: Any) -> dict[str, Any]:
    """A 200 answer with a JSON body of this schema."""
    return {"200": {"description": "d", "content": {"application/json": {"schema": schema}}, **more}}


def document(operation: dict[str, Any], path: str = "/people/{id}", **top: Any) -> dict[str, Any]:
    """A 3.0 document of one GET."""
    return {**HEAD, "paths": {path: {"get": operation}}, **top}


def told(root: Path, data: Any, subject: dict[str, Any] | None = None, **options: Any) -> Account:
    """The account of a document with this content: data, written as JSON, or bytes as they are."""
    raw = data if isinstance(data, bytes) else json.dumps(data, indent=1).encode()
    (root / "openapi.yaml").write_bytes(raw)
    options = {"operation": "GET /people/{id}", **options}
    return heard("openapi.yaml", surface() if subject is None else subject, root, **options)


def said(account: Account) -> dict[str, object]:
    """The values read, by their path; a file that could not be read fails the test here."""
    assert account.unreadable == ""
    return {".".join(reading.path): reading.value for reading in account.readings}


def added(account: Account) -> dict[str, object]:
    assert account.unreadable == ""
    return {"/".join(reading.path): reading.value for reading in account.additions}


def absent(account: Account) -> list[str]:
    assert account.unreadable == ""
    return [".".join(reading.path) for reading in account.absences]


def one(account: Account, path: str) -> Reading:
    return next(reading for reading in account.readings if ".".join(reading.path) == path)


def silent(account: Account) -> str:
    """Why an account says nothing; and it must then say nothing at all."""
    assert (account.readings, account.additions, account.absences, account.quotes) == ((), (), (), ())
    assert not account.supported
    assert account.unreadable
    return account.unreadable


def without_auth(account: Account) -> str:
    """Why nothing is said of who may call an operation, while what it returns is read all the same."""
    assert "auth" not in said(account)
    assert {"fields.email.category", "fields.displayName.category"} <= set(said(account))
    (why,) = account.complaints
    assert (why.path, why.line > 1) == ("openapi.yaml", True)
    return why.message


# --- our fixtures are what they claim to be ---


@pytest.mark.parametrize("name", ["petrel.yaml", "basket.json"])
def test_fixtures_are_valid_documents(name: str) -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(yaml.safe_load((FIXTURES / name).read_text("utf-8")))


def test_the_fixture_in_several_files_is_valid() -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    path = FIXTURES / "research" / "openapi.yaml"
    validator.validate(yaml.safe_load(path.read_text("utf-8")), base_uri=path.as_uri())


# --- a surface, and who may call its operation ---


def test_a_public_operation_and_its_fields_stand_at_their_lines() -> None:
    account = heard("petrel.yaml", surface("display_name", "Handle"), operation="getPerson")
    assert said(account) == {
        "auth": "none",
        "fields.display_name.name": "display_name",
        "fields.Handle.name": "Handle",
        "fields.avatarUrl.category": "user.content.self_image",
        "fields.bio.category": "user.content.public",
        "fields.birthDate.category": "user.demographic.date_of_birth",
        "fields.email.category": "user.contact.email",
        "fields.location.town.category": "user.contact.address.city",
        "fields.location.country.category": "user.contact.address.country",
    }
    lines = (FIXTURES / "petrel.yaml").read_text("utf-8").splitlines()
    auth, email = one(account, "auth"), one(account, "fields.email.category")
    assert lines[auth.line - 1].strip() == "security: []"
    assert lines[email.line - 1].strip().startswith("email:")
    assert email.column == 13
    assert "guessed from the name" in email.note
    assert not any(reading.soft for reading in account.readings)
    assert [seen.path for seen in account.artefacts] == ["petrel.yaml"]


def test_what_is_only_written_and_what_names_files_is_no_field() -> None:
    values = said(heard("petrel.yaml", surface(), operation="getPerson"))
    assert not [path for path in values if "password" in path or "template" in path]
    assert "fields.best_friend.email.category" not in values


@pytest.mark.parametrize(
    ("operation", "auth"),
    [
        ("GET /people/{person_id}", "none"),
        ("get /people/{id}", "none"),
        ("GET /v4/people/{id}", "none"),
        ("GET /people", "optional"),
        ("listPeople", "optional"),
        ("POST /contacts/match", "required"),
        ("getMe", "required"),
        ("listFriends", "none"),
    ],
)
def test_auth_by_operation(operation: str, auth: str) -> None:
    assert said(heard("petrel.yaml", surface(), operation=operation))["auth"] == auth


@pytest.mark.parametrize(
    ("own", "whole", "auth"),
    [
        (None, None, "none"),
        (None, [], "none"),
        (None, [{"key": []}], "required"),
        ([], [{"key": []}], "none"),
        ([{}], [{"key": []}], "none"),
        ([{}, {"key": []}], None, "optional"),
        ([{"key": []}, {}], [], "optional"),
        ([{"key": []}], [], "required"),
    ],
)
def test_the_operations_security_stands_instead_of_the_documents(tmp_path: Path, own: Any, whole: Any, auth: str) -> None:
    operation = {"responses": response(PERSON)} | ({} if own is None else {"security": own})
    top = {"components": SCHEMES} | ({} if whole is None else {"security": whole})
    assert said(told(tmp_path, document(operation, **top)))["auth"] == auth


@pytest.mark.parametrize(
    "wrong", [None, {}, "key", {"key": []}, ["key"], [None], [[]], [{"nobody": []}], [{"key": []}, {"nobody": []}], 5, True]
)
def test_security_that_cannot_be_read_is_not_guessed(tmp_path: Path, wrong: Any) -> None:
    operation = {"responses": response(PERSON), "security": wrong}
    account = told(tmp_path, document(operation, components=SCHEMES))
    assert "secur" in without_auth(account)


@pytest.mark.parametrize("scheme", [None, {}, [], "apiKey", {"type": None}, {"$ref": "#/nowhere"}])
def test_a_scheme_that_is_no_scheme_is_not_defined(tmp_path: Path, scheme: Any) -> None:
    top = {"components": {"securitySchemes": {"key": scheme}}, "security": [{"key": []}]}
    assert "which is not defined" in without_auth(told(tmp_path, document({"responses": response(PERSON)}, **top)))


@pytest.mark.parametrize("kind", ["none", "apikeyy", "optional", "TODO"])
def test_a_scheme_of_a_type_that_openapi_has_not_asks_for_nothing_known(tmp_path: Path, kind: str) -> None:
    top = {"components": {"securitySchemes": {"key": {"type": kind}}}, "security": [{"key": []}]}
    assert "is none of OpenAPI" in without_auth(told(tmp_path, document({"responses": response(PERSON)}, **top)))


def test_schemes_of_2_0_stand_elsewhere(tmp_path: Path) -> None:
    data = {"swagger": "2.0", "paths": {"/people/{id}": {"get": {"security": [{"key": []}], "responses": {}}}}}
    assert "not defined" in silent(told(tmp_path, {**data, "components": SCHEMES}))
    defined = {**data, "securityDefinitions": SCHEMES["securitySchemes"]}
    assert said(told(tmp_path, defined)) == {"auth": "required"}


def test_a_file_of_2_0_settles_no_field(tmp_path: Path) -> None:
    operation = {"responses": {"200": {"description": "A picture", "schema": {"type": "file"}}}}
    account = told(tmp_path, {"swagger": "2.0", "paths": {"/people/{id}": {"get": operation}}}, surface("photo"))
    assert (said(account), absent(account)) == ({"auth": "none"}, [])


def test_a_surface_of_2_0_in_json() -> None:
    account = heard("basket.json", surface("reviewer", "town"), operation="productReviews")
    assert said(account) == {
        "auth": "none",
        "max_page_size": 99,
        "fields.reviewer.name": "reviewer",
        "fields.town.name": "town",
        "fields.reviewer_email.category": "user.contact.email",
    }
    assert (one(account, "auth").line, one(account, "auth").column) == (20, 9)


def test_a_declared_field_that_a_header_shows_is_not_absent(tmp_path: Path) -> None:
    bare = {"type": "object", "properties": {"status": {"type": "string"}}}
    headers = {"X-User-Email": {"schema": {"type": "string"}}}
    found = document({"responses": response(bare, headers=headers)})
    assert absent(told(tmp_path, found, surface("email", "phone"))) == ["fields.phone"]


@pytest.mark.parametrize(
    "content", [{"application/json": {"example": {"email": "a"}}}, {"application/json": {"schema": {"type": "object"}}}]
)
def test_answers_that_nothing_describes_are_no_agreement(content: dict[str, Any], tmp_path: Path) -> None:
    found = document({"responses": {"200": {"description": "d", "content": content}}})
    assert "no answer is described by its members" in silent(told(tmp_path, found, ORGANISATION, operation=None))
    price = {"type": "object", "properties": {"price": {"type": "number"}}}
    found["paths"]["/products"] = {"get": {"responses": response(price)}}
    account = told(tmp_path, found, ORGANISATION, operation=None)
    assert (account.additions, account.unreadable) == ((), "")
    assert account.agrees.endswith("; what these return is not described: GET /people/{id}")


@pytest.mark.parametrize(
    ("place", "name", "required"),
    [
        ("header", "X-Auth-Token", True),
        ("header", "Authorization", False),
        ("header", "x-token", True),
        ("header", "Ocp-Apim-Subscription-Key", True),
        ("query", "api_key", True),
        ("cookie", "session_id", True),
    ],
)
@pytest.mark.parametrize("security", [{}, {"security": []}])
def test_a_credential_that_is_taken_as_a_parameter_leaves_open_who_may_call(
    place: str, name: str, required: bool, security: dict[str, Any], tmp_path: Path
) -> None:
    taken = {"name": name, "in": place, "required": required, "schema": {"type": "string"}}
    account = told(tmp_path, document({"parameters": [taken], "responses": response(PERSON), **security}))
    assert f"takes {name} as a {place} parameter" in without_auth(account)
    additions = told(tmp_path, document({"parameters": [taken], "responses": response(PERSON)}), ORGANISATION).additions
    assert additions
    assert not any(reading.path[-1] == "auth" for reading in additions)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("query", "page_token"),
        ("query", "session"),
        ("header", "X-CSRF-Token"),
        ("header", "X-Request-Id"),
        ("path", "token"),
    ],
)
def test_other_parameters_are_no_credential(place: str, name: str, tmp_path: Path) -> None:
    taken = {"name": name, "in": place, "required": True, "schema": {"type": "string"}}
    found = document({"parameters": [taken], "responses": response(PERSON)})
    assert said(told(tmp_path, found))["auth"] == "none"


@pytest.mark.parametrize("auth", ["required", "optional"])
def test_a_document_that_is_silent_on_security_denies_no_login(tmp_path: Path, auth: str) -> None:
    silence = document({"responses": response(PERSON)})
    account = told(tmp_path, silence, surface(auth=auth))
    assert "says nothing of security anywhere" in without_auth(account)
    manifest = {"surfaces": [surface(auth=auth, url="/people/*")]}
    assert "surfaces/people/auth" not in added(told(tmp_path, silence, ORGANISATION, operation=None, manifest=manifest))
    for family in ("access_control", "api_control"):
        assert "says nothing of security" in silent(told(tmp_path, silence, {"id": "c", "family": family}))
    assert said(told(tmp_path, silence, surface(auth="none")))["auth"] == "none"


@pytest.mark.parametrize("where", ["document", "operation", "schemes"])
def test_one_that_speaks_of_security_does(tmp_path: Path, where: str) -> None:
    operation = {"responses": response(PERSON)} | ({"security": []} if where == "operation" else {})
    top = {"document": {"security": []}, "operation": {}, "schemes": {"components": SCHEMES}}[where]
    account = told(tmp_path, document(operation, **top), surface(auth="required"))
    assert said(account)["auth"] == "none"


# --- fields ---


def test_a_declared_field_that_nothing_shows_is_absent() -> None:
    account = heard("petrel.yaml", surface("display_name", "faxNumber"), operation="listPeople")
    assert absent(account) == ["fields.faxNumber"]
    assert account.absences[0].line == 69
    assert "fields.faxNumber.name" not in said(account)


@pytest.mark.parametrize(
    "schema",
    [
        None,
        True,
        {},
        {"type": "object"},
        {"type": "string"},
        {"type": "object", "additionalProperties": True},
        {"type": "object", "properties": {"id": {}}, "additionalProperties": {}},
        {"type": "object", "properties": {"extra": {"type": "object"}}},
        {"type": "object", "properties": {}, "patternProperties": {"^x": {"type": "string"}}},
        {"type": "object", "properties": []},
        {"allOf": {}},
        {"$ref": "https://elsewhere.example/person.json"},
        {"$ref": "#/components/schemas/Missing"},
        {"$dynamicRef": "#node"},
        {"discriminator": {"propertyName": "kind"}, "properties": {"kind": {"type": "string"}}},
        [],
        "object",
        7,
    ],
)
def test_a_body_that_is_not_described_settles_no_absence(tmp_path: Path, schema: Any) -> None:
    account = told(tmp_path, document({"responses": response(schema)}), surface("email"))
    assert absent(account) == []
    assert said(account) == {"auth": "none"}


@pytest.mark.parametrize(
    "responses",
    [None, [], {}, {"204": {"description": "d"}}, {"404": response(PERSON)["200"]}, {"200": None}, {"200": {"$ref": "#/no"}},
     {"200": {"content": {"image/png": {}}}}, {"200": {"content": []}}, {"200": {"content": {"application/json": None}}}],
)  # fmt: skip
def test_answers_without_a_body_settle_no_fields(tmp_path: Path, responses: Any) -> None:
    account = told(tmp_path, document({"responses": responses}), surface("email"))
    assert absent(account) == []
    assert said(account) == {"auth": "none"}


def test_binary_beside_json_leaves_open_what_is_there(tmp_path: Path) -> None:
    responses = response(PERSON)
    responses["200"]["content"]["application/octet-stream"] = {}
    account = told(tmp_path, document({"responses": responses}), surface("email", "fax"))
    assert absent(account) == []
    assert said(account)["fields.email.name"] == "email"


def test_errors_are_no_way_to_fields(tmp_path: Path) -> None:
    body = {"description": "d", "content": {"application/json": {"schema": PERSON}}}
    plain = response({"type": "object", "properties": {"id": {"type": "string"}}})
    account = told(tmp_path, document({"responses": {**plain, "400": body, "default": body}}), surface("email"))
    assert absent(account) == ["fields.email"]
    alone = told(tmp_path, document({"responses": {"default": body}}), surface("email"))
    assert said(alone)["fields.email.name"] == "email"


@pytest.mark.parametrize("code", ["200", "201", "206", "2XX", "2xx"])
def test_every_success_shows_fields(tmp_path: Path, code: str) -> None:
    account = told(tmp_path, document({"responses": {code: response(PERSON)["200"]}}), surface("email"))
    assert said(account)["fields.email.name"] == "email"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "items": PERSON},
        {"oneOf": [{"type": "object", "properties": {"x": {"type": "string"}}}, PERSON]},
        {"anyOf": [PERSON, {"type": "null"}]},
        {"allOf": [{"allOf": [PERSON]}]},
        {"type": "object", "properties": {"data": {"type": "array", "items": PERSON}, "next": {"type": "string"}}},
        {"type": "object", "additionalProperties": PERSON},
        {"prefixItems": [PERSON]},
        {"if": {}, "then": PERSON},
        {"type": "object", "properties": {"user": PERSON}},
        {"type": "object", "properties": {"results": {"properties": {"items": {"items": PERSON}}}}},
    ],
)
def test_fields_are_found_where_schemas_put_them(tmp_path: Path, schema: Any) -> None:
    account = told(tmp_path, document({"responses": response(schema)}), surface("E-Mail", "display-name", "fax"))
    values = said(account)
    assert (values["fields.E-Mail.name"], values["fields.display-name.name"]) == ("E-Mail", "display-name")
    assert absent(account) == ["fields.fax"]


@pytest.mark.parametrize(("holder", "is_soft"), [("product", True), ("author", False), ("details", False)])
def test_a_name_inside_another_thing_is_no_sure_sign(tmp_path: Path, holder: str, is_soft: bool) -> None:
    schema = {"properties": {holder: {"type": "object", "properties": {"name": {"type": "string"}}}}}
    account = told(tmp_path, document({"responses": response(schema)}), surface("name"))
    assert one(account, "fields.name.name").soft is is_soft


def test_a_declared_record_covers_what_lies_in_it(tmp_path: Path) -> None:
    account = told(tmp_path, document({"responses": response({"properties": {"author": PERSON}})}), surface("author"))
    assert said(account) == {"auth": "none", "fields.author.name": "author"}


def test_beside_a_reference_counts_what_the_version_says(tmp_path: Path) -> None:
    schema = {"$ref": "#/components/schemas/P", "properties": {"phone": {"type": "string"}}}
    data = document({"responses": response(schema)}, components={"schemas": {"P": PERSON}})
    assert "fields.phone.category" not in said(told(tmp_path, data))
    assert said(told(tmp_path, {**data, "openapi": "3.1.0"}))["fields.phone.category"] == "user.contact.phone_number"


def test_references_escape_slashes_and_per_cent(tmp_path: Path) -> None:
    data = document({"responses": response({"$ref": "#/components/schemas/a~1b~0c%20d"})})
    data["components"] = {"schemas": {"a/b~c d": PERSON}}
    assert said(told(tmp_path, data))["fields.email.category"] == "user.contact.email"


def test_several_operations_of_a_surface_show_its_fields_together() -> None:
    entries = [{"kind": "openapi", "path": "x/petrel.yaml", "operation": name} for name in ("getPerson", "listPeople")]
    entries = [{**entry, "path": "../petrel.yaml"} for entry in entries]
    both = surface("birth_date", "fax", evidence=entries)
    assert absent(heard("petrel.yaml", both, operation="listPeople")) == ["fields.fax"]
    assert absent(heard("petrel.yaml", surface("birth_date"), operation="listPeople")) == ["fields.birth_date"]
    elsewhere = surface("fax", evidence=[*entries, {"kind": "openapi", "path": "other.yaml"}])
    assert absent(heard("petrel.yaml", elsewhere, operation="listPeople")) == []


# --- page sizes ---


def sized(tmp_path: Path, *parameters: dict[str, Any], version: str = "3.1.0") -> Account:
    data = document({"responses": response(PERSON), "parameters": list(parameters)})
    return told(tmp_path, {**data, "openapi": version})


@pytest.mark.parametrize(
    ("schema", "size"),
    [
        ({"type": "integer", "maximum": 100}, 100),
        ({"maximum": 100.5}, 100),
        ({"maximum": 100, "exclusiveMaximum": True}, 99),
        ({"exclusiveMaximum": 100}, 99),
        ({"enum": [10, 50, 25]}, 50),
        ({"type": "integer"}, None),
        ({"anyOf": [{"type": "integer", "maximum": 100}, {"type": "null"}]}, 100),
        ({"oneOf": [{"maximum": 10}, {"enum": [50]}]}, 50),
        ({"allOf": [{"type": "integer"}, {"maximum": 100}]}, 100),
        ({"const": 25}, 25),
        ({"oneOf": [{"maximum": 10}, {"type": "string"}]}, None),
        ({"anyOf": [{"type": "null"}]}, None),
        ({"anyOf": 5}, None),
        ({"type": "string", "maximum": 100}, None),
        ({"type": ["integer", "string"], "maximum": 100}, None),
        ({"type": ["integer", "null"], "maximum": 100}, 100),
        ({"type": "array", "items": {"type": "integer"}, "maximum": 100}, None),
        ({"maximum": "100"}, None),
        ({"maximum": "${MAX}"}, None),
        ({"maximum": None}, None),
        ({"maximum": True}, None),
        ({"maximum": 0}, None),
        ({"maximum": -4}, None),
        ({"enum": []}, None),
        ({"enum": [10, "all"]}, None),
    ],
)
def test_the_largest_page(tmp_path: Path, schema: dict[str, Any], size: int | None) -> None:
    account = sized(tmp_path, {"name": "pageSize", "in": "query", "schema": schema})
    assert said(account).get("max_page_size") == size
    assert ("pageSize has no maximum" in one(account, "auth").note) == (size is None)


def test_the_loosest_of_several_parameters_counts(tmp_path: Path) -> None:
    limit = {"name": "limit", "in": "query", "schema": {"maximum": 10}}
    per_page = {"name": "per_page", "in": "query", "schema": {"maximum": 30}}
    assert said(sized(tmp_path, limit, per_page))["max_page_size"] == 30
    assert "max_page_size" not in said(sized(tmp_path, limit, {**per_page, "schema": {}}))


def test_other_parameters_limit_no_page(tmp_path: Path) -> None:
    header = {"name": "limit", "in": "header", "schema": {"maximum": 10}}
    rate = {"name": "rate_limit_class", "in": "query", "schema": {"maximum": 10}}
    account = sized(tmp_path, header, rate)
    assert "max_page_size" not in said(account)
    assert "maximum" not in one(account, "auth").note


def test_an_operations_parameter_stands_instead_of_the_paths(tmp_path: Path) -> None:
    data = document(
        {"responses": response(PERSON), "parameters": [{"name": "limit", "in": "query", "schema": {"maximum": 5}}]}
    )
    data["paths"]["/people/{id}"]["parameters"] = [{"name": "limit", "in": "query", "schema": {}}]
    assert said(told(tmp_path, data))["max_page_size"] == 5


def test_numbers_are_in_no_note() -> None:
    account = heard("petrel.yaml", surface(), operation="listPeople")
    assert said(account)["max_page_size"] == 50
    assert not [reading.note for reading in account.readings if "50" in reading.note]


# --- which operation is meant ---


@pytest.mark.parametrize(
    "url",
    [
        "https://api.petrel.example/v4/people/*",
        "https://api.petrel.example/v4/people/{id}",
        "/people/*",
        "/v4/people/:id",
        "GET /people/{person_id}",
        "https://API.petrel.example/v4/people/*?full=1",
    ],
)
def test_a_surfaces_address_picks_the_path(url: str) -> None:
    assert said(heard("petrel.yaml", surface(url=url)))["auth"] == "none"


@pytest.mark.parametrize(
    "url",
    ["https://www.petrel.example/v4/people/*", "https://api.petrel.example/people/*", "/people/*/*", "/members/*", "/", "",
     None, "people", "https://api.petrel.example"],
)  # fmt: skip
def test_another_address_picks_nothing(url: str | None) -> None:
    why = silent(heard("petrel.yaml", surface(url=url)))
    assert "name an operation: GET /people/{person_id}" in why


def test_an_address_where_nothing_is_read_picks_nothing() -> None:
    assert "POST /customers" in silent(heard("basket.json", surface(url="/customers")))


def test_an_address_of_several_paths_is_not_chosen_from(tmp_path: Path) -> None:
    operation = {"responses": response(PERSON)}
    data = {**HEAD, "paths": {"/people/{id}": {"get": operation}, "/people/{name}": {"get": {**operation, "security": []}}}}
    account = told(tmp_path, data, surface(url="/people/*"), operation=None)
    assert "several paths; name an operation: GET /people/{id}, GET /people/{name}" in silent(account)


def beside(path: str, **operation: Any) -> dict[str, Any]:
    """A document of `GET /people/{id}` behind a key, and of one more GET."""
    return {
        **HEAD, "components": SCHEMES, "security": [{"key": []}],
        "paths": {
            "/people/{id}": {"get": {"responses": response(PERSON)}},
            path: {"get": {"responses": response(PERSON), **operation}},
        },
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/people/export", "/people/{id}/contact"])
@pytest.mark.parametrize("security", [[], [{"key": []}, {}], [{"unheard_of": []}]])
@pytest.mark.parametrize("operation", [None, "GET /people/{id}"])
def test_an_operation_below_the_address_that_asks_for_less_lets_auth_only_support(
    tmp_path: Path, path: str, security: list[Any], operation: str | None
) -> None:
    account = told(tmp_path, beside(path, security=security), surface(url="/people/*"), operation=operation)
    auth = one(account, "auth")
    assert (auth.value, auth.soft) == ("required", True)
    assert f"less is asked for, or that cannot be told, at GET {path}: name it in an entry" in auth.note


@pytest.mark.parametrize(
    ("data", "others"),
    [
        (beside("/people/export"), []),
        (beside("/shops/export", security=[]), []),
        (beside("/people/export", security=[]), [surface(id="export", url="/people/export")]),
    ],
)
def test_an_operation_that_asks_as_much_lies_elsewhere_or_is_declared_changes_nothing(
    tmp_path: Path, data: Any, others: list[Any]
) -> None:
    people = surface(url="/people/*")
    account = told(tmp_path, data, people, operation=None, manifest={"surfaces": [people, *others]})
    assert (one(account, "auth").value, one(account, "auth").soft) == ("required", False)


@pytest.mark.parametrize("security", [[], [{"key": []}]])
def test_a_credential_is_only_supported_where_a_way_below_the_address_asks_for_less(
    tmp_path: Path, security: list[Any]
) -> None:
    data = beside("/people/export", security=security)
    keys = {"id": "keys", "family": "api_control", "surfaces": ["people"]}
    account = told(tmp_path, data, keys, operation=None, manifest={"surfaces": [surface(url="/people/*")]})
    credential = one(account, "params.credential_type")
    assert (credential.value, credential.soft) == ("api_key", not security)


def test_a_local_server_is_no_host(tmp_path: Path) -> None:
    data = document({"responses": response(PERSON)}, servers=[{"url": "http://localhost:3000/v1"}])
    account = told(tmp_path, data, surface(url="https://api.shop.example/v1/people/*"), operation=None)
    assert said(account)["auth"] == "none"


@pytest.mark.parametrize("name", ["GET /nowhere", "getNobody", "PUT /people/{id}", "HEAD /people/{id}", "OPTIONS /people"])
def test_an_operation_that_is_not_there_names_those_that_are(name: str) -> None:
    assert "it has: GET /people/{person_id}" in silent(heard("petrel.yaml", surface(), operation=name))


def test_an_operation_id_that_stands_twice_decides_nothing(tmp_path: Path) -> None:
    operation = {"operationId": "read", "responses": response(PERSON)}
    data = {**HEAD, "paths": {"/a": {"get": operation}, "/b": {"get": operation}}}
    assert "stands more than once" in silent(told(tmp_path, data, operation="read"))


def test_head_and_options_are_no_operations(tmp_path: Path) -> None:
    data = {**HEAD, "paths": {"/a": {"head": {"responses": {}}, "options": {"responses": {}}}}}
    assert "shows no operation" in silent(told(tmp_path, data))


def test_the_query_method_of_3_2_reads(tmp_path: Path) -> None:
    data = {"openapi": "3.2.0", "paths": {"/people": {"query": {"responses": response(PERSON)}}}}
    data["paths"]["/people"]["additionalOperations"] = {"SEARCH": {"security": [{"x": []}]}}
    assert said(told(tmp_path, data, operation="QUERY /people"))["auth"] == "none"
    assert "not defined" in silent(told(tmp_path, data, operation="SEARCH /people"))


# --- references out of the file ---


def test_files_below_the_root_are_read_and_named() -> None:
    account = heard("research/openapi.yaml", surface("text", "commenterName"), operation="searchPosts")
    values = said(account)
    assert (values["auth"], values["max_page_size"]) == ("required", 500)
    assert values["fields.author.country.category"] == "user.contact.address.country"
    assert one(account, "fields.author.country.category").file == "research/schemas/author.yaml"
    assert [seen.path for seen in account.artefacts] == [
        "research/openapi.yaml",
        "research/paths.yaml",
        "research/schemas/author.yaml",
    ]


def test_nothing_is_fetched(tmp_path: Path) -> None:
    hits: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    here = f"http://127.0.0.1:{server.server_port}"
    operation = {"responses": {"200": {"$ref": f"{here}/r"}, "201": response({"$ref": f"{here}/schema.json#/X"})["200"]}}
    operation["parameters"] = [{"$ref": f"//127.0.0.1:{server.server_port}/p"}]
    data = document(operation, servers=[{"url": here}])
    data["paths"]["/remote"] = {"$ref": f"{here}/path.yaml"}
    try:
        account = told(tmp_path, data, surface("email"))
        openapi.discover(Opener(tmp_path), "openapi.yaml")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert hits == []
    assert absent(account) == []
    assert f"not followed: {here}" in one(account, "auth").note


@pytest.mark.parametrize(
    "ref",
    ["../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "missing.yaml", "link.yaml", "..\\x.yaml", "C:/x",
     ".git/config", "folder", "bad.yaml", "%2e%2e/secret.yaml", "#anchor", "", "#", "#/paths/x", "openapi.yaml#/openapi/x"],
)  # fmt: skip
def test_references_that_lead_nowhere_are_left(tmp_path: Path, ref: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.yaml").write_text("properties: {email: {type: string}}")
    (root / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (root / "folder").mkdir()
    (root / "bad.yaml").write_text("{")
    account = told(root, document({"responses": response({"$ref": ref})}), surface("fax"))
    assert said(account) == {"auth": "none"}
    assert absent(account) == []


def test_a_folder_that_is_called_like_an_address_is_not_the_address(tmp_path: Path) -> None:
    (tmp_path / "https:" / "x.example").mkdir(parents=True)
    (tmp_path / "https:" / "x.example" / "person.json").write_text(json.dumps(PERSON))
    account = told(tmp_path, document({"responses": response({"$ref": "https://x.example/person.json"})}))
    assert said(account) == {"auth": "none"}
    assert [seen.path for seen in account.artefacts] == ["openapi.yaml"]


def test_a_path_that_is_described_elsewhere_is_named(tmp_path: Path) -> None:
    data = {**HEAD, "paths": {"/a": {"$ref": "https://x.example/a.yaml"}}}
    assert "https://x.example/a.yaml" in silent(told(tmp_path, data))


def test_more_files_than_the_cap_end_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_openapi, "COUNT_CAP", 3)
    for number in range(6):
        (tmp_path / f"s{number}.yaml").write_text("properties: {email: {type: string}}")
    schema = {"oneOf": [{"$ref": f"s{number}.yaml"} for number in range(6)]}
    account = told(tmp_path, document({"responses": response(schema)}), surface("fax"))
    assert absent(account) == []


# --- the organisation ---


def whole(file: str, *surfaces: dict[str, Any], **options: Any) -> Account:
    return heard(file, ORGANISATION, manifest={"surfaces": list(surfaces)}, **options)


def test_what_no_surface_declares_is_added() -> None:
    values = added(whole("petrel.yaml"))
    ids = {path.split("/")[1] for path in values}
    assert ids == {"get-person", "list-people", "match-contacts", "list-friends", "get-post"}
    assert values["surfaces/list-friends/auth"] == "none"
    assert values["surfaces/list-friends/url"] == "https://api.petrel.example/v4/people/*/friends"
    assert values["surfaces/match-contacts/auth"] == "required"
    assert values["surfaces/match-contacts/fields/phoneNumber/category"] == "user.contact.phone_number"
    assert values["surfaces/get-post/fields/author.handle/category"] == "user.account.username"
    assert values["surfaces/list-people/kind"] == "api"


def test_an_addition_stands_first_at_its_operation() -> None:
    account = whole("petrel.yaml")
    first = next(reading for reading in account.additions if reading.path[1] == "list-friends")
    assert (first.path, first.file, first.line) == (("surfaces", "list-friends", "kind"), "petrel.yaml", 129)
    assert "GET /people/{person_id}/friends returns what seems to be personal data" in first.note


def test_webhooks_callbacks_writes_and_sign_in_are_no_exposure() -> None:
    names = {reading.path[1] for reading in whole("petrel.yaml").additions}
    assert not names & {"member-left", "on-reaction", "sign-in", "update-person", "health", "get-photo", "register"}
    assert {reading.path[1] for reading in whole("basket.json").additions} == {"product-reviews", "order"}


def test_a_declared_surface_gets_what_it_lacks_and_is_not_added_again() -> None:
    declared = surface("display_name", url="https://api.petrel.example/v4/people/*", auth="required")
    values = added(whole("petrel.yaml", declared))
    assert values["surfaces/people/auth"] == "none"
    assert values["surfaces/people/fields/email/category"] == "user.contact.email"
    assert "surfaces/people/fields/displayName/category" not in values
    assert "surfaces/get-person/kind" not in values
    assert "surfaces/list-friends/kind" in values


def test_a_surface_is_found_by_its_evidence() -> None:
    entry = {"kind": "openapi", "path": "../petrel.yaml", "operation": "listFriends"}
    values = added(whole("petrel.yaml", surface("x", id="friends", evidence=[entry])))
    assert values["surfaces/friends/auth"] == "none"
    assert "surfaces/list-friends/kind" not in values


def test_reading_oneself_is_exposure_only_where_nobody_signs_in(tmp_path: Path) -> None:
    me = document({"responses": response(PERSON)}, "/me")
    assert "surfaces/get-me/auth" in added(told(tmp_path, me, ORGANISATION, operation=None))
    me |= {"components": SCHEMES, "security": [{"key": []}]}
    assert added(told(tmp_path, me, ORGANISATION, operation=None)) == {}


def test_a_surfaces_own_evidence_tells_its_fields() -> None:
    entry = {"kind": "openapi", "path": "petrel.yaml", "operation": "getPerson"}
    declared = surface("display_name", evidence=[entry], url="https://api.petrel.example/v4/people/*")
    mine = [path for path in added(whole("petrel.yaml", declared)) if path.startswith("surfaces/people/")]
    assert mine == ["surfaces/people/auth"]


def test_a_wide_address_takes_what_lies_below() -> None:
    values = added(whole("petrel.yaml", surface(id="all", url="https://api.petrel.example/v4/*")))
    assert {path.split("/")[1] for path in values} == {"all"}
    assert values["surfaces/all/auth"] == "none"


def test_an_id_that_is_taken_by_something_else_is_not_laid_over() -> None:
    taken = surface(id="list-friends", url="https://www.petrel.example/friends")
    values = added(whole("petrel.yaml", taken))
    assert values["surfaces/get-people-person-id-friends/auth"] == "none"
    assert not [path for path in values if path.startswith("surfaces/list-friends/")]


def test_one_operation_that_cannot_be_read_keeps_the_others(tmp_path: Path) -> None:
    operation = {"responses": response(PERSON)}
    paths = {
        "/users/{id}": {"get": {**operation, "security": [{"gone": []}]}},
        "/members": {"get": operation},
    }
    values = added(told(tmp_path, {**HEAD, "paths": paths}, ORGANISATION, operation=None, manifest={}))
    assert "surfaces/get-users-id/auth" not in values
    assert values["surfaces/get-users-id/fields/email/category"] == "user.contact.email"
    assert values["surfaces/get-members/auth"] == "none"


@pytest.mark.parametrize("manifest", [None, [], {}, {"surfaces": None}, {"surfaces": [None, 3, {"id": None}, {"url": 5}]}])
def test_an_odd_manifest_is_an_empty_one(manifest: Any) -> None:
    assert "surfaces/get-person/auth" in added(heard("petrel.yaml", ORGANISATION, manifest=manifest))


def test_personal_data_that_only_a_foreign_document_describes_is_not_denied(tmp_path: Path) -> None:
    data = document({"responses": response({"$ref": "https://x.example/person.json"})})
    assert "https://x.example/person.json" in silent(told(tmp_path, data, ORGANISATION, operation=None))


# --- controls ---


def control(family: str, *surfaces: str, **params: Any) -> dict[str, Any]:
    return {"id": "c", "family": family, "surfaces": list(surfaces), "params": params}


def test_a_documented_429_supports_and_verifies_nothing() -> None:
    account = heard("petrel.yaml", control("rate_limit"), operation="getPerson")
    assert [(r.path, r.value, r.soft) for r in account.readings] == [(("status",), "deployed", True)]
    assert not account.supported
    assert [(quote.file, quote.line) for quote in account.quotes] == [("petrel.yaml", 44)]
    assert account.quotes[0].text == "GET /people/{person_id} documents the answer 429"


def test_every_operation_of_the_controls_surfaces_must_document_it() -> None:
    people = surface(url="https://api.petrel.example/v4/people/*")
    contacts = surface(id="contacts", url="/contacts/match")
    manifest = {"surfaces": [people, contacts, surface(id="friends", url="/people/*/friends")]}
    both = heard("petrel.yaml", control("rate_limit", "people", "contacts"), manifest=manifest)
    assert both.readings[0].soft
    assert len(both.quotes) == 2
    account = heard("petrel.yaml", control("rate_limit", "people", "friends"), manifest=manifest)
    assert "GET /people/{person_id}/friends does not document the answer 429" in silent(account)


@pytest.mark.parametrize("code", ["4XX", "default", "430", "42"])
def test_a_range_or_default_is_no_429(tmp_path: Path, code: str) -> None:
    responses = {
        **response(PERSON, headers={"X-RateLimit-Limit": {"schema": {"type": "integer"}}}),
        code: {"description": "d"},
    }
    assert "does not document" in silent(told(tmp_path, document({"responses": responses}), control("rate_limit")))


def test_a_control_whose_surfaces_are_not_here_is_not_judged() -> None:
    assert "name an operation" in silent(heard("petrel.yaml", control("rate_limit", "web"), manifest={"surfaces": []}))
    assert "name an operation" in silent(heard("petrel.yaml", control("rate_limit")))


@pytest.mark.parametrize("family", ["terms", "waf", "", None])
def test_other_families_are_not_spoken_of(family: str | None) -> None:
    why = silent(heard("petrel.yaml", {**control("x"), "family": family}, operation="getPerson"))
    assert "families" in why


def test_whole_numbers_in_public_addresses_are_counted_up() -> None:
    account = heard("petrel.yaml", {"id": "c", "family": "design", "params": {}})
    assert said(account) == {"params.identifier_scheme": "sequential"}
    reading = one(account, "params.identifier_scheme")
    assert not reading.soft
    assert (FIXTURES / "petrel.yaml").read_text("utf-8").splitlines()[reading.line - 1].strip() == "name: person_id"


@pytest.mark.parametrize("scheme", ["random", "hashed"])
def test_a_whole_number_may_be_drawn_or_derived(scheme: str) -> None:
    subject = {"id": "c", "family": "design", "params": {"identifier_scheme": scheme}}
    assert "is a whole number; how it is made, nobody says" in silent(heard("petrel.yaml", subject))
    subject["params"] = {"identifier_scheme": "uuid"}
    assert said(heard("petrel.yaml", subject)) == {"params.identifier_scheme": "sequential"}


def test_a_uuid_in_the_address_supports_only() -> None:
    account = heard("petrel.yaml", control("design"), operation="getPost")
    assert said(account) == {"params.identifier_scheme": "uuid"}
    assert account.readings[0].soft


@pytest.mark.parametrize(
    ("parameters", "scheme"),
    [
        ({"user_id": {"type": "string", "format": "uuid"}, "post_id": {"type": "integer"}}, "sequential"),
        ({"user_id": {"type": ["integer", "null"]}}, "sequential"),
        ({"username": {"type": "string"}, "post_id": {"type": "string", "format": "uuid"}}, "readable"),
        ({"user": {"type": "integer"}}, "sequential"),
        ({"user_id": {"type": "string"}, "post_id": {"type": "string", "format": "uuid"}}, None),
        ({"user_id": {"type": "string"}}, None),
        ({"user_id": None}, None),
        ({"year": {"type": "integer"}, "page": {"type": "integer"}}, None),
    ],
)
def test_the_weakest_identifier_counts(tmp_path: Path, parameters: dict[str, Any], scheme: str | None) -> None:
    path = "/users/" + "/".join("{" + name + "}" for name in parameters)
    listed = [{"name": name, "in": "path", "required": True, "schema": schema} for name, schema in parameters.items()]
    account = told(tmp_path, document({"parameters": listed, "responses": {}}, path), control("design"), operation=None)
    if scheme is None:
        silent(account)
    else:
        assert said(account) == {"params.identifier_scheme": scheme}


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, "api_key"),
        ({"type": "oauth2", "flows": {}}, "oauth"),
        ({"type": "openIdConnect", "openIdConnectUrl": "https://x.example"}, "oauth"),
        ({"type": "mutualTLS"}, "mutual_tls"),
        ({"type": "http", "scheme": "Basic"}, "account"),
        ({"type": "http", "scheme": "bearer"}, None),
        ({"type": "apiKey", "in": "header", "name": "Authorization"}, None),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, None),
        ({"type": "http"}, None),
        ({"type": "somethingElse"}, None),
    ],
)
def test_the_credential_is_read_where_it_is_settled(tmp_path: Path, scheme: dict[str, Any], kind: str | None) -> None:
    top = {"security": [{"s": []}], "components": {"securitySchemes": {"s": scheme}}}
    account = told(tmp_path, document({"responses": response(PERSON)}, **top), control("api_control"))
    assert account.unreadable != "" if kind is None else said(account) == {"params.credential_type": kind}


def test_an_open_operation_asks_for_no_credential_and_denies_a_login() -> None:
    account = heard("petrel.yaml", control("api_control"), operation="listPeople")
    assert said(account) == {"params.credential_type": "none"}
    gate = heard("petrel.yaml", control("access_control"), operation="getPerson")
    assert (said(gate), gate.readings[0].soft) == ({"status": "planned"}, False)
    closed = heard("petrel.yaml", control("access_control"), operation="getMe")
    assert (said(closed), closed.readings[0].soft) == ({"status": "deployed"}, True)
    assert "does not tell" in silent(heard("petrel.yaml", control("access_control"), operation="listPeople"))


def test_two_kinds_of_credential_are_not_chosen_between(tmp_path: Path) -> None:
    schemes = {"a": {"type": "mutualTLS"}, "b": {"type": "oauth2"}}
    top = {"security": [{"a": []}, {"b": []}], "components": {"securitySchemes": schemes}}
    account = told(tmp_path, document({"responses": response(PERSON)}, **top), control("api_control"))
    assert "several kinds of credential" in silent(account)


# --- names ---


def test_guessed_categories_are_in_the_taxonomy() -> None:
    known = (ROOT / "policycheck/manifests/fideslang_categories.txt").read_text("utf-8").split("\n")
    assert _personal_data.categories() <= set(known)


@pytest.mark.parametrize(
    ("path", "whose", "category"),
    [
        ("userName", "", "user.account.username"),
        ("user-name", "", "user.account.username"),
        ("E-Mail", "", "user.contact.email"),
        ("reviewer_email", "", "user.contact.email"),
        ("phoneNumber", "", "user.contact.phone_number"),
        ("dateOfBirth", "", "user.demographic.date_of_birth"),
        ("avatar_url", "", "user.content.self_image"),
        ("lastLoginIP", "", "user.device.ip_address"),
        ("IPAddress", "person", "user.device.ip_address"),
        ("name", "person", "user.name"),
        ("author_name", "", "user.name"),
        ("name.first", "person", "user.name.first"),
        ("address.city", "person", "user.contact.address.city"),
        ("emails.address", "person", "user.contact.email"),
        ("phones.number", "", "user.contact.phone_number"),
        ("users.name", "person", "user.name"),
        ("cards.number", "", ""),
        ("githubUsername", "", "user.account.username"),
        ("reviewer", "", "user.name"),
        ("location", "person", "user.location"),
        ("name", "", ""),
        ("location", "", ""),
        ("ip_address", "", ""),
        ("file_name", "person", ""),
        ("fileName", "person", ""),
        ("hostname", "person", ""),
        ("product_name", "person", ""),
        ("event_name", "person", ""),
        ("email_template_id", "person", ""),
        ("emailVerified", "person", ""),
        ("phone_model", "person", ""),
        ("followers_count", "person", ""),
        ("email", "thing", ""),
        ("user_id", "person", ""),
        ("race_result", "", ""),
        ("", "person", ""),
        ("___", "person", ""),
        ("🦉", "person", ""),
        ("a" * 5000, "person", ""),
    ],
)
def test_what_a_name_stands_for(path: str, whose: str, category: str) -> None:
    assert _personal_data.category(path.split("."), whose) == category


@pytest.mark.parametrize(
    ("name", "whose"),
    [("User", "person"), ("PublicUserV2", "person"), ("member_list", "person"), ("people", "person"), ("Profile", "person"),
     ("UserGroup", ""), ("ProductReview", ""), ("BankAccount", ""), ("HTTPClient", ""), ("Company", "thing"), ("", "")],
)  # fmt: skip
def test_what_a_thing_is(name: str, whose: str) -> None:
    assert _personal_data.about(name) == whose


# --- discovery ---


@pytest.mark.parametrize("file", ["petrel.yaml", "basket.json", "research/openapi.yaml"])
def test_what_is_proposed_would_be_read(file: str) -> None:
    *found, whole = (one for one in openapi.discover(Opener(FIXTURES), file) if one.section)
    assert (whole.section, whole.item) == ("organization", {"evidence": [{"kind": "openapi", "path": file}]})
    assert found
    assert len({one.item["id"] for one in found}) == len(found)
    for proposal in found:
        assert proposal.section == "surfaces"
        assert {"owner", "purpose"} <= {name for name, _ in proposal.questions}
        for entry in proposal.item["evidence"]:
            account = openapi.account(Opener(FIXTURES), entry["path"], entry, proposal.item)
            assert said(account)["auth"] == proposal.item["auth"]
            assert absent(account) == []
            assert {reading.path[2] for reading in account.readings if reading.path[0] == "fields"} == {"name"}


def test_where_a_document_is_silent_on_security_a_person_is_asked_who_may_call(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "spec.json").write_text(json.dumps(document({"responses": response(PERSON)})))
    result = search(tmp_path, "")
    proposed = next(thing for thing in result.found if thing.section == "surfaces")
    assert ("auth", "The document says nothing of security anywhere: may anybody call it?") in proposed.questions
    assert "auth: none  # The document says nothing of security" in draft(result.found, "", "x")
    (tmp_path / "docs" / "spec.json").write_text(json.dumps(document({"responses": response(PERSON)}, security=[])))
    assert "auth" not in dict(next(t for t in search(tmp_path, "").found if t.section == "surfaces").questions)


def test_where_callers_read_only_themselves_no_surface_is_proposed(tmp_path: Path) -> None:
    data = document({"responses": response(PERSON), "security": [{"key": []}]})
    (path,) = data["paths"]
    data["paths"] = {"/me": data["paths"][path], "/sellers": data["paths"][path]}
    data["components"] = {**data.get("components", {}), "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
    (tmp_path / "openapi.json").write_text(json.dumps(data))
    found = openapi.discover(Opener(tmp_path), "openapi.json")
    assert [one.item.get("url", "").rpartition("/")[2] for one in found] == ["sellers", ""]


def test_an_unreadable_operation_is_not_proposed(tmp_path: Path) -> None:
    data = document({"responses": response(PERSON), "security": [{"gone": []}]})
    (tmp_path / "openapi.json").write_text(json.dumps(data))
    (left,) = openapi.discover(Opener(tmp_path), "openapi.json")
    assert not left.section
    assert "is not proposed: whether it asks for a credential cannot be read" in left.note


def test_operations_whose_answers_are_not_described_are_named_beside_their_neighbours(tmp_path: Path) -> None:
    data = document({"responses": response(PERSON)})
    data["paths"] |= {
        "/users": {"get": {"responses": response({"$ref": "missing.yaml#/User"})}},
        "/owners": {"get": {"responses": response({"type": "array", "items": {"$ref": "missing.yaml#/Owner"}})}},
        "/bare": {"get": {"responses": {"200": {"description": "d"}}}},
        "/gone": {"$ref": "paths.yaml#/gone"},
        "/health": {"get": {"responses": response({"type": "object", "properties": {"up": {"type": "boolean"}}})}},
    }
    (tmp_path / "openapi.yaml").write_text(json.dumps(data, indent=1))
    proposed, whole, undescribed, lost = openapi.discover(Opener(tmp_path), "openapi.yaml")
    assert (proposed.item["url"], whole.section) == ("/people/*", "organization")
    assert (undescribed.section, lost.section) == ("", "")
    assert undescribed.note.endswith("is not described: GET /users, GET /owners, GET /bare")
    assert all(ref in lost.note for ref in ("missing.yaml#/User", "missing.yaml#/Owner", "paths.yaml#/gone"))


def test_a_document_that_describes_no_answer_is_not_passed_over_in_silence(tmp_path: Path) -> None:
    paths = {f"/people/{n}/{'long' * 12}": {"get": {"responses": {"200": {"description": "d"}}}} for n in range(20)}
    (tmp_path / "openapi.yaml").write_text(json.dumps({**HEAD, "paths": paths}))
    (left,) = openapi.discover(Opener(tmp_path), "openapi.yaml")
    assert "GET /people/0/" in left.note
    assert left.note.endswith("long and 14 more")


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        (b"openapi: 3.1.0\n", 1, "has no paths"),
        (b'{"openapi": "3.1.0", "paths": {', 1, "is not"),
        (b"openapi: 3.0.0\npaths:\n  /people: {get: [}\n", 3, "is not YAML"),
    ],
)
def test_a_document_that_cannot_be_read_is_said_to_be_there(tmp_path: Path, content: bytes, line: int, why: str) -> None:
    (tmp_path / "api.yaml").write_bytes(content)
    (left,) = openapi.discover(Opener(tmp_path), "api.yaml")
    assert (left.section, left.file, left.line) == ("", "api.yaml", line)
    assert why in left.note


@pytest.mark.parametrize(
    "content",
    [b"", b"openapi", b"{", b"asyncapi: 3.0.0\n", b"\0openapi", b"uses: sync-openapi:v1\n- ["],
)
def test_files_of_other_tools_propose_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "api.yaml").write_bytes(content)
    assert openapi.discover(Opener(tmp_path), "api.yaml") == ()
    assert openapi.discover(Opener(tmp_path), "missing.yaml") == ()


# --- hostile input ---

HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n\n",
    "binary": bytes(range(256)) * 64,
    "nul": b"openapi: 3.0.0\0\npaths: {}\n",
    "not-utf-8": b"openapi: 3.0.0\ninfo: {title: \xff}\n",
    "utf-16": "openapi: 3.0.0".encode("utf-16"),
    "deep": b"openapi: 3.0.0\npaths: " + b"[" * 5000 + b"]" * 5000,
    "deep-map": b'{"openapi":"3.0.0","paths":' + b'{"a":' * 3000 + b"1" + b"}" * 3001,
    "long-line": b"openapi: 3.0.0\npaths: '" + b"a" * 1_000_000 + b"'\n",
    "duplicate-keys": b"openapi: 3.0.0\npaths:\n  /people/{id}: {get: {}}\n  /people/{id}: {get: {security: []}}\n",
    "template": b"openapi: 3.0.0\npaths: {{ paths }}\n",
    "alias-bomb": b"openapi: 3.0.0\na: &a [x, x]\nb: &b [*a, *a]\npaths: [*b, *b]\n",
    "tag": b"openapi: 3.0.0\npaths: !!python/object/apply:os.system [id]\n",
    "several-documents": b"openapi: 3.0.0\n---\nopenapi: 3.0.0\n",
    "list": b"- openapi: 3.0.0\n",
    "text": b"openapi\n",
    "no-paths": b"openapi: 3.1.0\ninfo: {title: t, version: '1', description: All about people}\n",
    "null-paths": b"openapi: 3.0.0\npaths:\n",
    "list-paths": b"openapi: 3.0.0\npaths: [/people]\n",
    "null-items": b"openapi: 3.0.0\npaths: {/people: , /a: 3, /b: [], b: {get: {}}}\n",
    "null-operations": b"openapi: 3.0.0\npaths: {/people: {get: , post: [], put: x}}\n",
    "version-4": b"openapi: 4.0.0\npaths: {/people/{id}: {get: {}}}\n",
    "version-null": b"openapi:\npaths: {/people: {get: {}}}\n",
    "both-versions": b"openapi: 3.0.0\nswagger: '2.0'\npaths: {/people: {get: {}}}\n",
    "swagger-1": b"swagger: '1.2'\npaths: {/people: {get: {}}}\n",
    "async": b"asyncapi: 3.0.0\nchannels: {}\n",
    "path-cycle": b"openapi: 3.0.0\npaths: {/people: {$ref: '#/paths/~1people'}}\n",
}


@pytest.mark.parametrize("subject", [surface("email"), ORGANISATION, control("rate_limit"), control("design"), {}], ids=str)
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_say_nothing(tmp_path: Path, content: bytes, subject: dict[str, Any]) -> None:
    why = silent(told(tmp_path, content, subject))
    assert str(tmp_path) not in why
    assert "Traceback" not in why


def test_links_missing_files_and_paths_outside_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("openapi: 3.0.0\n")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    for path in ("link.yaml", "missing.yaml", "../real.yaml", "/etc/passwd", "a\0b"):
        silent(heard(path, surface(), tmp_path))


def test_a_file_larger_than_the_cap_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "big.json").write_bytes(b" " * (4 * 1024 * 1024 + 1))
    assert "larger than" in silent(heard("big.json", surface(), tmp_path))


def bomb(levels: int, width: int) -> dict[str, Any]:
    """Schemas of which each refers to the next many times: a few lines that unfold to width ** levels members."""
    return {
        f"S{level}": {"properties": {f"p{n}": {"$ref": f"#/components/schemas/S{level + 1}"} for n in range(width)}}
        for level in range(levels)
    } | {f"S{levels}": {"properties": {"email": {"type": "string"}}}}


def test_schemas_that_unfold_without_end_are_cut_off(tmp_path: Path) -> None:
    data = document({"responses": response({"$ref": "#/components/schemas/S0"})}, components={"schemas": bomb(12, 12)})
    account = told(tmp_path, data, surface("fax"))
    assert said(account)["auth"] == "none"
    assert absent(account) == []


def test_many_such_schemas_end_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_openapi, "WORK_CAP", 5000)
    paths = {
        f"/p{n}": {"get": {"responses": response({"type": "array", "items": {"$ref": "#/components/schemas/S0"}})}}
        for n in range(9)
    }
    data = {**HEAD, "paths": paths, "components": {"schemas": bomb(9, 9)}}
    assert "name one operation" in silent(told(tmp_path, data, ORGANISATION, operation=None))
    (left,) = openapi.discover(Opener(tmp_path), "openapi.yaml")
    assert not left.section


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": {"$ref": "#/components/schemas/A"}},
        {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}},
        {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}},
        {"A": {"properties": {"friend": {"$ref": "#/components/schemas/A"}, "items": {"$ref": "#/components/schemas/A"}}}},
        {"A": {"items": {"$ref": "#/components/schemas/A"}}},
        {"A": {"discriminator": {"mapping": {"a": "A", "b": "#/components/schemas/A"}}}},
    ],
)
def test_schemas_that_refer_to_themselves_end(tmp_path: Path, schemas: dict[str, Any]) -> None:
    data = document({"responses": response({"$ref": "#/components/schemas/A"})}, components={"schemas": schemas})
    for version in ("3.0.3", "3.1.0"):
        assert said(told(tmp_path, {**data, "openapi": version}, surface("fax")))["auth"] == "none"


def test_too_many_operations_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_openapi, "OPERATIONS", 3)
    data = {**HEAD, "paths": {f"/p{n}": {"get": {}} for n in range(5)}}
    assert "operations" in silent(told(tmp_path, data))


BASE = yaml.safe_load((FIXTURES / "petrel.yaml").read_text("utf-8"))
ODDITIES = [None, [], {}, "", "x", 0, -1, True, [None], {"": None}, [[]], {"$ref": "#/"}, {"$ref": 5}, {"type": "object"}]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield (*path, key)
        yield from places(inner, (*path, key))


SPOTS = list(places(BASE))


@given(st.lists(st.tuples(st.sampled_from(SPOTS), st.sampled_from(ODDITIES)), min_size=1, max_size=6))
@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_mangled_document_crashes_or_invents(tmp_path: Path, changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    data = copy.deepcopy(BASE)
    for path, value in changes:
        holder = data
        for step in path[:-1]:
            holder = holder[step] if isinstance(holder, dict) and step in holder else {}
        if isinstance(holder, dict):
            holder[path[-1]] = copy.deepcopy(value)
    (tmp_path / "api.json").write_text(json.dumps(data))
    for subject in (surface("displayName", "fax", url="/people/*"), ORGANISATION, control("design"), control("api_control")):
        for operation in ("listPeople", None):
            account = heard("api.json", subject, tmp_path, operation=operation, manifest={})
            if account.unreadable:
                silent(account)
            assert all(reading.line > 0 for reading in (*account.readings, *account.additions, *account.absences))
            assert "fax" not in {reading.path[1] for reading in account.readings if len(reading.path) > 1}
    openapi.discover(Opener(tmp_path), "api.json")


@given(st.binary(max_size=300))
@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_say_anything(tmp_path: Path, content: bytes) -> None:
    try:
        silent(told(tmp_path, b"openapi: 3.0.0\n" + content, surface("email")))
    except ArtefactError as error:
        pytest.fail(str(error))
