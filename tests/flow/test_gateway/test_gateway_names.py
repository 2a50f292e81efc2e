"""Names of all scripts, from a request through either store to filters and exports; and refusals that name them."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest

from shared.contracts.names import alike
from shared.settings import Settings
from tests.flow.test_gateway.conftest import Gateway, assert_problem, running
from tests.flow.test_gateway.test_gateway_problems import row
from tests.unit.test_names import SCRIPTS

DISTINCT = list({alike(name): name for name in SCRIPTS}.values())


async def test_names_stay_the_same_through_store_filters_and_exports(store_settings: Settings, nats_url: str) -> None:
    async with running(store_settings.model_copy(update={"nats_url": nats_url})) as gateway:
        batch = await gateway.accepted(name=SCRIPTS[0], taxonomy={name: [name] for name in DISTINCT})
        assert [topic.subject for topic in batch.topics] == DISTINCT
        await gateway.store.problems.put(
            [row(batch, slot, subject=name, topic=name) for slot, name in enumerate(DISTINCT)]
        )
        shown = (await gateway.client.get(f"/api/batches/{batch.id}")).json()["taxonomy"]
        assert [(subject, *topics) for subject, topics in shown.items()] == [(name, name) for name in DISTINCT]
        for slot, name in enumerate(DISTINCT):
            for spelt in (name, f" {name}\n", unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)):
                found = await gateway.client.get("/api/problems", params={"subject": spelt, "topic": spelt})
                assert [item["slot"] for item in found.json()["items"]] == [slot], ascii(spelt)
        lines = await gateway.client.get("/api/problems/all", headers={"Accept": "application/x-ndjson"})
        assert [json.loads(line)["topic"] for line in lines.text.rstrip("\n").split("\n")] == DISTINCT


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"taxonomy": {"Al\u200bgebra": ["x"]}}, "taxonomy.Al\u200bgebra", "U+200B ZERO WIDTH SPACE (character 3)"),
        ({"taxonomy": {"Algebra": ["x", "y\nz"]}}, "taxonomy.Algebra.1", "U+000A LINE FEED (character 2)"),
        ({"taxonomy": {"Algebra": {"y\u202ez": {}}}}, "taxonomy.Algebra.y\u202ez", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ({"taxonomy": {"Algebra": ["\ud83d"]}}, "taxonomy.Algebra.0", "U+D83D half of a surrogate pair"),
        ({"taxonomy": {"A": {"x": {"description": "y\0"}}}}, "taxonomy.A.x.description", "U+0000 NULL (character 2)"),
        ({"novelty_scope": "\udc00"}, "novelty_scope", "not available"),
        ({"name": "a\rb"}, "name", "U+000D CARRIAGE RETURN"),
        ({"engineer_model": "openai/gpt\n4"}, "engineer_model", "U+000A LINE FEED"),
        ({"taxonomy": {"Algebra": ["Roots", "Roots "]}}, "taxonomy.Algebra", "names 'Roots' twice"),
        ({"taxonomy": {"Algebra": ["é", "e\u0301"]}}, "taxonomy.Algebra", "twice"),
        ({"taxonomy": {"Algebra": ["x"], "Algebra ": ["y"]}}, "taxonomy", "names 'Algebra' twice"),
    ],
    ids=ascii,
)
async def test_the_detail_names_character_and_place(gateway: Gateway, body: Any, field: str, words: str) -> None:
    reply = await gateway.client.post(
        "/api/generation",
        content=json.dumps({"num_problems": 1} | body),
        headers={"Content-Type": "application/json"},
    )
    problem = assert_problem(reply, 422, field)
    assert words in problem["detail"]
    assert await gateway.batches() == 0


@pytest.mark.parametrize("name", ["subject", "topic"])
async def test_a_filter_that_no_name_can_match_is_told(gateway: Gateway, name: str) -> None:
    for path in ("/api/problems", f"/api/problems/batch/{(await gateway.accepted()).id}/problems"):
        reply = await gateway.client.get(path, params={name: "a\u200bb"})
        assert "U+200B ZERO WIDTH SPACE" in assert_problem(reply, 422, name)["detail"]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("a b", "U+0020 SPACE (character 2)"), ("schlüssel", "U+00FC LATIN SMALL LETTER U"), ("a\tb", "U+0009"),
        ("", "1 to"),
    ],
    ids=ascii,
)  # fmt: skip
async def test_a_key_is_told_its_character(gateway: Gateway, key: str, words: str) -> None:
    headers = {b"Idempotency-Key": key.encode()}
    reply = await gateway.client.post("/api/generation", json={"num_problems": 1}, headers=headers)
    assert words in assert_problem(reply, 422, "Idempotency-Key")["detail"]


async def test_a_key_with_blanks_around_it_is_the_same_key(gateway: Gateway) -> None:
    one, other = [
        await gateway.client.post("/api/generation", json={"num_problems": 1}, headers={b"Idempotency-Key": key})
        for key in (b"names-1", b" names-1 \t")
    ]
    assert one.json() == other.json()
