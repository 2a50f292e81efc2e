"""Puts a reply into the JSON schema that was asked for."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

EMPTY: dict[str, Any] = {"string": "", "boolean": False, "integer": 0, "number": 0, "array": [], "object": {}}


def properties(schema: Schema) -> set[str]:
    """The names of the fields that a reply may have."""
    return set(_resolved(schema, schema).get("properties", {}))


def fill(schema: Schema, values: dict[str, Any]) -> dict[str, Any]:
    """The values in the schema's shape: lists for dicts and the other way round, null or nothing where it is allowed,
    the least value of its type for a field that is required and that we know nothing of."""
    root = _resolved(schema, schema)
    required = root.get("required", [])
    filled: dict[str, Any] = {}
    for name, field in root.get("properties", {}).items():
        if values.get(name) is not None or name in required:
            filled[name] = _fit(values.get(name), _resolved(field, schema), schema)
    return filled


def _fit(value: Any, field: Schema, root: Schema) -> Any:
    if "anyOf" in field or "oneOf" in field:
        options = [_resolved(option, root) for option in field.get("anyOf") or field["oneOf"]]
        wanted = [option for option in options if (option.get("type") == "null") == (value is None)]
        return _fit(value, (wanted or options)[0], root)
    kinds = field.get("type", "string")
    if isinstance(kinds, list):
        return _fit(value, {**field, "type": _kind(value, kinds)}, root)
    if "const" in field:
        return field["const"]
    if "enum" in field:
        return value if value in field["enum"] else None if None in field["enum"] else field["enum"][0]
    if kinds == "null":
        return None
    if value is None:
        return _least(field, root)
    if kinds == "object" and isinstance(value, list):
        names = list(field.get("properties", {})) or [str(place) for place in range(len(value))]
        return dict(zip(names, value, strict=False))
    if kinds == "array" and isinstance(value, dict):
        return list(value.values())
    if kinds == "string" and not isinstance(value, str):
        return str(value)
    return value


def _kind(value: Any, kinds: list[str]) -> str:
    if value is None and "null" in kinds:
        return "null"
    return next((kind for kind in kinds if kind != "null"), "null")


def _least(field: Schema, root: Schema) -> Any:
    if field.get("type") == "object":
        return fill({**field, "$defs": root.get("$defs", {})}, {})
    return EMPTY.get(field.get("type", "string"))


def _resolved(node: Schema, root: Schema) -> Schema:
    """The node that a `$ref` within the schema points at. LookupError where it points nowhere or at itself."""
    for _ in range(20):
        if "$ref" not in node:
            return node
        target: Any = root
        for step in node["$ref"].removeprefix("#").strip("/").split("/"):
            target = target[step] if step else target
        node = target
    raise LookupError("a $ref that leads to itself")
