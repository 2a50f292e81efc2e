"""The bodies of requests, from flags, and from a file. The gateway judges them; here only their shape is made."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cli.exits import USAGE, Failure
from shared import strict_json
from shared.contracts.names import split_model
from shared.strict_json import GivenTwice, NotJson

FLAGS = {
    "num_problems": "--num",
    "max_cost_usd": "--max-cost",
    "random_seed": "--seed",
    "strategies": "--strategy",
    "augmentation_strategies": "--strategy",
    "augment_ratio": "--ratio",
    "product": "PRODUCT",
    "sentiment_intensity": "--intensity",
    "few_shot": "--example",
    "aspects": "--aspect",
    "min_quality_score": "--min-score",
}  #: not named as the API's field


def read_json_file(path: Path) -> Any:
    """`-` is stdin. Raises Failure that says what is wrong, and where. UTF-8, whatever the terminal speaks."""
    try:
        return strict_json.read(sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes())
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", USAGE) from error
    except GivenTwice as error:
        raise Failure(f"{path}: {error.key!r} {error}", USAGE) from None
    except NotJson as error:
        raise Failure(f"{path}: {error}", USAGE) from None


def model(text: str, flag: str) -> dict[str, str]:
    """`provider/name`; the name may hold slashes."""
    try:
        provider, name = split_model(text)
    except ValueError as error:
        raise Failure(f"{flag} {text}: {error}", USAGE) from error
    return {"provider": provider, "model_name": name}


def said(fields: dict[str, Any]) -> dict[str, Any]:
    """Those that were given, by the API's names."""
    given = {name: value for name, value in fields.items() if value is not None}
    for name, value in given.items():
        _check_sendable(_flag(name), value)
    return given


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
    for name, value in body.items():
        _check_sendable(_flag(name) if name in flags else f"{file}: {name!r}", {name: value})
    return body


def _flag(name: str) -> str:
    return FLAGS.get(name) or "--" + name.removesuffix("_model").replace("_", "-")


def _check_sendable(what: str, value: Any) -> None:
    """Raises Failure for what JSON has no way to say."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise Failure(f"{what}: not valid Unicode text", USAGE) from None
    except ValueError:
        raise Failure(f"{what}: a finite number is wanted", USAGE) from None
    except RecursionError:
        raise Failure(f"{what}: nested too deep", USAGE) from None
