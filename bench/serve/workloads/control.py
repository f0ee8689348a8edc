"""Latency of /health, /metrics and the control socket while the server is saturated, and before.

Streams keep the engine busy all the time. Each endpoint is asked in turn on a fresh connection, at a fixed pace; a reply
counts from before connecting to its last byte. /control needs --socket or --spawn.
"""
import asyncio
import time

from load.http import exchange
from load.outcome import Outcome
from load.prompts import Prompts
from load.stats import percentile

SERVER = {}


def add_options(parser):
    parser.add_argument("--streams", type=int, default=16, help="that saturate the server [16]")
    parser.add_argument("--seconds", type=float, default=15, help="of measuring under load [15]")
    parser.add_argument("--every", type=float, default=0.02, help="seconds between two questions [0.02]")
    parser.add_argument("--words", type=int, default=60, help="of the streams' prompts [60]")
    parser.add_argument("--max-tokens", type=int, default=100, help="of the streams' answers [100]")


async def ask(server, seconds, every_s):
    """-> {endpoint: [seconds]}, [statuses other than 200]."""
    endpoints = [(server.address, "/health"), (server.address, "/metrics")]
    if server.control_address:
        endpoints += [(server.control_address, "/control/status"), (server.control_address, "/control/requests")]
    times, bad = {path: [] for _, path in endpoints}, []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for address, path in endpoints:
            begin = time.perf_counter()
            status, _, _ = await exchange(address, "GET", path)
            times[path].append(time.perf_counter() - begin)
            if status != 200:
                bad.append(f"{path}: {status}")
            await asyncio.sleep(every_s)
    return times, bad


async def saturate(server, prompts, n_words, n_tokens, outcomes):
    while True:
        outcome = Outcome(0)
        outcomes.append(outcome)  # now: what it has when it is cut off at the end counts too
        await server.complete(prompts.words(n_words), n_tokens, outcome)
        if outcome.status != 200:
            await asyncio.sleep(0.1)


async def run(server, options, report):
    n_words, n_tokens = server.fitting(options.words, options.max_tokens, report)
    idle, bad_idle = await ask(server, min(2, options.seconds), options.every)
    prompts, outcomes = Prompts(options.seed), []
    load = [asyncio.create_task(saturate(server, prompts, n_words, n_tokens, outcomes)) for _ in range(options.streams)]
    await asyncio.sleep(min(1, options.seconds / 4))
    busy, bad = await ask(server, options.seconds, options.every)
    for task in load:
        task.cancel()
    await asyncio.gather(*load, return_exceptions=True)
    report.outcomes(outcomes, options.seconds)
    for path in busy:
        name = path.strip("/").replace("/", "_")
        report.value(f"{name}_idle_p50", (percentile(idle[path], 50) or 0) * 1e3, "ms")
        report.value(f"{name}_p50", (percentile(busy[path], 50) or 0) * 1e3, "ms")
        report.value(f"{name}_p99", (percentile(busy[path], 99) or 0) * 1e3, "ms", at_most=20)
        report.value(f"{name}_max", (percentile(busy[path], 100) or 0) * 1e3, "ms")
    if not server.control_address:
        report.note("no --socket: /control was not asked")
    report.check("every question is answered with 200", not bad and not bad_idle, ", ".join((bad + bad_idle)[:3]))
