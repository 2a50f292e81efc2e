"""What reaches the terminal: colour only on one, and never a control character from a model's text."""

from __future__ import annotations

import functools
import sys
import unicodedata
from typing import Any

from rich.console import Console

from shared.contracts.names import REFUSED


@functools.cache
def console(*, stderr: bool = False) -> Console:
    """Rich's console; plain text, as wide as it comes, where it is no terminal (whatever FORCE_COLOR says)."""
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(
        stderr=stderr, force_terminal=terminal, no_color=None if terminal else True, highlight=False,
        markup=False, emoji=False, soft_wrap=not terminal,
    )  # fmt: skip


def clean(text: object) -> str:
    """One line of it, without anything that steers a terminal. What joins letters, as Persian and emoji need, stays."""
    line = REFUSED.sub("�", " ".join(str(text).split()))
    return "".join(c if unicodedata.category(c) != "Co" else "�" for c in line)


def cut(text: object, width: int) -> str:
    """Cleaned, and at most `width` characters."""
    line = clean(text)
    return line if len(line) <= width else line[: width - 1] + "…"


def dollars(amount: float | None) -> str:
    """`$1.23`; more decimals the less it is; `price unknown` for None."""
    if amount is None:
        return "price unknown"
    return (
        f"${amount:.2f}" if amount >= 0.1 or amount == 0 else f"${amount:.4f}" if amount >= 0.001 else f"${amount:.6f}"
    )


def seconds(amount: float | None) -> str:
    """`42 s`, `3 min 5 s`, `2 h 10 min`; `?` for None."""
    if amount is None:
        return "?"
    whole = round(amount)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def table(rows: list[dict[str, Any]], columns: list[str]) -> str:
    """Plain columns, as wide as their widest cell, with a head line."""
    cells = [columns] + [[clean("" if row.get(c) is None else row[c]) for c in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in lines)
