"""16 streams at once: aggregate tokens/s while all of them decode, beside what `quern bench -b 16` reaches without a server.

Counted from the moment the last stream has its first token until the first stream ends: text events inside that window,
scaled by tokens per event. With --spawn, or with --bench BINARY --model FILE, `quern bench --json` runs afterwards, the
server idle, at the same mean depth of context; share_of_bench is the ratio of both.
"""
import asyncio
import json
import subprocess

from load.prompts import Prompts
from load.stats import ratio

SERVER = {}


def add_options(parser):
    parser.add_argument("--streams", type=int, default=16, help="[16]")
    parser.add_argument("--words", type=int, default=8, help="of each prompt [8]")
    parser.add_argument("--max-tokens", type=int, default=128, help="[128]")
    parser.add_argument("--bench", metavar="BINARY", help="quern for the comparison [that of --spawn]")
    parser.add_argument("--no-bench", action="store_true", help="measure the server only")


def bench(options, n_tokens, depth):
    """tokens/s of `quern bench`, decode only."""
    model = ["-m", options.model] if options.model else []
    command = [options.bench or options.spawn, "bench", "--json", *model, "-p", "0", "-n", str(n_tokens),
               "-b", str(options.streams), "-d", str(depth), "-r", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["lines"][0]["tokens_per_s"]["median"]


async def run(server, options, report):
    n_words, n_tokens = server.fitting(options.words, options.max_tokens, report)
    prompts = Prompts(options.seed)
    outcomes = await asyncio.gather(*(server.complete(prompts.words(n_words), n_tokens, seed=i)
                                      for i in range(options.streams)))
    report.outcomes(outcomes)
    report.check("every stream is complete", all(o.complete for o in outcomes))
    streams = [o for o in outcomes if len(o.text_times) > 1]
    begin = max((o.text_times[0] for o in streams), default=0)
    end = min((o.text_times[-1] for o in streams), default=0)
    n_events = sum(begin < at <= end for o in streams for at in o.text_times)
    tokens_per_event = ratio(sum(o.n_tokens for o in streams), sum(len(o.text_times) for o in streams))
    rate = n_events * tokens_per_event / (end - begin) if end > begin else None
    report.value("aggregate", rate, "tokens/s")
    if rate is None:
        report.note("the streams did not overlap: nothing to compare; raise --max-tokens")
    elif (options.bench or options.spawn) and not options.no_bench:
        n_prompt = int(n_words * server.tokens_per_word)
        in_bench = await asyncio.to_thread(bench, options, min(32, n_tokens), n_prompt + max(0, n_tokens // 2 - 16))
        report.value("quern_bench", in_bench, "tokens/s")
        report.value("share_of_bench", ratio(rate, in_bench), "", at_least=0.85)
