"""Paths of the systems that this one replaces, where the answer is only where to go instead."""

from __future__ import annotations

from fastapi import APIRouter, Request

from services.gateway.errors import Problem, bad_field
from services.gateway.reading import read

router = APIRouter(prefix="/api", include_in_schema=False)


@router.post("/generate")
async def generate(request: Request) -> None:
    """Two older systems had this path: for a run of maths problems, and for a job of synthetic text."""
    body = read(await request.body())
    if isinstance(body, dict) and "num_problems" in body:
        raise bad_field("num_problems", "maths problems are made by `POST /api/generation`, which takes this body")
    raise Problem(422, "synthetic text is not available yet; maths problems are made by `POST /api/generation`")
