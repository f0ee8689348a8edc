"""The server under load, as the workloads see it: sends requests, knows the model's limits, reads /control and /proc."""
import asyncio
import json
import time

from load.http import HttpError, body_parts, exchange, read_head, request_bytes
from load.outcome import Outcome
from load.process import rss_bytes
from load.prompts import Prompts
from load.sse import SseParser

NETWORK_ERRORS = (OSError, HttpError, ValueError, asyncio.IncompleteReadError)
PROBE_WORDS = Prompts(0).words(24)


class Server:
    def __init__(self, address, control=None, pid=None, model=None, api_key=None, ignore_eos=True, fields=None):
        self.address, self.control_address, self.pid = address, control, pid
        self.model, self.api_key, self.ignore_eos = model, api_key, ignore_eos
        self.fields = fields or {}   # sent with every request
        self.n_ctx = None            # None: the server does not say
        self.tokens_per_word = 1.5

    async def look(self):
        """Asks for the model's name and context, and what a word costs in tokens."""
        status, _, body = await self.get("/v1/models")
        entry = json.loads(body)["data"][0] if status == 200 else {}
        self.model = self.model or entry.get("id", "default")
        self.n_ctx = (entry.get("meta") or {}).get("n_ctx") or entry.get("max_model_len")
        probe = await self.complete(PROBE_WORDS, 1)
        if probe.error:
            raise SystemExit(f"{self.address} does not answer a small completion: {probe.error}")
        if "prompt_tokens" in probe.usage:
            self.tokens_per_word = probe.usage["prompt_tokens"] / len(PROBE_WORDS.split())

    def fitting(self, n_words, n_tokens, report=None, share=0.8):
        """(n_words, n_tokens), smaller where prompt and answer would not fit into the context. Says so in the report."""
        if not self.n_ctx or n_words * self.tokens_per_word + n_tokens <= self.n_ctx * share:
            return n_words, n_tokens
        room = int(self.n_ctx * share)
        tokens = min(n_tokens, room // 2)
        words = max(1, min(n_words, int((room - tokens) / self.tokens_per_word)))
        tokens = max(1, min(n_tokens, int(room - words * self.tokens_per_word)))
        if report:
            report.note(f"the context of {self.n_ctx} tokens holds {words} words and {tokens} tokens of answer, "
                        f"not {n_words} and {n_tokens}")
        return words, tokens

    def body(self, prompt, max_tokens, stream=True, **fields):
        """The body of a completion, or of a chat if the prompt is a list of messages. Fields of None are left out."""
        body = {"model": self.model, "max_tokens": max_tokens, "stream": stream,
                "messages" if isinstance(prompt, list) else "prompt": prompt, **self.fields, **fields}
        if stream:
            body["stream_options"] = {"include_usage": True}
        if self.ignore_eos:
            body["ignore_eos"] = True
        return json.dumps({name: value for name, value in body.items() if value is not None}).encode()

    def request(self, prompt, max_tokens, key=None, headers=None, keep_alive=False, **fields):
        """The bytes of a whole streaming request."""
        path = "/v1/chat/completions" if isinstance(prompt, list) else "/v1/completions"
        key = key or self.api_key
        all_headers = {**({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})}
        return request_bytes(self.address, "POST", path, self.body(prompt, max_tokens, **fields), all_headers,
                             keep_alive)

    async def complete(self, prompt, max_tokens, outcome=None, stop_after=None, **more):
        """Streams one answer to its end, or to `stop_after` events. Network errors are part of the outcome."""
        request = self.request(prompt, max_tokens, **more)
        outcome = outcome or Outcome(0)
        outcome.sent_at = time.perf_counter()
        writer = None
        try:
            reader, writer = await self.address.connect()
            writer.write(request)
            await self._read(reader, outcome, stop_after)
        except NETWORK_ERRORS as e:
            outcome.failure = f"{type(e).__name__}: {e}"
        except asyncio.CancelledError:
            outcome.aborted = True
            raise
        finally:
            outcome.ended_at = time.perf_counter()
            if writer:
                writer.transport.abort()
        return outcome

    async def _read(self, reader, outcome, stop_after):
        outcome.status, outcome.headers = await read_head(reader)
        if not outcome.headers.get("content-type", "").startswith("text/event-stream"):
            async for part in body_parts(reader, outcome.headers):
                outcome.body += part
            return
        parser, events, now = SseParser(), outcome.events, time.perf_counter
        async for part in body_parts(reader, outcome.headers):
            at = now()
            for payload in parser.feed(part):
                if payload == b"[DONE]":
                    outcome.done = True
                else:
                    events.append((at, payload))
            if stop_after is not None and len(events) >= stop_after:
                outcome.aborted = True
                return

    def start(self, prompt, max_tokens, **more):
        """-> (outcome that fills while the stream runs, its task). Cancelling the task closes the connection."""
        outcome = Outcome(0)
        return outcome, asyncio.create_task(self.complete(prompt, max_tokens, outcome, **more))

    async def get(self, path):
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else None
        return await exchange(self.address, "GET", path, headers=headers)

    async def control(self, path="/control/status"):
        """JSON of quern's control socket; None without one."""
        if not self.control_address:
            return None
        status, _, body = await exchange(self.control_address, "GET", path)
        return json.loads(body) if status == 200 else None

    def rss_bytes(self):
        """Private memory of the server's process; None where its pid is not known."""
        return rss_bytes(self.pid) if self.pid else None
