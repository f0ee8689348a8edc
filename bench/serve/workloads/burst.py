"""300 requests at once where there is room for 16: nothing but 200 and 429, every admitted one completes, memory is bounded.

All connections are opened and sent as fast as the client can. Counted: replies by status, how many 429 carry Retry-After,
the server's private memory before and at its peak (needs --pid or --spawn). The server of --spawn runs 8 requests and queues
8; fewer than 16 admitted per burst means that it refuses while it has room.
"""
import asyncio
import time
from collections import Counter

from load.memory import MemorySampler
from load.prompts import Prompts

SERVER = {"--parallel": "8", "--queue-capacity": "8"}


def add_options(parser):
    parser.add_argument("--requests", type=int, default=300, help="[300]")
    parser.add_argument("--room", type=int, default=16, help="that the server has: running and waiting [16]")
    parser.add_argument("--words", type=int, default=30, help="of each prompt [30]")
    parser.add_argument("--max-tokens", type=int, default=32, help="[32]")
    parser.add_argument("--rounds", type=int, default=2, help="bursts, one after the other [2]")


async def run(server, options, report):
    n_words, n_tokens = server.fitting(options.words, options.max_tokens, report)
    prompts = Prompts(options.seed)
    outcomes = []
    begin = time.perf_counter()
    async with MemorySampler(server, every_s=0.1) as memory:
        for _ in range(options.rounds):
            outcomes += await asyncio.gather(*(server.complete(prompts.words(n_words), n_tokens, seed=i)
                                               for i in range(options.requests)))
    admitted = [o for o in outcomes if o.status == 200]
    refused = [o for o in outcomes if o.status == 429]
    report.outcomes(admitted, time.perf_counter() - begin)
    statuses = Counter(o.status for o in outcomes)
    report.value("admitted", len(admitted), at_least=options.room * options.rounds)
    for status in sorted({200, 429} | set(statuses)):
        report.value(f"status_{status}" if status else "no_reply", statuses[status])
    report.latencies("refusal", [o.ended_at - o.sent_at for o in refused])
    n_retry_after = sum("retry-after" in o.headers for o in refused)
    memory.describe(report)
    report.count_errors(o for o in outcomes if o.status not in (200, 429))
    report.check("nothing but 200 and 429", set(statuses) <= {200, 429}, dict(statuses))
    report.check("every admitted request completes", all(o.complete for o in admitted))
    report.check("somebody is admitted", bool(admitted))
    report.check("every 429 says Retry-After", n_retry_after == len(refused), f"{n_retry_after} of {len(refused)}")
