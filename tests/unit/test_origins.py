"""Origins as a user sets them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from shared.origins import origin
from shared.settings import Settings


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://app.example.com", "https://app.example.com"),
        (" HTTPS://App.Example.com/ ", "https://app.example.com"),
        ("http://192.168.1.5:3000", "http://192.168.1.5:3000"),
        ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80", "http://app.example.com"),
        ("http://app.example.com:443", "http://app.example.com:443"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ("tauri://localhost", "tauri://localhost"),
    ],
)
def test_an_origin_is_spelt_as_browsers_do(text: str, found: str) -> None:
    assert origin(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "*", "null", "app.example.com", "app.example.com:3000", "https://", "https://*.example.com", "//a.example",
        "https://a.example/path", "https://a.example?x", "https://a.example#x", "https://user@a.example",
        "https://a.example:0", "https://a.example:65536", "https://a.example:", "https://a b.example",
        "https://bücher.example", "https://a.example\nhttps://b.example", "https://a.example//",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no origin"):
        origin(text)


def test_the_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings(_env_file=None).cors_origins == []
    for text, found in (
        ("", []), (" , ", []), ("https://a.example", ["https://a.example"]),
        ("https://A.example/, http://b.example:3000,", ["https://a.example", "http://b.example:3000"]),
    ):  # fmt: skip
        monkeypatch.setenv("STUMPER_CORS_ORIGINS", text)
        assert Settings(_env_file=None).cors_origins == found
    monkeypatch.setenv("STUMPER_CORS_ORIGINS", "https://a.example,*")
    with pytest.raises(ValidationError, match="is no origin"):
        Settings(_env_file=None)
