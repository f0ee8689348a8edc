"""As many readers of one byte per 5 s as the server has places: do the others get any?

The crawlers ask for long answers with a tiny receive buffer and take one byte every --interval seconds. Once all their
requests are parked, light users ask short questions. Reported: the light users' TTFT, and when the last crawler was
dropped, against the server's window (--write-timeout). The server of --spawn has four places and a window of 20 s.
"""
import asyncio
import time

from load.prompts import Prompts
from load.sleepers import Sleepers

WINDOW_S = 20
SERVER = {"--parallel": "4", "--max-backlog": "4K", "--stream-capacity": "16", "--write-timeout": f"{WINDOW_S}s"}


def add_options(parser):
    parser.add_argument("--crawlers", type=int, default=4, help="[4]")
    parser.add_argument("--interval", type=float, default=5, help="seconds between two bytes [5]")
    parser.add_argument("--max-tokens", type=int, default=300, help="of a crawler's answer [300]")
    parser.add_argument("--light", type=int, default=8, help="questions of the others [8]")
    parser.add_argument("--window", type=float, default=WINDOW_S, help="the server's --write-timeout in seconds [20]")


async def parked(server):
    status = await server.control()
    return status["scheduler"]["parked"] if status else 0


async def requests_left(server):
    listed = await server.control("/control/requests")
    return len(listed["requests"]) if listed else 0


async def crawl(sleepers, interval):
    while sleepers.sockets:
        await asyncio.sleep(interval)
        sleepers.sip(1)


async def run(server, options, report):
    prompts = Prompts(options.seed)
    _, n_tokens = server.fitting(12, options.max_tokens, report)
    alone = await server.complete(prompts.words(20), 4, seed=1)
    crawlers = Sleepers(server.address)
    for i in range(options.crawlers):
        crawlers.open(server.request(prompts.words(12), n_tokens, key="crawler"))
    begun = time.perf_counter()
    while await parked(server) < options.crawlers and time.perf_counter() - begun < 60:
        await asyncio.sleep(0.02)
    n_parked = await parked(server)
    blocked_at = time.perf_counter()
    task = asyncio.create_task(crawl(crawlers, options.interval))
    outcomes = [await server.complete(prompts.words(20), 4, key="light") for _ in range(options.light)]
    while (n_left := await requests_left(server)) and time.perf_counter() - blocked_at < 3 * options.window:
        await asyncio.sleep(0.1)
    held = time.perf_counter() - blocked_at
    crawlers.close()
    task.cancel()
    report.count_errors(outcomes + [alone])
    report.latencies("ttft_beside_crawlers", [o.ttft_s for o in outcomes if o.ttft_s is not None])
    report.value("ttft_alone", (alone.ttft_s or 0) * 1e3, "ms")
    report.value("crawlers_parked", n_parked)
    report.value("last_crawler_dropped_after", held, "s")
    report.check("every question of the others is answered", all(o.complete for o in outcomes))
    report.check("no crawler outlasts two windows", n_left == 0, f"{n_left} do" if n_left else "")
