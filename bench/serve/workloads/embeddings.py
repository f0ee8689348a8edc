"""8 streams decode while texts are embedded by another model of the same server: how much do the streams feel it?

Wants a server with a model that chats and one that embeds: --spawn starts such with --server-args
"--embedding-model FILE". Spans of decoding alone and spans with --rate texts a second, each a request of its own, take
turns; gaps are counted for the span in which they end.
"""
import asyncio
import json
import random
import time

from load.http import exchange
from load.prompts import Prompts
from load.stats import percentile, ratio
from workloads.intruder import all_started

SERVER = {}
WORDS = "time year people way day man thing woman life child world school".split()


def add_options(parser):
    parser.add_argument("--streams", type=int, default=8, help="[8]")
    parser.add_argument("--rate", type=float, default=16, help="texts a second [16]")
    parser.add_argument("--words", type=int, default=20, help="of a text [20]")
    parser.add_argument("--seconds", type=float, default=20, help="of each span [20]")
    parser.add_argument("--spans", type=int, default=2, help="of each kind [2]")
    parser.add_argument("--max-tokens", type=int, default=1500, help="of each stream; must outlast all spans [1500]")


async def embed(server, rng, n_words, latencies, bad):
    body = json.dumps({"input": " ".join(rng.choice(WORDS) for _ in range(n_words))}).encode()
    begin = time.perf_counter()
    status, _, _ = await exchange(server.address, "POST", "/v1/embeddings", body)
    latencies.append(time.perf_counter() - begin)
    if status != 200:
        bad.append(status)


async def span_of_texts(server, options, rng, latencies, bad):
    end, tasks = time.perf_counter() + options.seconds, []
    while time.perf_counter() < end:
        tasks.append(asyncio.create_task(embed(server, rng, options.words, latencies, bad)))
        await asyncio.sleep(1 / options.rate)
    await asyncio.gather(*tasks)


async def run(server, options, report):
    words, n_tokens = server.fitting(12, options.max_tokens, report)
    prompts, rng = Prompts(options.seed), random.Random(options.seed)
    streams = [server.start(prompts.words(words), n_tokens, seed=i) for i in range(options.streams)]
    await all_started(streams)
    spans, latencies, bad = [], [], []
    for beside in (False, True) * options.spans:
        begin = time.perf_counter()
        if beside:
            await span_of_texts(server, options, rng, latencies, bad)
        else:
            await asyncio.sleep(options.seconds)
        spans.append((beside, begin, time.perf_counter()))
    early = sum(task.done() for _, task in streams)
    for _, task in streams:
        task.cancel()
    await asyncio.gather(*(task for _, task in streams), return_exceptions=True)

    gaps = {False: [], True: []}
    for outcome, _ in streams:
        for a, b in zip(outcome.text_times, outcome.text_times[1:]):
            for beside, begin, end in spans:
                if begin <= b < end:
                    gaps[beside].append(b - a)
    report.count_errors([outcome for outcome, _ in streams])
    report.latencies("inter_token_alone", gaps[False])
    report.latencies("inter_token_beside", gaps[True])
    alone_p50 = percentile(gaps[False], 50)
    report.value("beside_p99_to_p50_alone", ratio(percentile(gaps[True], 99), alone_p50), "x", at_most=2)
    report.value("beside_p99_to_p99_alone", ratio(percentile(gaps[True], 99), percentile(gaps[False], 99)), "x")
    report.latencies("embedding", latencies)
    report.value("texts", len(latencies))
    report.check("all texts are embedded", not bad and latencies, f"statuses {sorted(set(bad))}" if bad else "")
    report.check("the streams outlast the spans", early == 0, f"{early} ended before" if early else "")
