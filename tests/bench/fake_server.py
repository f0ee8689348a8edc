"""An HTTP server in the test's own event loop that answers with the bytes it is told, in the pieces it is told."""
import asyncio
import json
import os
import tempfile

from load.http import Address


def event(**fields):
    return b"data: " + json.dumps(fields).encode() + b"\n\n"


def text_event(text, reason=None):
    return event(choices=[{"index": 0, "text": text, "finish_reason": reason}])


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class FakeServer:
    """pieces: what every request is answered with, written one by one; a number is a pause in seconds."""

    def __init__(self, pieces, unix=False):
        self.pieces, self.unix = pieces, unix
        self.requests = []
        self.n_hung_up = 0  # clients that left before the end
        self.tasks = set()

    async def __aenter__(self):
        if self.unix:
            self.folder = tempfile.TemporaryDirectory(prefix="quern-fake-")
            path = os.path.join(self.folder.name, "s")
            self.server = await asyncio.start_unix_server(self._serve, path)
            self.address = Address.unix(path)
        else:
            self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.address = Address.tcp("127.0.0.1", self.server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks)
        await self.server.wait_closed()
        if self.unix:
            self.folder.cleanup()

    async def _serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = [int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            self.requests.append((head, await reader.readexactly(length[0]) if length else b""))
            for piece in self.pieces:
                if isinstance(piece, bytes):
                    writer.write(piece)
                    await writer.drain()
                else:
                    await asyncio.sleep(piece)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.n_hung_up += 1
        except asyncio.CancelledError:
            pass  # the test is over
        writer.close()
