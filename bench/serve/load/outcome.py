"""What became of one streamed request: times of its events, and, read after the clock has stopped, their content.

Times are seconds of time.perf_counter(). TTFT = first event with text - moment before connecting. A gap = time between
two events with text of one stream, as the client sees them: two that arrive in one read are 0 apart. Tokens are what
`usage` says, else the number of events with text.
"""
import json

FINISHED = {"stop", "length", "tool_calls"}  # any other finish_reason means that somebody or something ended it


class Outcome:
    def __init__(self, sent_at):
        self.sent_at = sent_at
        self.ended_at = None
        self.status = 0      # 0: no reply
        self.headers = {}
        self.events = []     # (time, payload) of every event but [DONE]
        self.body = b""      # of a reply that is no event stream
        self.done = False    # [DONE] was seen
        self.aborted = False  # by us
        self.failure = None  # text: what went wrong on the connection
        self._n_parsed = 0
        self._content = {}   # choice index -> [text]
        self._tokens = {}    # choice index -> [token text], where the server gives logprobs
        self._times = []
        self._reasons = []
        self._usage = None
        self._error = None

    def _parse(self):
        for at, payload in self.events[self._n_parsed:]:
            event = json.loads(payload)
            if event.get("error"):
                self._error = event["error"]
            self._usage = event.get("usage") or self._usage
            for choice in event.get("choices") or []:
                self._read_choice(at, choice)
        self._n_parsed = len(self.events)
        return self

    def _read_choice(self, at, choice):
        index, delta = choice.get("index", 0), choice.get("delta") or {}
        text = (choice.get("text") or "") + (delta.get("reasoning_content") or "") + (delta.get("content") or "")
        if text:
            self._times.append(at)
            self._content.setdefault(index, []).append(text)
        tokens = (choice.get("logprobs") or {}).get("tokens")
        if tokens:
            self._tokens.setdefault(index, []).extend(tokens)
        if choice.get("finish_reason"):
            self._reasons.append(choice["finish_reason"])

    @property
    def text_times(self):
        return self._parse()._times

    @property
    def text(self):
        return "".join(self._parse()._content.get(0, []))

    @property
    def all_text(self):
        return "\n".join("".join(parts) for parts in self._parse()._content.values())

    @property
    def tokens(self):
        return self._parse()._tokens.get(0)

    @property
    def finish_reasons(self):
        return self._parse()._reasons

    @property
    def usage(self):
        return self._parse()._usage or {}

    @property
    def cached_tokens(self):
        return (self.usage.get("prompt_tokens_details") or {}).get("cached_tokens")

    @property
    def n_tokens(self):
        return self.usage.get("completion_tokens", len(self.text_times))

    @property
    def ttft_s(self):
        return self.text_times[0] - self.sent_at if self.text_times else None

    @property
    def gaps_s(self):
        times = self.text_times
        return [b - a for a, b in zip(times, times[1:])]

    @property
    def complete(self):
        """A 200 that was finished the way it should."""
        return (self.status == 200 and self.done and self.error is None
                and bool(self.finish_reasons) and set(self.finish_reasons) <= FINISHED)

    @property
    def refused(self):
        """Too much to do: a status of its own, or, once it has waited so long that the head was sent, an event."""
        late = (self._parse()._error or {}).get("type") == "rate_limit_error" and not self._times
        return self.status == 429 or late

    def _message(self):
        try:
            return json.loads(self.body)["error"]["message"]
        except (ValueError, KeyError, TypeError):
            return self.body[:200].decode(errors="replace")

    @property
    def error(self):
        """None, or in a few words what is wrong."""
        if self.failure:
            return self.failure
        if self.aborted and self.status in (0, 200):
            return None
        if self._parse()._error:
            return f"in mid-stream: {self._error.get('message', self._error)}"
        if self.status != 200:
            return f"{self.status}: {self._message()}"
        return None if self.done else "the stream ended without [DONE]"
