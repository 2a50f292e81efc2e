"""Text jobs over HTTP: what is stored of a request, what is refused, and the job as its clients read it."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from services.conductor import sources
from shared.contracts.batch import Batch, Quota, Row
from shared.contracts.envelope import Ending
from shared.contracts.statuses import BatchStatus, Flag
from shared.contracts.text import Aspect, Quality, Text, TextReason, TextStatus, Variant
from shared.controls import read_flags
from shared.settings import Settings
from tests.contract.store_documents import call
from tests.flow.test_gateway.conftest import TEXT_PROBLEM, Gateway, assert_problem, running

PRODUCT = "a steel water bottle"


async def asked(gateway: Gateway, path: str = "generate", **body: Any) -> Batch:
    reply = await gateway.client.post(f"/api/{path}", json={"product": PRODUCT} | body)
    assert reply.status_code == 200, reply.text
    shown = reply.json()
    assert (shown["status"], shown["progress"], shown["result"], shown["error_message"]) == ("pending", 0, None, None)
    found = await gateway.store.batches.get(shown["job_id"])
    assert found is not None
    return found


def row(batch: Batch, slot: int, status: str = TextStatus.ACCEPTED, rank: int | None = None, **fields: Any) -> Row:
    text = Text(
        batch_id=batch.id, slot=slot, hop=3, route=[], models=batch.models, product=PRODUCT, status=status,
        text=f"The lid is number {slot}.", sentiment="positive", written_at=1_790_000_000.0,
        aspects=[Aspect(term="lid", sentiment="positive", start=4, end=7)],
        quality=Quality(score=0.9, parts={"length": 1.0}), prompt_versions={"writer": "v1/write@0"},
    ).but(**fields)  # fmt: skip
    return {
        "id": text.problem_id, "batch_id": batch.id, "slot": slot, "hop": 3, "place": [1, slot + 1],
        "trail": [[1, slot + 1, status]], "subject_of_fact": f"texts.finished.{batch.id}.{slot}.3", "stage": "",
        "status": status, "rank": rank or slot + 1, "envelope": text.model_dump(mode="json"),
        "created_at": 1_790_000_000.0, "updated_at": 1_790_000_009.0, "subject": PRODUCT,
        "reason": text.reason.code if text.reason else None, "line": "texts", "kind": "text",
    }  # fmt: skip


async def test_a_plain_job_rejects_nothing_for_its_quality(gateway: Gateway) -> None:
    batch = await asked(gateway)
    assert (batch.line, batch.kind, batch.route) == ("texts", "text", ["writer", "embedder"])
    assert (batch.wish.num_problems, batch.quotas) == (5, {})
    assert batch.options["quality_filter"] is False
    assert str(batch.models["writer"]) == "simulator/sim-writer"
    assert batch.models["writer"].temperature == 0.7


async def test_every_field_of_an_enhanced_job_reaches_the_batch(gateway: Gateway) -> None:
    batch = await asked(
        gateway, "generate-enhanced", count=3, sentiment="negative", sentiment_intensity=4, tone="dry",
        few_shot=["Mine leaks."], min_quality_score=0.7, aspects=["lid", "price", "lid"], version="v2",
        temperature=0.2, model="openai/x", reviewer_model="simulator/sim-strong", max_attempts=9,
    )  # fmt: skip
    assert batch.options | {
        "version": "v2", "sentiment": "negative", "sentiment_intensity": 4, "tone": "dry", "examples": ["Mine leaks."],
        "quality_filter": True, "min_quality_score": 0.7, "aspects": ["lid", "price"],
    } == batch.options  # fmt: skip
    assert (str(batch.models["writer"]), batch.models["writer"].temperature) == ("openai/x", 0.2)
    assert (batch.wish.num_problems, batch.wish.max_attempts) == (3, 9)


async def test_the_options_of_older_clients_stand_in_the_query(gateway: Gateway) -> None:
    query = "sentiment_intensity=2&tone=warm&enable_few_shot=true&enable_quality_filter=false&min_quality_score=0.5"
    batch = await asked(gateway, f"generate-enhanced?{query}", tone="warm")
    assert (batch.options["sentiment_intensity"], batch.options["tone"]) == (2, "warm")
    assert batch.options["examples"]
    assert (batch.options["quality_filter"], batch.options["min_quality_score"]) == (False, 0.5)
    reply = await gateway.client.post("/api/generate-enhanced?tone=warm", json={"product": PRODUCT, "tone": "cold"})
    assert_problem(reply, 422, "tone")


@pytest.mark.parametrize(("ratio", "varied", "plain"), [(0.5, 3, 2), (1.0, 5, 0), (0.01, 1, 4)])
async def test_a_share_of_the_samples_gets_variants(gateway: Gateway, ratio: float, varied: int, plain: int) -> None:
    path = f"generate-augmented?augmentation_strategies=CDA&augmentation_strategies=CADA&augment_ratio={ratio}"
    batch = await asked(gateway, path)
    assert batch.route == ["writer", "embedder", "writer"]
    assert batch.options["strategies"] == ["CDA", "CADA"]
    assert batch.quotas == {"varied": Quota(wanted=varied)} | ({"": Quota(wanted=plain)} if plain else {})
    begun = await sources.of(batch)(batch, range(5), gateway.store)
    assert [isinstance(slip, Text) and slip.bucket for slip in begun].count("varied") == varied


REFUSED = [
    ("generate", {"product": ""}, "product"),
    ("generate", {"product": " x "}, "product"),
    ("generate", {"product": "x" * 201}, "product"),
    ("generate", {"product": 7}, "product"),
    ("generate", {}, "product"),
    ("generate", {"product": "ab", "count": 0}, "count"),
    ("generate", {"product": "ab", "count": 51}, "count"),
    ("generate", {"product": "ab", "count": 2.5}, "count"),
    ("generate", {"product": "ab", "temperature": 5}, "temperature"),
    ("generate", {"product": "ab", "version": "../x"}, "version"),
    ("generate", {"product": "ab", "version": "v9"}, "version"),
    ("generate", {"product": "ab", "model": "nobody/x"}, "model.provider"),
    ("generate", {"product": "ab", "tone": "dry"}, "tone"),
    ("generate", {"product": "ab", "num_problems": 3}, "num_problems"),
    ("generate-enhanced", {"product": "ab", "sentiment": "happy"}, "sentiment"),
    ("generate-enhanced", {"product": "ab", "sentiment_intensity": 6}, "sentiment_intensity"),
    ("generate-enhanced", {"product": "ab", "min_quality_score": 1.5}, "min_quality_score"),
    ("generate-enhanced", {"product": "ab", "aspects": ["lid", "price, weight"]}, "aspects.1"),
    ("generate-enhanced", {"product": "ab", "few_shot": []}, "few_shot"),
    ("generate-enhanced", {"product": "ab", "few_shot": ["x"] * 11}, "few_shot"),
    (
        "generate",
        {"product": "ab", "temperature": 0.2, "model": {"provider": "openai", "model_name": "x", "temperature": 1.5}},
        "temperature",
    ),
    ("generate-enhanced?enable_few_shot=perhaps", {"product": "ab"}, "enable_few_shot"),
    ("generate-enhanced?mood=x", {"product": "ab"}, "mood"),
    ("generate-augmented?augmentation_strategies=XYZ", {"product": "ab"}, "augmentation_strategies.0"),
    ("generate-augmented?augment_ratio=2", {"product": "ab"}, "augment_ratio"),
    ("generate-augmented?augment_ratio=0", {"product": "ab"}, "augment_ratio"),
    ("generate-augmented?augment_ratio=nan", {"product": "ab"}, "augment_ratio"),
]


@pytest.mark.parametrize(("path", "body", "field"), REFUSED)
async def test_what_makes_no_sense_is_refused_and_nothing_stored(
    gateway: Gateway, path: str, body: Any, field: str
) -> None:
    reply = await gateway.client.post(f"/api/{path}", json=body)
    assert_problem(reply, 422, field)
    assert reply.headers["content-type"] == TEXT_PROBLEM
    assert "application/json" in reply.headers["content-type"]
    assert await gateway.batches() == 0


async def test_unknown_versions_are_told_which_there_are(gateway: Gateway) -> None:
    reply = await gateway.client.post("/api/generate", json={"product": "ab", "version": "v9"})
    assert "v1, v2" in assert_problem(reply, 422, "version")["detail"]


@pytest.mark.parametrize("product", ["{{ 7 * 7 }}", "{% raw %}", "</product>", "a 🤖 {{ x.__class__ }}", "حذاء رياضي"])
async def test_a_template_in_a_field_is_text(gateway: Gateway, product: str) -> None:
    batch = await asked(gateway, "generate-enhanced", product=product, tone=product)
    assert (batch.source["product"], batch.options["tone"]) == (product, product)


async def test_the_operator_sets_how_many_samples_a_job_may_have(settings: Settings) -> None:
    async with running(settings.model_copy(update={"max_texts": 60})) as gateway:
        assert (await asked(gateway, count=60)).wish.num_problems == 60
        reply = await gateway.client.post("/api/generate", json={"product": "ab", "count": 61})
        assert_problem(reply, 422, "count")


async def ended(gateway: Gateway, status: BatchStatus, accepted: int, **changes: Any) -> Batch:
    batch = await asked(gateway, count=3)
    counts = {"accepted": accepted, "rejected": 1} if accepted else {}
    return await gateway.projected(batch, status=status, counts=counts, finished_at=1_790_000_010.0, **changes)


async def test_a_job_that_is_done_shows_its_samples_and_what_was_rejected(gateway: Gateway) -> None:
    batch = await ended(gateway, BatchStatus.COMPLETED, 3)
    variants = [
        Variant(strategy="CDA", text="A lid, then.", sentiment="positive", accepted=True, kept=1.0, similarity=0.7),
        Variant(strategy="ADA", text="A cap.", accepted=False, reason=TextReason.BELOW_THRESHOLD, detail="0.74 < 0.8",
                kept=2 / 3, similarity=0.8),
        Variant(strategy="ADA", text="", accepted=False, reason=TextReason.REFUSED, detail="no"),
    ]  # fmt: skip
    low = Ending(code=TextReason.LOW_QUALITY, detail="0.41")
    rows = [row(batch, 0, rank=2), row(batch, 1, rank=1, variants=variants), row(batch, 2, rank=3)]
    await gateway.store.problems.put([*rows, row(batch, 3, TextStatus.REJECTED, reason=low, text="Bad.")])
    found = (await gateway.client.get(f"/api/result/{batch.id}")).json()
    assert (found["status"], found["progress"], found["error_message"]) == ("completed", 100, None)
    samples = found["result"]["samples"]
    ids = [f"{batch.id}-1", f"{batch.id}-1-CDA", f"{batch.id}-0", f"{batch.id}-2"]
    assert [sample["id"] for sample in samples] == ids, "in the order in which they were accepted"
    assert found["result"]["total_samples"] == 4
    assert found["result"]["total_tokens_estimated"] == sum(sample["tokens_estimated"] for sample in samples)
    assert (samples[1]["origin"], samples[1]["strategy"]) == (f"{batch.id}-1", "CDA")
    assert {"product", "prompt_version", "generated_at", "text", "temperature", "metadata"} <= samples[0].keys()
    assert samples[0]["quality"] == {"score": 0.9, "parts": {"length": 1.0}}
    assert [sample["acceptance"] and sample["acceptance"]["score"] for sample in samples] == [None, 0.85, None, None]
    told = [(each["text"], each["reason"], each["detail"], each["strategy"]) for each in found["rejected"]]
    assert told == [
        ("A cap.", "below_threshold", "0.74 < 0.8", "ADA"), ("", "refused", "no", "ADA"),
        ("Bad.", "low_quality", "0.41", None),
    ]  # fmt: skip
    below, refused, bad = found["rejected"]
    assert below["acceptance"] == {"score": 0.733333, "parts": {"kept": 0.666667, "similarity": 0.8}}
    assert (refused["acceptance"], bad["acceptance"], refused["quality"]) == (None, None, None)
    assert bad["quality"] == {"score": 0.9, "parts": {"length": 1.0}}


async def test_variants_of_before_there_were_codes_are_shown(gateway: Gateway) -> None:
    batch = await ended(gateway, BatchStatus.COMPLETED, 1)
    old = row(batch, 0)
    common = {"sentiment": "", "aspects": [], "prompt_version": "v1/vary@0"}
    old["envelope"]["variants"] = [
        common | {"strategy": "CDA", "text": "A", "accepted": True, "detail": "", "kept": 1.0, "similarity": 0.8},
        common | {"strategy": "ADA", "text": "B", "accepted": False, "detail": "few", "kept": 0.5, "similarity": 0.9},
        common | {"strategy": "ADA", "text": "", "accepted": False, "detail": "empty", "kept": 0.0, "similarity": 0.0},
    ]
    await gateway.store.problems.put([old])
    found = (await gateway.client.get(f"/api/result/{batch.id}")).json()
    assert [sample["text"] for sample in found["result"]["samples"]] == ["The lid is number 0.", "A"]
    assert [(each["reason"], each["detail"]) for each in found["rejected"]] == [
        ("variant", "few"),
        ("variant", "empty"),
    ]
    assert [each["acceptance"] and each["acceptance"]["score"] for each in found["rejected"]] == [0.7, None]


async def test_a_job_tells_how_many_samples_are_at_which_stage(gateway: Gateway) -> None:
    plain, varied = await asked(gateway), await asked(gateway, "generate-augmented")
    await gateway.projected(plain, status=BatchStatus.RUNNING, counts={"embedder": 2, "accepted": 1, "parked": 1})
    for batch, at_embedder, parked in ((plain, 2, 1), (varied, 0, 0)):
        shown = (await gateway.client.get(f"/api/result/{batch.id}")).json()["stages"]
        assert list(shown.items()) == [("writer", 0), ("embedder", at_embedder), ("parked", parked)]


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (BatchStatus.EXHAUSTED, "error"), (BatchStatus.BUDGET_REACHED, "error"), (BatchStatus.FAILED, "error"),
        (BatchStatus.CANCELLED, "cancelled"),
    ],
)  # fmt: skip
async def test_a_job_that_ended_short_keeps_what_it_has(gateway: Gateway, status: BatchStatus, shown: str) -> None:
    batch = await ended(gateway, status, 2)
    await gateway.store.problems.put([row(batch, 0), row(batch, 1)])
    found = (await gateway.client.get(f"/api/result/{batch.id}")).json()
    assert (found["status"], found["result"]["total_samples"]) == (shown, 2)
    assert found["progress"] < 100
    if shown == "error":
        assert found["error_message"].startswith("2 of 3 samples: ")


async def test_cancelling(gateway: Gateway) -> None:
    batch = await asked(gateway)
    first = await gateway.client.delete(f"/api/job/{batch.id}")
    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert (await read_flags(gateway.ledger))[batch.id] is Flag.CANCELLED
    assert (await gateway.client.delete(f"/api/job/{batch.id}/")).json()["status"] == "cancelled"
    done = await ended(gateway, BatchStatus.COMPLETED, 3)
    assert (await gateway.client.delete(f"/api/job/{done.id}")).json()["status"] == "already_finished"


async def test_jobs_and_batches_are_not_each_other(gateway: Gateway) -> None:
    maths = await gateway.accepted()
    jobs = [(await asked(gateway)).id for _ in range(3)]
    await gateway.store.problems.put([row(await asked(gateway), 0)])
    listed = (await gateway.client.get("/api/jobs?per_page=2")).json()
    assert (listed["total"], len(listed["items"])) == (4, 2)
    assert [job["job_id"] for job in (await gateway.client.get("/api/jobs?skip=1&limit=2")).json()] == jobs[:0:-1]
    assert [item["id"] for item in (await gateway.client.get("/api/batches")).json()["items"]] == [maths.id]
    assert (await gateway.client.get("/api/problems")).json()["total"] == 0
    assert (await gateway.client.get("/api/problems/all")).json() == []
    assert (await gateway.client.get("/api/batches/problems/count")).json()["count"] == 0
    for path in (f"/api/batches/{jobs[0]}", f"/api/generation/status/{jobs[0]}", f"/api/result/{maths.id}",
                 f"/api/problems/batch/{jobs[0]}/problems", "/api/result/non-existent-job"):  # fmt: skip
        assert_problem(await gateway.client.get(path), 404)
    assert_problem(await gateway.client.delete(f"/api/job/{maths.id}"), 404)


async def test_the_same_key_makes_one_job(gateway: Gateway) -> None:
    key = {"Idempotency-Key": "k"}
    body = {"product": PRODUCT}
    first, second = [(await gateway.client.post("/api/generate", json=body, headers=key)).json() for _ in "12"]
    assert first["job_id"] == second["job_id"]
    other = await gateway.client.post("/api/generate", json=body | {"count": 2}, headers=key)
    assert_problem(other, 422, "Idempotency-Key")
    assert (await gateway.post({"num_problems": 3}, **key)).json()["batch_id"] != first["job_id"]


async def test_exports_hold_what_the_result_does_in_its_order(gateway: Gateway) -> None:
    batch = await ended(gateway, BatchStatus.COMPLETED, 3)
    awkward = 'A "lid",\nsays he. é🤖'
    made = Variant(strategy="CDA", text="Made, of it.", sentiment="positive", accepted=True, kept=1.0, similarity=0.9)
    vain = Variant(strategy="ADA", text="In vain.", accepted=False, reason=TextReason.DUPLICATE)
    await gateway.store.problems.put([
        row(batch, 0, rank=3), row(batch, 1, rank=1, text=awkward, variants=[made, vain]), row(batch, 4, rank=2),
        row(batch, 2, TextStatus.REJECTED), row(batch, 3, TextStatus.SURPLUS),
    ])  # fmt: skip
    path = f"/api/job/{batch.id}/export"
    samples = (await gateway.client.get(f"/api/result/{batch.id}")).json()["result"]["samples"]
    assert [each["text"] for each in samples] == [
        awkward, "Made, of it.", "The lid is number 4.", "The lid is number 0.",
    ]  # fmt: skip
    lines = await gateway.client.get(path)
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line) for line in lines.text.splitlines()] == samples
    table = await gateway.client.get(f"{path}?format=csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert f'filename="{batch.id}.csv"' in table.headers["content-disposition"]
    cells = list(csv.DictReader(io.StringIO(table.text, newline="")))
    assert [line["id"] for line in cells] == [sample["id"] for sample in samples]
    assert [line["text"] for line in cells] == [sample["text"] for sample in samples]
    assert [(line["origin"], line["strategy"]) for line in cells[:2]] == [("", ""), (f"{batch.id}-1", "CDA")]
    assert json.loads(cells[0]["aspects"])[0]["term"] == "lid"
    assert_problem(await gateway.client.get(f"{path}?format=xml"), 422, "format")
    assert_problem(await gateway.client.get("/api/job/nonesuch/export"), 404)


async def test_an_export_of_nothing_is_empty(gateway: Gateway) -> None:
    path = f"/api/job/{(await asked(gateway)).id}/export"
    assert (await gateway.client.get(path)).text == ""
    assert len((await gateway.client.get(f"{path}?format=csv")).text.splitlines()) == 1


async def test_what_the_system_says_of_itself(gateway: Gateway) -> None:
    config = (await gateway.client.get("/api/config")).json()
    assert (config["versions"], config["max_count"]) == (["v1", "v2"], 50)
    assert config["writer_model"] == "simulator/sim-writer"
    names = [each["name"] for each in (await gateway.client.get("/api/augmentation/strategies")).json()["strategies"]]
    assert names == ["CDA", "ADA", "CADA"]
    assert (await gateway.client.get("/api/rate-limit-status")).json() == {"limits": None, "waiting": []}
    assert (await gateway.client.get("/api/quality-stats")).json()["acceptance_rate"] is None
    batch = await ended(gateway, BatchStatus.COMPLETED, 3, reasons={"low_quality": 1})
    await gateway.store.problems.put([row(batch, 0)])
    stats = (await gateway.client.get("/api/quality-stats")).json()
    assert (stats["accepted"], stats["rejected"], stats["acceptance_rate"]) == (3, 1, 0.75)
    assert (stats["mean_score"], stats["reasons"]) == (0.9, {"low_quality": 1})
    assert sum(stats["weights"].values()) == pytest.approx(1)


@pytest.mark.parametrize("rows_at_once", [1, 5, 1000])
async def test_a_job_is_the_same_in_the_list(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    monkeypatch.setattr("services.gateway.routes.text.ROWS", rows_at_once)
    jobs = [
        await asked(gateway),
        await ended(gateway, BatchStatus.COMPLETED, 3),
        await ended(gateway, BatchStatus.FAILED, 1),
    ]
    for batch in jobs[1:]:
        good = [row(batch, slot) for slot in range(batch.counts["accepted"])]
        await gateway.store.problems.put([*good, row(batch, 9, TextStatus.REJECTED, text="No.")])
        await gateway.store.calls.put([call(0, 0, batch.id, cost=7_000), call(1, 0, batch.id, cost=None)])
    shown = [(await gateway.client.get(f"/api/result/{batch.id}")).json() for batch in jobs]
    assert [len(each["rejected"]) for each in shown] == [0, 1, 1]
    listed = (await gateway.client.get("/api/jobs")).json()
    assert listed == {"items": shown[::-1], "total": 3, "page": 1, "per_page": 50}
    assert (await gateway.client.get("/api/jobs?limit=9")).json() == shown[::-1]
    assert (await gateway.client.get("/api/jobs?skip=9")).json() == []
