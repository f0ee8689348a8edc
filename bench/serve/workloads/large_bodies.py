"""8 connections that send bodies of 8 MB without a pause: what /health and running streams feel, and what memory it takes.

The bodies are one long prompt, a prompt of token ids, and a chat of very many text parts; whether the server answers 200,
400 or 429 is its own affair. They are sent by a process of their own, so that the client that measures is not held up by
them. Memory: growth of private memory beside the growth of what the server's budget says (needs --spawn, or --socket and
--pid), both sampled.
"""
import asyncio
import multiprocessing
import socket
import threading
import time
from collections import Counter

from load.http import exchange, request_bytes
from load.memory import MemorySampler
from load.prompts import Prompts
from load.stats import percentile

SERVER = {}
SLACK_BYTES = 64 << 20  # of the allocator, and of what samples miss


def add_options(parser):
    parser.add_argument("--connections", type=int, default=8, help="that send bodies [8]")
    parser.add_argument("--mb", type=float, default=8, help="of each body, in MB (2^20), a little less [8]")
    parser.add_argument("--seconds", type=float, default=20, help="of measuring [20]")
    parser.add_argument("--every", type=float, default=0.01, help="seconds between two questions for /health [0.01]")
    parser.add_argument("--streams", type=int, default=2, help="that run meanwhile [2]")


def bodies(n_bytes):
    n_bytes -= 1000
    text = b'{"max_tokens":1,"prompt":"' + b"word " * (n_bytes // 5) + b'"}'
    ids = b'{"max_tokens":1,"prompt":[' + b"1," * (n_bytes // 2) + b"1]}"
    part = b'{"type":"text","text":"a"},'
    parts = b'{"max_tokens":1,"messages":[{"role":"user","content":[' + part * (n_bytes // len(part))
    return [("/v1/completions", text), ("/v1/completions", ids), ("/v1/chat/completions", parts[:-1] + b"]}]}")]


def send_bodies(address, requests, n_connections, stop, statuses):
    """A process of its own: one thread per connection, each request on a fresh one."""
    def ask(which):
        while not stop.is_set():
            request = requests[which % len(requests)]
            which += 1
            try:
                with socket.socket(address.family, socket.SOCK_STREAM) as connection:
                    connection.settimeout(120)
                    connection.connect(address.target)
                    connection.sendall(request)
                    statuses.put(int(connection.recv(65536).split(b" ", 2)[1]))
            except (OSError, ValueError, IndexError) as e:
                statuses.put(type(e).__name__)
    threads = [threading.Thread(target=ask, args=(i,), daemon=True) for i in range(n_connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


async def budget_peak(server, peak):
    """Keeps the largest number of bytes that the server's budget says are used; -> never."""
    while True:
        memory = await server.control("/control/memory")
        if memory:
            peak.append(memory["used_bytes"])
        await asyncio.sleep(0.02)


async def health(server, seconds, every_s):
    times, bad, end = [], [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        status, _, _ = await exchange(server.address, "GET", "/health")
        times.append(time.perf_counter() - begin)
        if status != 200:
            bad.append(status)
        await asyncio.sleep(every_s)
    return times, bad


async def saturate(server, prompts, n_words, n_tokens, outcomes):
    while True:
        outcomes.append((await server.complete(prompts.words(n_words), n_tokens)))


async def run(server, options, report):
    n_words, n_tokens = server.fitting(30, 200, report)
    prompts, outcomes = Prompts(options.seed), []
    idle, _ = await health(server, min(3, options.seconds), options.every)
    requests = [request_bytes(server.address, "POST", path, body) for path, body in bodies(int(options.mb * 2**20))]
    streams = [asyncio.create_task(saturate(server, prompts, n_words, n_tokens, outcomes)) for _ in range(options.streams)]
    await asyncio.sleep(1)
    streaming, _ = await health(server, min(3, options.seconds), options.every)
    used = []
    sampling = asyncio.create_task(budget_peak(server, used))
    before = await server.control("/control/memory")
    stop, statuses = multiprocessing.Event(), multiprocessing.Queue()
    sender = multiprocessing.Process(target=send_bodies,
                                     args=(server.address, requests, options.connections, stop, statuses))
    async with MemorySampler(server, every_s=0.02) as memory:
        sender.start()
        times, bad = await health(server, options.seconds, options.every)
        stop.set()
        counts = Counter()
        while sender.is_alive() or not statuses.empty():
            while not statuses.empty():
                counts[statuses.get()] += 1
            await asyncio.sleep(0.05)
        sender.join()
    for task in (*streams, sampling):
        task.cancel()
    await asyncio.gather(*streams, sampling, return_exceptions=True)
    report.outcomes(outcomes, options.seconds)
    for name, values in (("idle", idle), ("streams_alone", streaming), ("bodies", times)):
        report.value(f"health_{name}_p50", (percentile(values, 50) or 0) * 1e3, "ms")
        report.value(f"health_{name}_p99", (percentile(values, 99) or 0) * 1e3, "ms",
                     at_most=20 if name == "bodies" else None)
        report.value(f"health_{name}_max", (percentile(values, 100) or 0) * 1e3, "ms")
    for status, n in sorted(counts.items(), key=str):
        report.value(f"bodies_{status}", n)
    memory.describe(report)
    if before and memory.samples:
        growth = max(rss for _, rss in memory.samples) - memory.samples[0][1]
        counted = max(used) - before["used_bytes"]
        report.value("rss_growth", growth / 2**20, "MiB", at_most=(counted + SLACK_BYTES) / 2**20)
        report.value("budget_growth", counted / 2**20, "MiB")
        after = await server.control("/control/memory")
        report.check("the budget is as before", after.get("requests_bytes", 0) == 0, after)
    report.check("every question is answered with 200", not bad, bad[:3])
    report.check("somebody's body is answered", any(isinstance(status, int) for status in counts), dict(counts))
    report.check("nothing but 200, 400 and 429", set(counts) <= {200, 400, 429}, dict(counts))
