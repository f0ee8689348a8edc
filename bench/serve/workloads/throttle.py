"""One key's streams ask for max_itl_ms 1: how much slower are the prompts of another key?

8 streams of one key decode; a long prompt of another key arrives, --rounds times without and with the wish, in turns.
Reported: the medians of the prompt's TTFT, and their ratio.
"""
import asyncio
import statistics

from load.prompts import Prompts
from load.stats import ratio

SERVER = {}


def add_options(parser):
    parser.add_argument("--streams", type=int, default=8, help="[8]")
    parser.add_argument("--words", type=int, default=300, help="of the prompt [300]")
    parser.add_argument("--rounds", type=int, default=3, help="[3]")
    parser.add_argument("--max-tokens", type=int, default=1500, help="of each stream; must outlast the prompt [1500]")


async def measure(server, options, prompts, max_itl_ms):
    n_words, _ = server.fitting(options.words, 8)
    stream_words, n_tokens = server.fitting(12, options.max_tokens)
    streams = [server.start(prompts.words(stream_words), n_tokens, key="strict", max_itl_ms=max_itl_ms)
               for _ in range(options.streams)]
    while any(len(outcome.events) < 4 and not task.done() for outcome, task in streams):
        await asyncio.sleep(0.01)
    await asyncio.sleep(1)
    prompt = await server.complete(prompts.words(n_words), 2, key="other")
    for _, task in streams:
        task.cancel()
    await asyncio.gather(*(task for _, task in streams), return_exceptions=True)
    return prompt


async def run(server, options, report):
    server.fitting(options.words, 8, report)
    prompts = Prompts(options.seed)
    free, strict = [], []
    for _ in range(options.rounds):
        free.append(await measure(server, options, prompts, None))
        strict.append(await measure(server, options, prompts, 1))
    report.count_errors(free + strict)
    if any(o.ttft_s is None for o in free + strict):
        report.check("the prompts are answered", False)
        return
    report.latencies("ttft_free", [o.ttft_s for o in free])
    report.latencies("ttft_beside_max_itl_1", [o.ttft_s for o in strict])
    medians = [statistics.median(o.ttft_s for o in group) for group in (strict, free)]
    report.value("ttft_ratio", ratio(*medians), "x", at_most=1.1)
