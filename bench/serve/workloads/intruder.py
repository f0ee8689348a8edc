"""8 streams decode, then a 900-word prompt arrives: how much do they feel it, and how fast is it prefilled?

First a prompt of the same length alone: its tokens / TTFT is the prefill speed. Then the streams decode alone for a while
(p50 before), then the intruder comes: gaps that overlap the time from its sending to its first token are "during". The
streams are cut off as soon as it has its first token. All prompts differ, so that no prefix cache helps.
--max-itl-ms sends the extension field `max_itl_ms` with the streams; other servers than quern may refuse or ignore it.
"""
import asyncio

from load.prompts import Prompts
from load.stats import percentile, ratio

SERVER = {}


def add_options(parser):
    parser.add_argument("--streams", type=int, default=8, help="[8]")
    parser.add_argument("--words", type=int, default=900, help="of the intruder's prompt [900]")
    parser.add_argument("--before", type=float, default=10, help="seconds of decoding alone [10]")
    parser.add_argument("--max-tokens", type=int, default=1500, help="of each stream; must outlast the prefill [1500]")
    parser.add_argument("--max-itl-ms", type=float, help="extension field of the streams")


async def all_started(streams, n_events=4):
    while any(len(outcome.events) < n_events and not task.done() for outcome, task in streams):
        await asyncio.sleep(0.01)


def gaps_between(outcomes, begin, end):
    """Gaps that overlap [begin, end]."""
    return [b - a for outcome in outcomes for a, b in zip(outcome.text_times, outcome.text_times[1:])
            if b > begin and a < end]


async def run(server, options, report):
    n_words, _ = server.fitting(options.words, 8, report)
    stream_words, n_tokens = server.fitting(12, options.max_tokens, report)
    prompts = Prompts(options.seed)
    alone = await server.complete(prompts.words(n_words), 2, seed=1)

    streams = [server.start(prompts.words(stream_words), n_tokens, seed=i, max_itl_ms=options.max_itl_ms)
               for i in range(options.streams)]
    await all_started(streams)
    await asyncio.sleep(options.before)
    intruder = await server.complete(prompts.words(n_words), 2, seed=1)
    early = sum(task.done() for _, task in streams)
    for _, task in streams:
        task.cancel()
    await asyncio.gather(*(task for _, task in streams), return_exceptions=True)

    outcomes = [outcome for outcome, _ in streams]
    report.count_errors(outcomes + [alone, intruder])
    if alone.ttft_s is None or intruder.ttft_s is None:
        report.check("the long prompts are answered", False)
        return
    first_token_at = intruder.sent_at + intruder.ttft_s
    before = gaps_between(outcomes, max(o.text_times[3] if len(o.text_times) > 3 else 0 for o in outcomes), intruder.sent_at)
    during = gaps_between(outcomes, intruder.sent_at, first_token_at)
    before_p50 = percentile(before, 50)
    report.latencies("inter_token_before", before)
    report.latencies("inter_token_during", during)
    report.value("during_p99_to_p50_before", ratio(percentile(during, 99), before_p50), "x", at_most=2)
    report.value("during_max_to_p50_before", ratio(percentile(during, 100), before_p50), "x", at_most=3)
    n_prompt = intruder.usage.get("prompt_tokens", n_words * server.tokens_per_word)
    n_alone = alone.usage.get("prompt_tokens", n_words * server.tokens_per_word)
    report.value("prefill_alone", n_alone / alone.ttft_s, "tokens/s")
    report.value("prefill_beside_streams", n_prompt / intruder.ttft_s, "tokens/s")
    report.value("prefill_share", ratio(n_prompt / intruder.ttft_s, n_alone / alone.ttft_s), "", at_least=0.45)
    report.value("ttft_alone", alone.ttft_s * 1e3, "ms")
    report.value("ttft_beside_streams", intruder.ttft_s * 1e3, "ms")
    report.check("the streams outlast the prefill", early == 0, f"{early} ended before: shorten --before" if early else "")
