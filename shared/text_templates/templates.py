"""The prompts of the line `texts`: versioned folders of Jinja templates, ours and the user's.

A version is a folder with `write.md` and, if it likes, `rate.md` and `vary.md`; what it lacks is v1's. A file is a
system part, a line `---` and a user part, and each part is a template of its own. Templates run in Jinja's sandbox;
values are put in as they are and are never templates themselves.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from shared.contracts.ask import Rendered

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
BUILT_IN = Path(__file__).parent
DEFAULT = "v1"
MAX_BYTES = 64 * 1024  #: of one file

VALUES: dict[str, dict[str, Any]] = {
    "write": {
        "product": "a product", "tone": "calm", "sentiment": "mixed", "intensity": 3, "aspects": ["price"],
        "examples": ["Fine."], "variation": 1,
    },
    "rate": {"product": "a product", "tone": "calm", "sentiment": "mixed", "aspects": ["price"], "text": "Fine."},
    "vary": {
        "product": "a product", "sentiment": "mixed", "aspects": ["price"], "text": "Fine.", "strategy": "CDA",
        "variation": 1,
    },
}  # fmt: skip
"""What each file may name, with a value to try it with."""

NOTHING: dict[str, Any] = {"tone": "", "sentiment": "", "intensity": "", "aspects": [], "examples": []}
"""What stands for what a job does not say."""

TAGS = (
    "product", "tone", "sentiment", "intensity", "aspects", "example", "text", "strategy", "variation",
)  # fmt: skip
_CLOSING = re.compile(rf"</(?=\s*(?:{'|'.join(TAGS)})(?![\w-]))", re.IGNORECASE)


class BrokenTemplate(Exception):
    """A template cannot be used; `str()` names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class File:
    """One prompt, ready to be filled in."""

    version: str  #: `<version>/<file>@<12 hex of its content's sha256>`
    system: Template
    user: Template


@dataclass(frozen=True, slots=True)
class Version:
    name: str
    files: Mapping[str, File]
    built_in: bool


def versions(user_folder: Path | None = None) -> dict[str, Version]:
    """Every version by its name, ours first. Raises BrokenTemplate.

    Names come from listing the folders; nobody's input is ever made part of a path.
    """
    found = {name: _version(BUILT_IN / name, built_in=True) for name in _folders(BUILT_IN)}
    if user_folder is None:
        return found
    for name in _folders(user_folder):
        if name in found:
            raise BrokenTemplate(f"{user_folder / name}: {name} is the name of a version that comes with Stumper")
        found[name] = _version(user_folder / name, built_in=False, rest=found[DEFAULT])
    return found


def render(version: Version, file: str, **values: object) -> Rendered:
    """The file with these values, each of which is kept from closing the tag that it stands in. Raises BrokenTemplate
    where the template stumbles over them."""
    chosen = version.files[file]
    defused = {name: _defused(value) for name, value in values.items()}
    return Rendered(chosen.version, *(_fill(part, chosen.version, defused) for part in (chosen.system, chosen.user)))


def _folders(folder: Path) -> list[str]:
    try:
        names = sorted(entry.name for entry in folder.iterdir() if (entry / "write.md").is_file())
    except OSError as error:
        raise BrokenTemplate(f"{folder}: {error.strerror or error}") from None
    for name in names:
        if not NAME.fullmatch(name):
            raise BrokenTemplate(f"{folder}: {name!r} is no name for a version: 1 to 64 of A-Z a-z 0-9 _ - are wanted")
    return names


def _version(folder: Path, *, built_in: bool, rest: Version | None = None) -> Version:
    files = dict(rest.files) if rest else {}
    for name in VALUES:
        path = folder / f"{name}.md"
        if path.is_file() or rest is None:
            files[name] = _file(path, name)
    return Version(folder.name, files, built_in)


def _file(path: Path, name: str) -> File:
    """Read, compiled and tried once with every value and once with as few as can be."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise BrokenTemplate(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise BrokenTemplate(f"{path}: it is not UTF-8 (byte {error.start})") from None
    if len(raw) > MAX_BYTES:
        raise BrokenTemplate(f"{path}: it has {len(raw):,} bytes, at most {MAX_BYTES:,} are taken")
    system, separator, user = text.partition("\n---\n")
    if not separator:
        raise BrokenTemplate(f"{path}: it has no line `---` between its system part and its user part")
    environment = _environment()
    first_line = system.count("\n") + 2
    parts = _compiled(environment, system, path, name, 0), _compiled(environment, user, path, name, first_line)
    version = f"{path.parent.name}/{name}@{hashlib.sha256(raw).hexdigest()[:12]}"
    least = {key: value for key, value in NOTHING.items() if key in VALUES[name]}
    for values in (VALUES[name], VALUES[name] | least):
        for part in parts:
            _fill(part, str(path), values)
    return File(version, *parts)


def _environment() -> Environment:
    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )


def _compiled(environment: Environment, source: str, path: Path, name: str, lines_before: int) -> Template:
    try:
        unknown = sorted(meta.find_undeclared_variables(environment.parse(source)) - set(VALUES[name]))
        if unknown:
            raise BrokenTemplate(f"{path}: there is no value `{unknown[0]}`; there are {', '.join(VALUES[name])}")
        return environment.from_string(source)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        where = f", line {line + lines_before}" if line else ""
        raise BrokenTemplate(f"{path}{where}: {error.message or type(error).__name__}") from None


def _fill(part: Template, where: str, values: Mapping[str, Any]) -> str:
    try:
        return part.render(values).strip()
    except Exception as error:  # whatever the template's own expressions raise
        raise BrokenTemplate(f"{where}: {type(error).__name__}: {error}") from error


def _defused(value: object) -> object:
    if isinstance(value, str):
        return _CLOSING.sub(lambda _: "<\\/", value)
    return [_defused(one) for one in value] if isinstance(value, list | tuple) else value
