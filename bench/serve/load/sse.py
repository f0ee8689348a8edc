"""Parser of server-sent events, as far as OpenAI's streams use them. Sans-io: bytes in, `data` payloads out.

Line ends are LF or CRLF. Comments (": ping") are counted, other fields than `data` are skipped. Payloads stay bytes: to
read JSON while the clock runs would cost more than all the rest.
"""


class SseParser:
    def __init__(self):
        self.n_comments = 0
        self._rest = b""

    def feed(self, data):
        """Returns the payloads of the events that `data` completes."""
        data = self._rest + data
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        blocks = data.split(b"\n\n")
        self._rest = blocks.pop()
        payloads = []
        for block in blocks:
            if block.startswith(b"data: ") and b"\n" not in block:  # nearly every event
                payloads.append(block[6:])
            else:
                self._fields(block, payloads)
        return payloads

    def _fields(self, block, payloads):
        lines = []
        for line in block.split(b"\n"):
            if line.startswith(b":"):
                self.n_comments += 1
            elif line.startswith(b"data:"):
                lines.append(line[6:] if line.startswith(b"data: ") else line[5:])
        if lines:
            payloads.append(b"\n".join(lines))
