"""What quern adds to a stream that comes from another server: quern in front of a scripted upstream on this machine.

Every event of the upstream carries the time at which it was sent; a client beside it takes the time at which it came,
once directly and once through quern, in turns. Then clients leave in mid-stream, and the time until the upstream sees
it is taken. Prints medians over rounds, and the bars.

    python3 bench/remote/run.py [--quern build/release/quern] [--streams 64] [--events 100] [--rounds 5] [--leave 200]
"""
import argparse
import asyncio
import json
import os
import re
import statistics
import subprocess
import time

PERIOD_S = 0.02  # between two events of a stream


class Upstream:
    """Speaks OpenAI's stream; notes when a client has gone."""

    def __init__(self, n_events):
        self.n_events, self.gone = n_events, {}

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head, re.I)
                body = json.loads(await reader.readexactly(int(length[1]))) if length else {}
                text = json.dumps(body)
                tag = re.search(r"tag-\w+", text)
                await self.answer(reader, writer, tag[0] if tag else "")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, reader, writer, tag):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        leaving = asyncio.ensure_future(reader.read(1))
        endless = tag.startswith("tag-leave")
        i = 0
        while endless or i < self.n_events:
            done, _ = await asyncio.wait({leaving}, timeout=PERIOD_S)
            if done:
                self.gone[tag] = time.monotonic()
                raise ConnectionResetError
            send(writer, {"choices": [{"index": 0, "delta": {"content": f"{time.monotonic():.6f} "}}]})
            i += 1
        leaving.cancel()
        try:
            await leaving
        except asyncio.CancelledError:
            pass
        send(writer, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        data = b"data: [DONE]\n\n"
        writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))


def send(writer, event):
    data = b"data: " + json.dumps(event).encode() + b"\n\n"
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


async def request(port, tag):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": tag}]}).encode()
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def stream(port, tag, late):
    """Adds how late each event came, in ms."""
    reader, writer = await request(port, tag)
    while True:
        line = await reader.readline()
        now = time.monotonic()
        if b"[DONE]" in line or not line:
            break
        for sent in re.findall(rb'"content":\s*"([\d.]+) "', line):
            late.append((now - float(sent)) * 1000)
    writer.close()


async def all_streams(port, n):
    late = []
    await asyncio.gather(*(stream(port, f"tag-{i}", late) for i in range(n)))
    return late


async def leave(port, upstream, i):
    """ms until the upstream knows that the client has left."""
    tag = f"tag-leave{i}"
    reader, writer = await request(port, tag)
    for _ in range(3):
        await reader.readline()
    left = time.monotonic()
    writer.transport.abort()
    while tag not in upstream.gone:
        await asyncio.sleep(0.0005)
    return (upstream.gone[tag] - left) * 1000


def quantile(values, q):
    values = sorted(values)
    return values[min(int(q * len(values)), len(values) - 1)]


async def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quern", default="build/release/quern")
    for name, default in (("streams", 64), ("events", 100), ("rounds", 5), ("leave", 200)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    upstream = Upstream(options.events)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    far = server.sockets[0].getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("QUERN_")}
    near_process = subprocess.Popen([options.quern, "serve", "--port", "0", "--socket", "none", "--remote",
                                     f"m=http://127.0.0.1:{far}/v1"], stdout=subprocess.PIPE, text=True,
                                    stderr=subprocess.DEVNULL, env=environment)
    try:
        near = int(re.search(r":(\d+)", near_process.stdout.readline())[1])
        await all_streams(near, options.streams)
        added = []
        print(f"{options.streams} streams of {options.events} events, ms from the upstream's send to the client")
        print(f"{'direct p50':>12} {'p99':>8} {'quern p50':>12} {'p99':>8} {'added p50':>12}")
        for _ in range(options.rounds):
            direct = await all_streams(far, options.streams)
            through = await all_streams(near, options.streams)
            added.append(statistics.median(through) - statistics.median(direct))
            print(f"{statistics.median(direct):12.3f} {quantile(direct, .99):8.3f} {statistics.median(through):12.3f}"
                  f" {quantile(through, .99):8.3f} {added[-1]:12.3f}")
        expected = options.streams * options.events
        print(f"added p50, median of {options.rounds} rounds: {statistics.median(added):.3f} ms (wanted: 1);"
              f" events {len(through)} of {expected}")
        times = [await leave(near, upstream, i) for i in range(options.leave)]
        print(f"{options.leave} clients left: the upstream knew after p50 {statistics.median(times):.2f} ms,"
              f" p99 {quantile(times, .99):.2f}, max {max(times):.2f} (wanted: 100)")
    finally:
        near_process.terminate()
        near_process.wait()
        near_process.stdout.close()
        server.close()


asyncio.run(main())
