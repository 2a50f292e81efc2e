"""The embedder: takes `problems.embedder.>` and `texts.embedder.>`, gives what is new."""

from __future__ import annotations

from functools import partial

from services.embedder.logic import embed
from services.embedder.space import Spaces
from services.embedder.texts import embed_text
from shared import stage

app = stage.build(
    "embedder",
    {
        "problems": lambda ledger: partial(embed, remember=Spaces(ledger).remember),
        "texts": lambda ledger: partial(embed_text, remember=Spaces(ledger, signed=True).remember),
    },
)
