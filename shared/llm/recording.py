"""What a call's fact keeps of a reply, and how the reply is read back from it: the same after any restart."""

from __future__ import annotations

import json
import logging

from pydantic import BaseModel

from shared.contracts.ask import T
from shared.contracts.call import CallFact
from shared.errors import Refused, TooLong, Unreadable
from shared.llm.bill import RawReply
from shared.llm.reading import closing_json, parse
from shared.llm.thinking import Parts, apart

MAX_FACT_BYTES = 384 * 1024  #: as JSON; NATS takes 1 MB, and headers and the store want some
TAIL_BYTES = 32 * 1024  #: of a reply that is cut, its end is kept: answers stand there
MOST_BYTES = 6  # of a character in JSON
SPARE_BYTES = 4 * 1024  # for what is filled in after the texts
MAX_REPLY_CHARS = 64 * 1024  #: a longer one that cannot be read is not asked for again: it would cost the same
CUT = "\n[… cut …]\n"

BROKEN_OFF = ("length", "content_filter")

log = logging.getLogger(__name__)


def keep(fact: CallFact, raw: RawReply, reply: type[BaseModel] | None) -> CallFact:
    """The fact with the reply's texts, as much of them as has room, and with why it cannot be read, if it cannot."""
    is_none = raw.finish in ("refused", "timeout") or (raw.finish == "error" and not raw.text)
    if reply is None or is_none:
        return _with_texts(fact, raw.text, raw.thinking)
    parts = _apart(raw.text)
    kept = _with_texts(fact, parts.spoken.rstrip(), "\n".join(filter(None, (raw.thinking, parts.thought))))
    unread = _no_answer(raw, parts) or _why_not(kept, reply)
    if unread and raw.finish == "content_filter":
        return kept.model_copy(update={"finish": "refused"})
    if unread and raw.finish != "length":
        for place, text in raw.elsewhere:
            if found := _closing(text, reply):
                return _with_texts(kept, "\n".join(filter(None, (kept.reply, found))), kept.thinking, place)
        if not raw.text.strip() and raw.elsewhere:
            places = " and ".join(name for name, _ in raw.elsewhere)
            unread = f"the reply's content is empty; its text stands in {places}, but does not end with what was asked"
    return kept.model_copy(update={"unread": "" if kept.cut else writable(unread)})


def read(fact: CallFact, reply: type[T]) -> T:
    """Raises Refused, and Unreadable with words for the model; TooLong where it is of no use to ask again."""
    if fact.finish == "refused":
        raise Refused(_declined(fact))
    try:
        if fact.unread:
            raise Unreadable(fact.unread)
        if fact.cut:
            return parse(closing_json(fact.reply.rpartition(CUT)[2], reply), reply)
        return _parsed(fact, reply)
    except Unreadable as error:
        if fact.cut or len(fact.reply) > MAX_REPLY_CHARS:
            raise TooLong(f"the reply is longer than {MAX_REPLY_CHARS} characters: {error}") from None
        raise


def spoken(fact: CallFact) -> str:
    """The plain words of a reply that no shape was asked for. Raises Refused, and Unreadable where there are none."""
    if fact.finish == "refused":
        raise Refused(_declined(fact))
    parts = _apart(fact.reply)
    if parts.unclosed or not parts.spoken.strip():
        raise Unreadable("the reply holds no words" + (" but its thinking" if parts.thought else ""))
    return parts.spoken.strip()


def _declined(fact: CallFact) -> str:
    return f"{fact.model} declined: {fact.reply[:500] or 'no reason given'}"


def writable(text: str) -> str:
    """Without halves of surrogate pairs, as in a text cut within an emoji: nobody after us could write them."""
    return text.encode("utf-8", "replace").decode()


def _apart(text: str) -> Parts:
    try:
        return apart(text)
    except Exception:  # ours; but the reply was paid, and is kept as it came
        log.exception("cannot tell a reply from its thinking")
        return Parts(text)


def _no_answer(raw: RawReply, parts: Parts) -> str:
    if raw.finish == "length" and (parts.unclosed or (raw.thinking and not raw.text.strip())):
        return "the reply broke off while its model was still thinking"
    if parts.unclosed:
        return "the reply's thinking has no end, so there is no answer after it"
    return "the reply holds nothing but its thinking" if parts.thought and not parts.spoken.strip() else ""


def _why_not(fact: CallFact, reply: type[BaseModel]) -> str:
    try:
        read(fact, reply)
    except Unreadable as error:
        return str(error)
    return ""


def _parsed(fact: CallFact, reply: type[T]) -> T:
    try:
        return parse(fact.reply, reply, broke_off=fact.finish in BROKEN_OFF)
    except Unreadable:
        if fact.finish in BROKEN_OFF:
            raise Unreadable("the reply broke off before its end") from None
        raise
    except Exception as error:  # ours; but the reply was paid, and is not to be asked for without end
        log.exception("cannot read a reply", extra={"call": fact.id})
        raise Unreadable(f"the reply cannot be read: {type(error).__name__}") from error


def _closing(text: str, reply: type[BaseModel]) -> str:
    try:
        return closing_json(text, reply)
    except Unreadable:
        return ""
    except Exception:  # as above
        log.exception("cannot read what stands beside a reply")
        return ""


def _with_texts(fact: CallFact, reply: str, thinking: str, place: str = "") -> CallFact:
    """Thinking is cut first, then the middle of the reply."""
    reply, thinking = writable(reply), writable(thinking)
    texts = {"reply": reply, "thinking": thinking, "place": place}
    if MOST_BYTES * sum(map(len, (reply, thinking, fact.system, fact.prompt))) < MAX_FACT_BYTES - SPARE_BYTES:
        return fact.model_copy(update=texts)
    bare = fact.model_copy(update={**texts, "reply": "", "thinking": ""})
    room = MAX_FACT_BYTES - SPARE_BYTES - len(bare.model_dump_json().encode())
    text = _clipped(reply, max(room, TAIL_BYTES))
    thought = _clipped(thinking, max(room - _size(text), 0))
    return bare.model_copy(update={"reply": text, "thinking": thought, "cut": fact.cut or text != reply})


def _clipped(text: str, room: int) -> str:
    """Without its middle where it takes more than `room` bytes as JSON; its end, `TAIL_BYTES` of it, stays."""
    if _size(text) <= room:
        return text
    if room <= _size(CUT):
        return ""
    end = _shortened(text[::-1], min(TAIL_BYTES, room) - _size(CUT))[::-1]
    return _shortened(text[: len(text) - len(end)], room - _size(end) - _size(CUT)) + CUT + end


def _shortened(text: str, room: int) -> str:
    text = text[: max(room, 0)]
    while (size := _size(text)) > room and text:
        text = text[: len(text) * max(room, 0) // size]
    return text


def _size(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2
