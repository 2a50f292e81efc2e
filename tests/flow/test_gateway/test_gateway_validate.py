"""A request judged without starting it: as the route that it is meant for would, and what it would come to."""

from __future__ import annotations

import time
from typing import Any

import pytest

from shared.contracts.batch import Batch
from shared.contracts.statuses import BatchStatus
from shared.embedded import NatsServer
from shared.ledger import Ledger
from shared.replica import heartbeat
from shared.settings import Settings
from tests.contract.store_documents import call
from tests.flow.test_gateway.conftest import Gateway, assert_problem, running, until

PRODUCT = "a steel water bottle"
UNSTAFFED = "no writer and no embedder is running; texts wait there until one is"  # in these tests nobody is


async def judged(gateway: Gateway, query: str = "", **body: Any) -> dict[str, Any]:
    reply = await gateway.client.post(f"/api/validate?{query}".rstrip("?"), json={"product": PRODUCT} | body)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    assert found.keys() == {"timestamp", "request", "validation"}
    return found


async def told(gateway: Gateway, query: str = "", **body: Any) -> dict[str, Any]:
    validation: dict[str, Any] = (await judged(gateway, query, **body))["validation"]
    assert isinstance(validation["estimated_duration"], float)
    return validation


async def ran(gateway: Gateway, path: str = "generate", seconds: float = 6.0, **body: Any) -> Batch:
    """A job that has ended, with 1,000 tokens of input and 100 of output for each sample and role."""
    reply = await gateway.client.post(f"/api/{path}", json={"product": PRODUCT} | body)
    found = await gateway.store.batches.get(reply.json()["job_id"])
    assert found is not None
    count = found.wish.num_problems
    quotas = {name: quota.model_copy(update={"accepted": quota.wanted}) for name, quota in found.quotas.items()}
    await gateway.store.calls.put(
        [
            call(n, slot, found.id, id=f"{found.id}.{slot}.{role}", role=role, input_tokens=1000, output_tokens=100)
            for slot in range(count)
            for n, role in enumerate(("writer", "reviewer", "embedding"))
        ]
    )
    return await gateway.projected(
        found, status=BatchStatus.COMPLETED, counts={"accepted": count, "rejected": 1}, calls=3 * count, quotas=quotas,
        finished_at=found.created_at + seconds,
    )  # fmt: skip


async def test_a_request_as_older_clients_send_it(gateway: Gateway) -> None:
    body = {"product": PRODUCT, "count": 4, "temperature": 0.7}
    found = await judged(gateway, **body)
    assert found["request"] == body | {"version": "v1"}
    validation = found["validation"]
    assert (validation["valid"], validation["errors"]) == (True, [])
    assert validation["estimated_cost"] > 0
    assert validation["estimated_duration"] > 0
    assert validation["based_on"] == {"jobs": 0, "same_models": False}
    assert validation["warnings"][0] == UNSTAFFED
    assert "rests on no earlier job" in validation["warnings"][1]
    assert await gateway.batches() == 0


async def test_earlier_jobs_of_the_same_models_tell(gateway: Gateway) -> None:
    await ran(gateway, count=2)
    await ran(gateway, count=3, model="openai/gpt-4o-mini", seconds=50.0)
    validation = await told(gateway, count=2)
    assert validation["based_on"] == {"jobs": 1, "same_models": True}
    assert validation["warnings"] == [UNSTAFFED]
    dollars_each = (1000 * 0.4 + 100 * 1.6 + 1000 * 2 + 100 * 8 + 1000 * 0.02) / 1e6
    assert validation["estimated_cost"] == pytest.approx(2 * dollars_each)
    assert validation["estimated_duration"] == 6.0
    others = await told(gateway, count=2, model="simulator/sim-weak")
    assert others["based_on"] == {"jobs": 2, "same_models": False}
    assert others["estimated_cost"] == pytest.approx(2 * (dollars_each - (1000 * 0.3 + 100 * 1.2) / 1e6))


async def test_prices_are_todays_and_an_unknown_one_is_not_free(settings: Settings) -> None:
    own = {"simulator/sim-writer": {"input": "5", "output": "0"}}
    async with running(Settings(_env_file=None, **settings.model_dump() | {"prices": own})) as gateway:
        await ran(gateway, count=2)
        dollars_each = (1000 * 5 + 1000 * 2 + 100 * 8 + 1000 * 0.02) / 1e6
        assert (await told(gateway, count=1))["estimated_cost"] == pytest.approx(dollars_each)
        unknown = await told(gateway, model="openai/nobody-knows")
        assert (unknown["valid"], unknown["estimated_cost"]) == (True, None)
        assert "the price of openai/nobody-knows is not known" in unknown["warnings"]
        assert unknown["estimated_duration"] > 0
        capped = await told(gateway, model="openai/nobody-knows", max_cost_usd=1)
        assert not capped["valid"]
        assert capped["errors"][0].startswith("max_cost_usd: ")
        short = await told(gateway, count=5, max_cost_usd=0.001)
        assert short["valid"]
        assert any(words.startswith("max_cost_usd: ") for words in short["warnings"])


async def test_variants_cost_more(gateway: Gateway) -> None:
    await ran(gateway, "generate-augmented?augment_ratio=1", count=2)
    plain = await told(gateway)
    for query, body in (
        ("augment_ratio=0.5", {}),
        ("", {"augment_ratio": 0.5}),
        ("augmentation_strategies=CDA", {}),
        ("", {"augmentation_strategies": ["CDA"], "augment_ratio": 0.5}),
        ("augment_ratio=0.5&augmentation_strategies=CDA", {"augment_ratio": 0.5, "augmentation_strategies": ["CDA"]}),
    ):
        found = await judged(gateway, query, **body)
        assert found["request"]["augmentation_strategies"] == ["CDA"]
        assert found["request"]["augment_ratio"] == 0.5
        assert found["validation"]["valid"], found
        assert found["validation"]["estimated_cost"] > plain["estimated_cost"]
    two = await told(gateway, "augmentation_strategies=CDA&augmentation_strategies=ADA&augment_ratio=0.5")
    assert two["estimated_cost"] > found["validation"]["estimated_cost"]


ENHANCED = {
    "count": 3, "sentiment": "negative", "sentiment_intensity": 4, "tone": "dry", "few_shot": ["Mine leaks."],
    "min_quality_score": 0.7, "quality_filter": True, "aspects": ["lid"], "version": "v2", "temperature": 0.2,
    "model": "simulator/sim-writer", "reviewer_model": "simulator/sim-strong", "embedding_model": "simulator/sim-embed",
    "max_attempts": 9, "max_cost_usd": 5.0, "random_seed": 3,
}  # fmt: skip


async def test_every_field_of_every_route_is_taken(gateway: Gateway) -> None:
    found = await judged(gateway, **ENHANCED, augmentation_strategies=["ADA"], augment_ratio=0.1)
    assert found["validation"]["valid"], found
    names = {name for name in ENHANCED if not name.endswith("model")}
    assert {name: found["request"][name] for name in names} == {name: ENHANCED[name] for name in names}
    query = "sentiment_intensity=2&tone=warm&enable_few_shot=true&enable_quality_filter=false&min_quality_score=0.5"
    found = await judged(gateway, query, tone="warm")
    assert found["validation"]["valid"]
    assert found["request"]["enable_few_shot"] is True


REFUSED = [
    ("generate", "", {"count": 51}),
    ("generate", "", {"version": "v9"}),
    ("generate", "", {"version": "../x"}),
    ("generate", "", {"temperature": 0.2, "model": {"provider": "openai", "model_name": "x", "temperature": 1.5}}),
    ("generate", "", {"model": "openai/no", "max_cost_usd": 1}),
    ("generate-enhanced", "", {"tone": "dry", "count": 51}),
    ("generate-enhanced", "tone=warm", {"tone": "cold"}),
    ("generate-enhanced", "enable_quality_filter=false", {"quality_filter": True}),
    ("generate-enhanced", "min_quality_score=0.5", {"min_quality_score": 0.6}),
    ("generate-augmented", "augment_ratio=0.5", {"count": 51}),
    ("generate-augmented", "augment_ratio=0.5", {"max_cost_usd": 1, "reviewer_model": "openai/no"}),
]


@pytest.mark.parametrize(("path", "query", "body"), REFUSED)
async def test_what_the_route_refuses_is_refused_in_its_words(
    gateway: Gateway, path: str, query: str, body: dict[str, Any]
) -> None:
    reply = await gateway.client.post(f"/api/{path}?{query}".rstrip("?"), json={"product": PRODUCT} | body)
    words = assert_problem(reply, 422)["detail"]
    validation = await told(gateway, query, **body)
    assert (validation["valid"], validation["errors"]) == (False, [words])
    assert await gateway.batches() == 0


async def test_every_refusal_is_named(gateway: Gateway) -> None:
    found = await told(gateway, "tone=warm", tone="cold", count=51, version="v9")
    assert [words.partition(":")[0] for words in found["errors"]] == ["count", "version", "tone"]
    assert found["estimated_cost"] is None
    both = await told(gateway, "tone=warm&augment_ratio=0.5")
    assert [words.partition(":")[0] for words in both["errors"]] == ["tone"], "the route for variants has no such one"
    twice = await told(gateway, "augment_ratio=0.5", augment_ratio=0.6)
    assert [words.partition(":")[0] for words in twice["errors"]] == ["augment_ratio"]


async def test_a_missing_key_and_a_full_ledger_are_refusals_too(
    settings: Settings, own_nats: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"product": PRODUCT, "model": "openai/gpt-4o-mini"}
    async with running(settings.model_copy(update={"nats_url": own_nats.url})) as gateway:
        for stage in ("writer", "embedder"):
            replica = {"service": stage, "id": "r", "started_at": 1.0, "at": time.time(), "providers": ["simulator"]}
            await heartbeat(gateway.ledger, replica)

        async def refused() -> bool:
            return not (await told(gateway, **body))["valid"]

        await until(refused)
        words = assert_problem(await gateway.client.post("/api/generate", json=body), 422, "model")["detail"]
        assert (await told(gateway, **body))["errors"] == [words]
        assert (await told(gateway))["valid"]

    async def full(*_: Any, **__: Any) -> float:
        return 0.99

    async with running(settings) as gateway:
        monkeypatch.setattr(Ledger, "fill", full)
        words = assert_problem(await gateway.client.post("/api/generate", json={"product": PRODUCT}), 503)["detail"]
        assert (await told(gateway))["errors"] == [words]


NO_BODY = [
    ("", {"product": ""}, "product"),
    ("", {"count": 0}, "count"),
    ("", {"temperature": 5}, "temperature"),
    ("", {"colour": "red"}, "colour"),
    ("", {"num_problems": 3}, "num_problems"),
    ("", {"sentiment": "happy"}, "sentiment"),
    ("", {"augment_ratio": 2}, "augment_ratio"),
    ("", {"augmentation_strategies": []}, "augmentation_strategies"),
    ("", {"augmentation_strategies": ["XYZ"]}, "augmentation_strategies.0"),
    ("augment_ratio=0", {}, "augment_ratio"),
    ("augment_ratio=nan", {}, "augment_ratio"),
    ("augmentation_strategies=XYZ", {}, "augmentation_strategies.0"),
    ("mood=x", {}, "mood"),
    ("tone=a&tone=a", {}, "tone"),
]


@pytest.mark.parametrize(("query", "body", "field"), NO_BODY)
async def test_what_is_no_request_at_all_is_a_422(gateway: Gateway, query: str, body: Any, field: str) -> None:
    reply = await gateway.client.post(f"/api/validate?{query}".rstrip("?"), json={"product": PRODUCT} | body)
    assert_problem(reply, 422, field)
