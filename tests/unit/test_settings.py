"""Every setting as a user writes it: in the environment, in `.env`, left empty, and wrong."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from shared.contracts.price import Price
from shared.settings import Misconfigured, Settings, settings, variable

KEY = "sk-proj-0123456789abcdef"
WRITTEN = {
    "nats_url": ("nats://a:4222, tls://b ,", "nats://a:4222,tls://b"),
    "nats_replicas": ("3", 3),
    "mongo_url": ("mongodb://u:p%40@a:27017,b:27018/?replicaSet=rs0",) * 2,
    "mongo_database": ("other", "other"),
    "data_dir": ("/srv/数学 1/jürgen", Path("/srv/数学 1/jürgen")),
    "log_level": ("debug", "DEBUG"),
    "gateway_url": ("https://stumper.example:8443",) * 2,
    "host": ("0.0.0.0", "0.0.0.0"),
    "port": ("8123", 8123),
    "simulator_url": ("http://[::1]:8901",) * 2,
    "api_keys": ("alpha-key, beta-key,", ["alpha-key", "beta-key"]),
    "cors_origins": ("https://app.example, http://[::1]:3000 ,", ["https://app.example", "http://[::1]:3000"]),
    "prices": ('{"openai/mine": {"input": 0.2, "output": 0.8}}', {"openai/mine": Price(input=0.2, output=0.8)}),
    "engineer_model": ("openai/gpt-5", "openai/gpt-5"),
    "checker_model": ("openai/org/model:7b", "openai/org/model:7b"),
    "target_model": ("simulator/sim-weak", "simulator/sim-weak"),
    "embedding_model": ("openai/text-embedding-3-small",) * 2,
    "judge_model": ("openai/gpt-5-mini", "openai/gpt-5-mini"),
    "writer_model": ("openai/gpt-5-mini", "openai/gpt-5-mini"),
    "reviewer_model": ("openai/gpt-5", "openai/gpt-5"),
    "templates_dir": ("/srv/vorlagen für texte", Path("/srv/vorlagen für texte")),
    "text_ttl": ("86400", 86400.0),
    "openai_api_key": (KEY, SecretStr(KEY)),
    "openai_base_url": ("http://127.0.0.1:11434/v1",) * 2,
}
""" What a user writes -> what it means; every other setting is a number. """

NUMBERS = {name: field for name, field in Settings.model_fields.items() if name not in WRITTEN}
EVERY = [*WRITTEN, *NUMBERS]


def written(name: str) -> tuple[str, Any]:
    if name in WRITTEN:
        return WRITTEN[name]
    value = Settings.model_fields[name].default + 1
    return str(value), value


def as_variable(name: str) -> str:
    assert variable(name) == variable(name).upper()
    return variable(name)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No variable of ours, no `.env`, and settings that are read anew."""
    for name in os.environ:
        if name.upper().startswith(("STUMPER_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield
    settings.cache_clear()


Write = Callable[[str, str], None]


@pytest.fixture(params=["environment", ".env", ".env in quotes"])
def write(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Set a variable in one of the places that people use."""
    if request.param == "environment":
        return monkeypatch.setenv

    def into_file(name: str, value: str) -> None:
        quote = "'" if '"' in value else '"'
        text = value if request.param == ".env" else f"{quote}{value}{quote}"
        with Path(".env").open("a", encoding="utf-8") as file:
            file.write(f"{name}={text}\n")

    return into_file


def refusal() -> str:
    with pytest.raises(Misconfigured) as caught:
        settings()
    return str(caught.value)


@pytest.mark.parametrize("name", EVERY)
def test_every_setting_is_read_where_people_write_it(name: str, write: Write) -> None:
    text, value = written(name)
    write(as_variable(name), text)
    assert getattr(settings(), name) == value
    assert name in settings().model_fields_set


@pytest.mark.parametrize("name", EVERY)
def test_an_empty_one_is_the_default(name: str, write: Write) -> None:
    write(as_variable(name), "")
    assert settings() == Settings(_env_file=None)
    assert name not in settings().model_fields_set


@pytest.mark.parametrize("name", EVERY)
def test_a_comment_alone_is_empty(name: str) -> None:
    Path(".env").write_text(f"{as_variable(name)}=   # what it is for\n")
    assert settings() == Settings(_env_file=None)


@pytest.mark.parametrize("name", EVERY)
def test_an_empty_variable_hides_what_the_file_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text(f"{as_variable(name)}={written(name)[0]}\n")
    monkeypatch.setenv(as_variable(name), "")
    assert getattr(settings(), name) == getattr(Settings(_env_file=None), name)


@pytest.mark.parametrize("name", EVERY)
def test_case_and_blanks_around_do_not_matter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, value = written(name)
    monkeypatch.setenv(as_variable(name).lower(), f" {text}\r\n")
    assert getattr(settings(), name) == value


def test_the_example_can_be_used_as_it_is_and_with_every_line_switched_on() -> None:
    example = (Path(__file__).parents[2] / ".env.example").read_text()
    Path(".env").write_text(example)
    assert settings() == Settings(_env_file=None)
    settings.cache_clear()
    lines = [line.removeprefix("# ") if "=" in line.split("#")[1] else line for line in example.splitlines() if line]
    Path(".env").write_text("\n".join(lines).replace("\n", "\r\n"), encoding="utf-8-sig")
    found = settings()
    assert found.engineer_model == "openai/gpt-5"
    assert (found.judge_model, found.openai_api_key, found.api_keys) == (None, None, [])
    assert found.openai_base_url == Settings(_env_file=None).openai_base_url


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("one-key", ["one-key"]),
        ("a-key,b-key", ["a-key", "b-key"]),
        (" a-key , b-key , ", ["a-key", "b-key"]),
        (",a-key,,", ["a-key"]),
        ("\"a-key\", 'b-key'", ["a-key", "b-key"]),
        ('"a-key,b-key"', ["a-key", "b-key"]),
        ('["a-key", "b-key"]', ["a-key", "b-key"]),
        ("a-key\r\n", ["a-key"]),
        ("", []),
        ('""', []),
    ],
)
def test_api_keys(text: str, keys: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUMPER_API_KEYS", text)
    assert settings().api_keys == keys


@pytest.mark.parametrize("text", [",", " ", " , ,", "[]", '" "', "\n", '"",""'])
def test_keys_that_are_none_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUMPER_API_KEYS", text)
    assert refusal().startswith("STUMPER_API_KEYS: it is set but holds no usable key")


URLS = (
    "api.example/v1", "http//x", "http:///x", "http://a b/", "ftp://x", "http://x:0", "http://x:99999", "http://x:y",
    "http://x:", "http://[::1", "://", "http://a\nb", "http://http://x", "http://999.1.1.1",
)  # fmt: skip
MODELS = ("gpt-5", "openai/", "/gpt", "openai/ x", "openai/a\nb", "open ai/x")
WRONG = {
    **dict.fromkeys(("openai_base_url", "simulator_url", "gateway_url"), URLS),
    "nats_url": (
        "10.0.0.1:4222", "nats://", "nats://a:0", "nats://a:x", "http://a", ",", "nats://a,b", "nats://a b",
        "ws://a,nats://b",
    ),
    "mongo_url": ("10.0.0.1:27017", "mongodb://", "mongodb://a:99999", "http://a", "mongodb://a,", "mongodb://a b"),
    "mongo_database": ("a.b", "a b", "$x", "x" * 64),
    "log_level": ("loud",),
    "host": ("http://0.0.0.0", "127.0.0.1:8000", "a b", "999.0.0.1", "*"),
    "port": ("http", "0", "65536", "-1", "80.5"),
    "openai_api_key": ("sk-a\nb", "sk-a\tb", "sk-jürgen", "sk-a b", "sk-数", "sk-\u200bx", "sk-\x7f"),
    "api_keys": ("good-key,sk-jürgen", "a\nb", "a\tb", "a b", "[1"),
    **{f"{role}_model": MODELS for role in ("engineer", "checker", "target", "embedding", "judge")},
    **dict.fromkeys(NUMBERS, ("much", "nan", "inf", "-1")),
    "nats_replicas": ("0", "6", "x"),
    "prices": ("much", "[1]", '{"openai/mine": 1}', "{'a': 1}", "nan"),
    "cors_origins": ("stumper.test", "*", "https://a.test,sk-proj-0123"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in WRONG.items() for text in texts])
def test_a_wrong_one_is_named_in_one_line_that_does_not_repeat_it(
    name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(as_variable(name), text)
    said = refusal()
    assert said.startswith(f"{as_variable(name)}: ")
    assert "\n" not in said
    assert len(text) < 5 or text not in said


def test_all_that_is_wrong_is_named_at_once_as_it_was_spelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("stumper_Port", "x")
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}ü")
    said = refusal()
    assert sorted(line.partition(": ")[0] for line in said.splitlines()) == ["OPENAI_API_KEY", "stumper_Port"]
    assert KEY[:8] not in said


def test_a_file_that_cannot_be_read_is_named() -> None:
    Path(".env").write_bytes("STUMPER_HOST=jürgen".encode("latin-1"))
    assert ".env" in refusal()


def test_a_folder_below_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("STUMPER_DATA_DIR", "~/data")
    assert settings().data_dir == tmp_path / "data"
    monkeypatch.delenv("HOME")
    settings.cache_clear()
    assert settings().data_dir.name == "data"
