"""The writer: takes `texts.writer.>`, gives a rated text, and on its second visit variants of it."""

from __future__ import annotations

from functools import partial

from services.writer.logic import Prompts, write
from shared import stage
from shared.handling import Logic
from shared.ledger import Ledger
from shared.settings import settings
from shared.text_templates.templates import versions


def make_logic(_ledger: Ledger) -> Logic:
    return partial(write, prompts=Prompts(versions(settings().templates_dir)))


app = stage.build("writer", {"texts": make_logic})
