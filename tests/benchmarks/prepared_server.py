"""PREPARED REPLIES, FOR BENCHMARKS ONLY. Nothing here solves, reviews or writes anything.

The solving simulator eats the cores that a benchmark wants to measure. This server speaks the same wire (OpenAI's) and
answers from text made beforehand, for as little CPU a call as it can: 0.05 ms on asyncio as it comes. What it says
fits together, so that a pipeline runs its true course: a problem carries a number k and asks for 7*k + 3, the
re-solve (model `prepared`) finds k in the request and is right, the target (`prepared-target`) says 7*k + 4, or with
`--accept 0.5` the right answer for every second k. Embeddings (`prepared-embed`) are random vectors of 64 numbers,
prepared too, of which no two are as near as 0.82. A text about a product carries such a number too and has its other
words out of a hat.

    python -m tests.benchmarks.prepared_server [--port 0] [--latency SECONDS] [--accept SHARE]

prints `PORT n`. GET /count: calls answered; GET /cpu: its own CPU seconds; GET /: what it is.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import json
import signal
import socket
import time
from functools import partial

import numpy as np

from tests.benchmarks.prepared_texts import TEXTS, texts

WARNING = "PREPARED REPLIES, FOR BENCHMARKS ONLY: this server computes nothing and is no model."

DIMENSIONS = 64
VECTORS = 20_480
MARK = b"for k = "  # what a request's k stands after

STATEMENT = (
    "A workshop numbers its crates from 1 onwards without a gap. Into the crate with number k it puts seven glass "
    "marbles for each unit of k, and afterwards three more marbles as a reserve against breakage, so that the "
    "content of a crate depends on its number alone. Crates are never opened again, no marble is taken out, and "
    "the marbles of different crates are never mixed. An inspector walks along the row, stops in front of one "
    "crate, reads its number, and writes down how many marbles there must be inside. Compute 7*k + 3 for k = {k}. "
    "Give the answer as a single whole number in decimal notation, without separators, units or further words."
)
HINTS = (
    "The content of a crate depends on its number alone: write it as a linear expression in k.",
    "Multiply the crate's number by seven before anything is added.",
    "Three more marbles go into every crate as a reserve, whatever its number is.",
)

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
LENGTH_REQUIRED = b"HTTP/1.1 411 Length Required\r\nContent-Length: %d\r\n\r\n%b"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"


def packed(body: bytes, head: bytes = HEAD) -> bytes:
    return head % (len(body), body)


def chat_body(content: object) -> bytes:
    """A whole chat reply around this content, which goes in as JSON text."""
    text = json.dumps(content)
    return json.dumps(
        {
            "id": "chatcmpl-prepared",
            "object": "chat.completion",
            "created": 1_735_689_600,
            "model": "prepared",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text, "refusal": None},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": 400,
                "completion_tokens": max(1, len(text) // 4),
                "total_tokens": 400 + max(1, len(text) // 4),
            },
        }
    ).encode()


# what each reply's own values are put in place of; of the same length, so that no Content-Length changes
K, ANSWER = "1234567", "98765432"


def template(content: object) -> bytes:
    """A whole reply with `%(k)b` and `%(answer)b` where k and the answer go."""
    whole = packed(chat_body(content)).replace(b"%", b"%%")
    return whole.replace(K.encode(), b"%(k)b").replace(ANSWER.encode(), b"%(answer)b")


class Replies:
    """All that is ever said. k has seven digits and an answer eight."""

    FIRST = 1_430_000  # 7 * k + 3 has eight digits from here on

    def __init__(self, accept: float = 1.0, seed: int = 1) -> None:
        """`accept`: the share of problems that the target gets wrong, spread evenly over k."""
        self.solves = 1.0 - accept
        self.k = self.FIRST
        written = {
            "subject": "Algebra",
            "topic": "Linear Equations",
            "problem": STATEMENT.format(k=K),
            "answer": ANSWER,
            "hints": list(HINTS),
        }
        confirmed = {"valid": True, "reason_code": "", "reason": "It is 7*k + 3 indeed.", "corrected_hints": None}
        self.written = template(written)
        self.solved = template({"answer": ANSWER})
        self.reviewed = packed(chat_body(confirmed))
        self.judged = packed(chat_body({"equivalent": False, "confidence": 0.99, "reason": "They differ."}))
        self.texts = [template(text) for text in texts(K, seed)]
        rating = {"reasoning": "It reads well.", "coherence": 0.9, "relevance": 0.9, "grammar": 0.9}
        self.rated = packed(chat_body(rating))
        self.vectors = [packed(body) for body in embedding_bodies(seed)]

    def to(self, request: bytes) -> bytes:
        """The reply to a request's body, by what stands in it."""
        if b'"prepared-embed"' in request:
            return self.vectors[number_in(request) % VECTORS]
        if b"</candidate>" in request:
            return self.judged
        if b"</hints>" in request:
            return self.reviewed
        if b"</problem>" in request:
            k = number_in(request)
            wrong = b'"prepared-target"' in request and not self.target_solves(k)
            return self.solved % {b"answer": b"%d" % (7 * k + (4 if wrong else 3))}
        if b"</text>" in request:
            return self.rated
        self.k = k = self.k + 1
        if b"</product>" in request:
            return self.texts[k % TEXTS] % {b"k": b"%d" % k}
        return self.written % {b"k": b"%d" % k, b"answer": b"%d" % (7 * k + 3)}

    def target_solves(self, k: int) -> bool:
        return int(k * self.solves) != int((k - 1) * self.solves)


def number_in(request: bytes) -> int:
    """The request's k; 0 where it has none."""
    at = request.find(MARK)
    return int(request[at + len(MARK) : at + len(MARK) + 7]) if at >= 0 else 0


def embedding_bodies(seed: int) -> list[bytes]:
    """Random directions: in 64 dimensions the chance that any two of 20,480 come as near as 0.82 is below 1e-6."""
    vectors = np.random.default_rng(seed).standard_normal((VECTORS, DIMENSIONS)).astype("<f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    start = b'{"object":"list","data":[{"object":"embedding","index":0,"embedding":"'
    end = b'"}],"model":"prepared-embed","usage":{"prompt_tokens":150,"total_tokens":150}}'
    return [start + base64.b64encode(vector.tobytes()) + end for vector in vectors]


class Server:
    """What all connections share. `latency`: seconds a call."""

    def __init__(self, replies: Replies, latency: float) -> None:
        self.replies = replies
        self.latency = latency
        self.answered = 0
        self.loop = asyncio.get_running_loop()

    def get(self, path: bytes) -> bytes:
        """Counts are bare JSON numbers."""
        if path == b"/count":
            return packed(b"%d" % self.answered)
        if path == b"/cpu":
            return packed(b"%.6f" % time.process_time())
        if path == b"/v1/models":
            names = ("prepared", "prepared-target", "prepared-embed")
            data = [{"id": name, "object": "model", "created": 0, "owned_by": "prepared-replies"} for name in names]
            return packed(json.dumps({"object": "list", "data": data}).encode())
        if path in (b"/", b"/healthz"):
            return packed(json.dumps({"prepared": True, "warning": WARNING}).encode())
        return packed(b'{"error":{"message":"not here","type":"invalid_request_error"}}', NOT_FOUND)


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, as much of it as the SDKs' clients speak: bodies with a Content-Length."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self.waiting = data = self.waiting + data if self.waiting else data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            head = data[:end].lower() + b"\r\n"
            at = head.find(b"\r\ncontent-length:")
            if at < 0 and head.startswith(b"post"):
                self.transport.write(packed(b"", LENGTH_REQUIRED))
                self.transport.close()
                return
            size = int(head[at + 17 : head.find(b"\r\n", at + 17)]) if at >= 0 else 0
            whole = end + 4 + size
            if len(data) < whole:
                return
            body = data[end + 4 : whole]
            self.waiting = data = data[whole:]
            self.answer(head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        server = self.server
        if not head.startswith(b"post"):
            self.transport.write(server.get(head.split(b" ", 2)[1]))
        elif server.latency:
            server.loop.call_later(server.latency, self.reply, body)
        else:
            self.reply(body)

    def reply(self, body: bytes) -> None:
        if not self.transport.is_closing():
            self.server.answered += 1
            self.transport.write(self.server.replies.to(body))


async def serve(port: int, latency: float, accept: float) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = Server(Replies(accept), latency)
    listening = await loop.create_server(partial(Connection, server), "127.0.0.1", port, backlog=1024)
    gc.freeze()  # what was made so far stays; the collector need not walk it again
    print(WARNING)
    print(f"PORT {listening.sockets[0].getsockname()[1]}", flush=True)
    await stopped.wait()
    listening.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=WARNING)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds a call")
    parser.add_argument("--accept", type=float, default=1.0, help="share of problems that the target gets wrong")
    args = parser.parse_args()
    asyncio.run(serve(args.port, args.latency, args.accept))


if __name__ == "__main__":
    main()
