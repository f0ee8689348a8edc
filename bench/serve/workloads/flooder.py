"""One API key floods with 64 requests at a time beside 4 light users with keys of their own: does the flood reach them?

Light users ask short questions, one at a time, with pauses. First beside 4 other users, each with a key and one request
of the flooder's kind at a time; then beside the flood. Reported: p95 of the light users' TTFT in both, and the ratio.
Keys are bearer tokens; a server that takes any key and shares by arrival just shows a large ratio.
"""
import asyncio

from load.prompts import Prompts
from load.stats import percentile, ratio

SERVER = {"--parallel": "16"}


def add_options(parser):
    parser.add_argument("--flood", type=int, default=64, help="requests of the flooder at a time [64]")
    parser.add_argument("--light", type=int, default=4, help="light users, and others beside them [4]")
    parser.add_argument("--light-requests", type=int, default=12, help="of each light user [12]")
    parser.add_argument("--light-words", type=int, default=20, help="[20]")
    parser.add_argument("--light-tokens", type=int, default=16, help="[16]")
    parser.add_argument("--flood-words", type=int, default=100, help="[100]")
    parser.add_argument("--flood-tokens", type=int, default=64, help="[64]")
    parser.add_argument("--pause", type=float, default=0.3, help="mean seconds between a light user's questions [0.3]")


async def light_user(server, options, index, outcomes):
    prompts = Prompts(options.seed * 1000 + index)
    n_words, n_tokens = server.fitting(options.light_words, options.light_tokens)
    for _ in range(options.light_requests):
        outcomes.append(await server.complete(prompts.words(n_words), n_tokens, key=f"light-{index}"))
        await asyncio.sleep(prompts.random.expovariate(1 / options.pause) if options.pause else 0)


async def heavy_user(server, options, index, key, outcomes):
    prompts = Prompts(options.seed * 1000 + 500 + index)
    n_words, n_tokens = server.fitting(options.flood_words, options.flood_tokens)
    while True:
        outcomes.append(await server.complete(prompts.words(n_words), n_tokens, key=key))
        if outcomes[-1].status != 200:
            await asyncio.sleep(0.05)  # refused: a flooder comes back, but not in a busy loop


async def beside(server, options, keys):
    """The light users beside one heavy stream per key of `keys`; -> outcomes of the light, of the heavy."""
    light, heavy = [], []
    load = [asyncio.create_task(heavy_user(server, options, i, key, heavy)) for i, key in enumerate(keys)]
    await asyncio.sleep(1)
    await asyncio.gather(*(light_user(server, options, i, light) for i in range(options.light)))
    for task in load:
        task.cancel()
    await asyncio.gather(*load, return_exceptions=True)
    return light, heavy


async def run(server, options, report):
    server.fitting(options.flood_words, options.flood_tokens, report)
    calm, _ = await beside(server, options, [f"other-{i}" for i in range(options.light)])
    light, flood = await beside(server, options, ["flooder"] * options.flood)
    p95 = []
    for name, outcomes in (("calm", calm), ("flooded", light)):
        times = [o.ttft_s for o in outcomes if o.ttft_s is not None]
        report.latencies(f"light_ttft_{name}", times)
        p95.append(percentile(times, 95))
    report.value("light_ttft_p95_ratio", ratio(p95[1], p95[0]), "x", at_most=1.5)
    report.value("flood_requests", len(flood))
    report.value("flood_refused", sum(o.refused for o in flood))
    report.count_errors(o for o in calm + light + flood if not o.refused)
    report.check("every light request completes", all(o.complete for o in calm + light),
                 f"{sum(not o.complete for o in calm + light)} of {len(calm + light)} do not"
                 if not all(o.complete for o in calm + light) else "")
