"""Decoder of HTTP/1.1 chunked bodies (RFC 9112, 7.1). Sans-io: bytes in, body bytes out; any split of the input is fine."""

MAX_SIZE_LINE = 1024  # a server that sends no line break is an error, not a growing buffer


class ChunkDecoder:
    def __init__(self):
        self.done = False     # the last chunk and its trailer have been seen
        self._rest = b""      # of a line that has not ended yet
        self._left = 0        # bytes of the current chunk that are still to come
        self._state = "size"  # size -> data -> end -> size ... -> trailer

    def feed(self, data):
        """Returns the body bytes in `data`. Errors: ValueError for what is not chunked coding."""
        if self._rest:
            data, self._rest = self._rest + data, b""
        body, at = [], 0
        while at < len(data) and not self.done:
            if self._state == "data":
                part = data[at:at + self._left]
                body.append(part)
                at += len(part)
                self._left -= len(part)
                if self._left == 0:
                    self._state = "end"
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._rest = data[at:]
                if len(self._rest) > MAX_SIZE_LINE:
                    raise ValueError("chunked body: a line without end")
                break
            self._line(data[at:end].rstrip(b"\r"))
            at = end + 1
        return body[0] if len(body) == 1 else b"".join(body)

    def _line(self, line):
        if self._state == "size":
            digits = line.split(b";", 1)[0].strip()
            if not digits or digits.strip(b"0123456789abcdefABCDEF"):
                raise ValueError(f"chunked body: want a size, found {line[:40]!r}")
            self._left = int(digits, 16)
            self._state = "data" if self._left else "trailer"
        elif self._state == "end":
            if line:
                raise ValueError(f"chunked body: want the end of a chunk, found {line[:40]!r}")
            self._state = "size"
        elif not line:  # the trailer ends with an empty line
            self.done = True
