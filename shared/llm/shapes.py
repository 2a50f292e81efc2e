"""A reply type as a model is told of it: a strict JSON schema, or words."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from pydantic import BaseModel

# pydantic writes these, strict mode does not take them; a reply is checked against them when it is read
DROPPED = {
    "title", "default", "examples", "minLength", "maxLength", "uniqueItems", "minProperties", "maxProperties",
}  # fmt: skip


@cache
def response_format(reply: type[BaseModel]) -> dict[str, Any]:
    """OpenAI's `response_format`; not strict where the type has an open mapping (`dict[str, …]`), unknown there."""
    schema = reply.model_json_schema()
    strict = not _has_open_mapping(schema)
    return {
        "type": "json_schema",
        "json_schema": {
            "name": re.sub(r"[^a-zA-Z0-9_-]", "_", reply.__name__)[:64],
            "strict": strict,
            "schema": _tidied(schema, strict),
        },
    }


@cache
def in_words(reply: type[BaseModel]) -> str:
    """For models that take no schema."""
    schema = reply.model_json_schema()
    shape = _words(schema, schema.get("$defs", {}), 0)
    return f"Reply with one JSON object and nothing else, of this shape:\n{shape}"


def _has_open_mapping(node: Any) -> bool:
    if isinstance(node, list):
        return any(map(_has_open_mapping, node))
    if not isinstance(node, dict):
        return False
    if node.get("type") == "object" and (node.get("additionalProperties") or "properties" not in node):
        return True
    return any(map(_has_open_mapping, node.values()))


def _tidied(node: Any, strict: bool, *, names: bool = False) -> Any:
    """`names`: the keys of this node are names of fields or types, not of the schema language."""
    if isinstance(node, list):
        return [_tidied(item, strict) for item in node]
    if not isinstance(node, dict):
        return node
    if not names and "$ref" in node:  # strict mode takes nothing beside it
        return {"$ref": node["$ref"]}
    tidy = {
        key: _tidied(value, strict, names=not names and key in ("properties", "$defs"))
        for key, value in node.items()
        if names or key not in DROPPED
    }
    if not names and "properties" in node:
        tidy["additionalProperties"] = False
        if strict:
            tidy["required"] = list(node["properties"])
    return tidy


def _words(node: dict[str, Any], types: dict[str, Any], depth: int) -> str:
    if depth > 5:  # a type that holds itself
        return "…"
    if "$ref" in node:
        return _words(types[node["$ref"].rsplit("/", 1)[-1]], types, depth + 1)
    if "anyOf" in node:
        return " or ".join(_words(option, types, depth) for option in node["anyOf"])
    if "enum" in node or "const" in node:
        return " | ".join(json.dumps(value) for value in node.get("enum", [node.get("const")]))
    if "properties" in node:
        fields = (
            f"{json.dumps(name)}: {_words(field, types, depth + 1)}" for name, field in node["properties"].items()
        )
        return "{" + ", ".join(fields) + "}"
    if node.get("type") == "object":
        values = node.get("additionalProperties")
        return "{…: " + (_words(values, types, depth + 1) if isinstance(values, dict) else "any") + "}"
    if node.get("type") == "array":
        return f"[{_words(node.get('items', {}), types, depth + 1)}, …]"
    return str(node.get("type", "any"))
