"""The body of `POST /api/generation`, from a file and flags. The gateway judges it; here only its shape is made."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cli.exits import USAGE, Failure


def read_json_file(path: Path) -> Any:
    """`-` is stdin. Raises Failure naming the line."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
        return json.loads(text)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", USAGE) from error
    except UnicodeDecodeError as error:
        raise Failure(f"{path}: not UTF-8", USAGE) from error
    except json.JSONDecodeError as error:
        raise Failure(f"{path}: no JSON: {error.msg} at line {error.lineno}, column {error.colno}", USAGE) from error


def model(text: str, flag: str) -> dict[str, str]:
    """`provider/name`; the name may hold slashes."""
    provider, slash, name = text.partition("/")
    if not (provider and slash and name):
        raise Failure(f"{flag} {text}: write it as provider/name, for example openai/gpt-4o-mini", USAGE)
    return {"provider": provider, "model_name": name}


def build(file: Path | None, models: dict[str, str | None], taxonomy: Path | None, fields: dict[str, Any]) -> Any:
    """Flags win over the file. `models` and `fields` by the API's names, None where not given."""
    body = read_json_file(file) if file else {}
    if not isinstance(body, dict):
        raise Failure(f"{file}: a JSON object is wanted, with the fields of POST /api/generation", USAGE)
    flags: dict[str, Any] = {
        name: model(text, f"--{name.removesuffix('_model')}") for name, text in models.items() if text is not None
    }
    if taxonomy:
        flags["taxonomy"] = read_json_file(taxonomy)
    flags |= {name: value for name, value in fields.items() if value is not None}
    body = {**body, **flags}
    if "num_problems" not in body:
        raise Failure("--num says how many problems are wanted", USAGE)
    return body
