"""HTTP/1.1 over TCP and Unix sockets, one request per connection: the request's bytes, the head of the reply, its body."""
import asyncio
import socket

from load.chunked import ChunkDecoder

READ_BYTES = 64 << 10
MAX_HEAD_BYTES = 64 << 10


class HttpError(Exception):
    """The peer does not speak HTTP, or hung up in mid-reply."""


class Address:
    """Where a server listens: Address.tcp(host, port) or Address.unix(path)."""

    def __init__(self, family, target, name):
        self.family, self.target, self.name = family, target, name

    @staticmethod
    def tcp(host, port):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return Address(family, (host, port), f"[{host}]:{port}" if ":" in host else f"{host}:{port}")

    @staticmethod
    def unix(path):
        return Address(socket.AF_UNIX, path, "localhost")

    def __str__(self):
        return f"unix:{self.target}" if self.family == socket.AF_UNIX else f"http://{self.name}"

    async def connect(self):
        """-> (reader, writer). A Unix socket whose backlog is full refuses at once; it is asked again."""
        loop = asyncio.get_running_loop()
        sock = socket.socket(self.family, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            if self.family == socket.AF_UNIX:
                while True:
                    try:
                        sock.connect(self.target)
                        break
                    except BlockingIOError:
                        await asyncio.sleep(0.002)
            else:
                await loop.sock_connect(sock, self.target)
            return await asyncio.open_connection(sock=sock)
        except BaseException:
            sock.close()
            raise


def request_bytes(address, method, path, body=b"", headers=None, keep_alive=False):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {address.name}"] + ([] if keep_alive else ["Connection: close"])
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def parse_head(head):
    """b"HTTP/1.1 200 OK\\r\\nName: value..." -> (200, {"name": "value"})."""
    first, *lines = head.decode("latin-1").split("\r\n")
    parts = first.split(" ", 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
        raise HttpError(f"want a status line, found {first[:60]!r}")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(parts[1]), headers


async def read_head(reader):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as e:
        raise HttpError(f"closed after {len(e.partial)} bytes of the reply's head") from None
    except asyncio.LimitOverrunError:
        raise HttpError("the reply's head is too long") from None
    return parse_head(head[:-4])


async def body_parts(reader, headers):
    """Yields the body as it arrives. Errors: HttpError where it ends early."""
    if "chunked" in headers.get("transfer-encoding", ""):
        decoder = ChunkDecoder()
        while not decoder.done:
            data = await reader.read(READ_BYTES)
            if not data:
                raise HttpError("closed in the middle of a chunked body")
            part = decoder.feed(data)
            if part:
                yield part
        return
    left = int(headers["content-length"]) if "content-length" in headers else None
    while left is None or left > 0:
        data = await reader.read(READ_BYTES)
        if not data:
            if left:
                raise HttpError(f"closed {left} bytes before the end of the body")
            return
        left = None if left is None else left - len(data)
        yield data


async def exchange(address, method, path, body=b"", headers=None):
    """One request, the whole reply: (status, headers, body)."""
    reader, writer = await address.connect()
    try:
        writer.write(request_bytes(address, method, path, body, headers))
        status, reply_headers = await read_head(reader)
        parts = [] if method == "HEAD" else [part async for part in body_parts(reader, reply_headers)]
        return status, reply_headers, b"".join(parts)
    finally:
        writer.transport.abort()
