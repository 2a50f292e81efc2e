"""The embedder: takes `problems.embedder.>`, gives the finished problem."""

from __future__ import annotations

from functools import partial

from services.embedder.logic import embed
from services.embedder.space import Spaces
from shared import stage

app = stage.build("embedder", {"problems": lambda ledger: partial(embed, remember=Spaces(ledger).remember)})
