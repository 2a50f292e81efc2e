"""Where in a reply its final answer stands: outside of thinking, in a box, behind `answer is`, in the one formula."""

from __future__ import annotations

import re

_THINKING = r"(?:think|thinking|thought|reasoning|reflection|scratchpad)"
_TAG = re.compile(rf"<(/?){_THINKING}>", re.IGNORECASE)
_ANSWER_IS = re.compile(r"answer\W{0,4}(?:\bis\b|[:=])\s*:?", re.IGNORECASE)
_WORDS_BEFORE = re.compile(r"^(?:so|thus|hence|therefore|we get|we have|it is|equals|=)[,:]?\s+", re.IGNORECASE)
_WORDS_BEHIND = re.compile(
    r"\s+(?:is|as) (?:the|our|my) (?:final |correct |required )?(?:answer|solution|result)$", re.IGNORECASE
)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_BEFORE_A_PART = re.compile(
    r"(?:[-−–+/^_±\d]|(?<!\*)\*|\\(?:pm|mp|cdot|times|div)|[\^_]\s*\{|\\sqrt\s*(?:\[\d*\])?\s*\{?"
    r"|\\[dt]?frac\s*\{(?:[^{}]*\}\s*\{)?)\s*$"
)
_JOINT = re.compile(r"(?:[\s$.,;]|\\[()\[\],;]|\b(?:and|or)\b)*")
_FORMULA = re.compile(r"\$\$?([^$]+)\$\$?|\\\(((?:(?!\\[()]).)+)\\\)|\\\[((?:(?!\\[\[\]]).)+)\\\]")
_PLAIN_WORDS = frozenset(
    "a an answer are as be by desired final find gives given get hence have is it of our obtain required result so "  # noqa: SIM905
    "solution that the therefore this thus to value we which will".split()
)
MAX_TAIL = 24  # characters behind a box that belong to it, such as a unit


def final_parts(text: str) -> list[str]:
    """The final answer as written. Several where the reply names several: whoever compares has to mind them all."""
    text = _spoken(text).strip()
    boxes, end = _boxes(text)
    if not boxes:
        said = _behind_answer_is(text)
        return [_undressed(part) for part in (_exclaimed(said) if said else [text])]
    tail = text[end:]
    later = _behind_answer_is(tail)
    if not later:
        loud = tail.lstrip().startswith("!")
        boxes[-1:] = _exclaimed(f"{boxes[-1]}!") if loud else [boxes[-1] + _tail(tail)]
    found = [_undressed(part) for part in [*boxes, *([later] if later else [])]]
    return list(dict.fromkeys([*found, ""] if _is_part(text) else found))


def _exclaimed(text: str) -> list[str]:
    """`5!` at the end of a sentence: a factorial, or a five said loudly."""
    bare = text.rstrip(" .*$!")
    return [text, bare] if text.rstrip(" .*$").endswith("!") and bare else [text]


def _is_part(text: str) -> bool:
    """Whether a box holds a part of a formula only, as in `-\\boxed{5}`."""
    return any(_BEFORE_A_PART.search(text, max(0, box.start() - 20), box.start()) for box in _BOX.finditer(text))


def joined(text: str) -> str:
    """Several boxes with no more than a comma or `and` between them, as one list; empty for anything else."""
    boxes, _ = _boxes(text)
    pieces = _BOX.split(text)
    if len(boxes) < 2 or len(pieces) != len(boxes) + 1:
        return ""
    between = [piece[len(box) + 1 :] for piece, box in zip(pieces[1:-1], boxes, strict=False)]
    return ", ".join(boxes) if all(_JOINT.fullmatch(part) for part in between) else ""


def _spoken(text: str) -> str:
    """Without what stands in tags of thinking: closed ones, one that only ends, one that never does."""
    kept: list[str] = []
    depth, place = 0, 0
    for tag in _TAG.finditer(text):
        if not tag.group(1):
            if depth == 0:
                kept.append(text[place : tag.start()])
            depth += 1
        elif depth == 0:
            kept.clear()  # it ends what began before the text did
        else:
            depth -= 1
        place = tag.end()
    return "".join(kept) + (text[place:] if depth == 0 else "")


def _boxes(text: str) -> tuple[list[str], int]:
    """What the outermost closed boxes hold, boxes inside of them taken off, and where the last one ends."""
    openings = {found.end() - 1: found.start() for found in _BOX.finditer(text)}
    closings: dict[int, int] = {}
    waiting: list[int] = []
    place = 0
    while place < len(text) and openings:
        sign = text[place]
        if sign == "\\":
            place += 1
            while place < len(text) and text[place].isalpha():
                place += 1
            place += place < len(text) and not text[place - 1].isalpha() and text[place] in "{}\\"
            continue
        if sign == "{":
            waiting.append(place)
        elif sign == "}" and waiting:
            closings[waiting.pop()] = place
        place += 1
    outermost: list[tuple[int, int]] = []
    inner: set[int] = set()
    end = -1
    for opening in sorted(opening for opening in openings if opening in closings):
        if opening < end:
            inner.update(range(openings[opening], opening + 1), (closings[opening],))
        else:
            end = closings[opening]
            outermost.append((opening + 1, end))
    boxes = ["".join(text[at] for at in range(first, last) if at not in inner) for first, last in outermost]
    return boxes, end + 1


def _tail(tail: str) -> str:
    tail = tail.strip().strip("$.").removesuffix(r"\]").removesuffix(r"\)").strip()
    words = re.findall("[a-z]+", tail.lower())
    plain = _PLAIN_WORDS.issuperset(words) and not re.search(r"\d|\\", tail)
    return "" if plain or len(tail) > MAX_TAIL else f" {tail}"


def _behind_answer_is(text: str) -> str:
    tail = ""
    for found in _ANSWER_IS.finditer(text):
        tail = text[found.end() :]
    return tail if tail.strip(" .*$") else ""


def _undressed(text: str) -> str:
    """Markdown, final stops, and plain words around the answer taken off."""
    text = text.strip().strip("`")
    if text.startswith("**") or text.endswith("**"):
        text = text.strip("*")
    formulas = list(_FORMULA.finditer(text))
    if len(formulas) == 1:
        only = formulas[0]
        around = text[: only.start()] + " " + text[only.end() :]
        if re.fullmatch(r"[A-Za-z\s.,:]*", around) and _PLAIN_WORDS.issuperset(re.findall("[a-z]+", around.lower())):
            text = next(group for group in only.groups() if group is not None)
    text = _WORDS_BEHIND.sub("", _WORDS_BEFORE.sub("", text.strip()))
    return ended(text)


def ended(text: str) -> str:
    """Without a full stop or comma at its end; an ellipsis stays."""
    bare = text.rstrip(" .,;")
    return text if text[len(bare) :].count(".") > 1 else bare
