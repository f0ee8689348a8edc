"""Minutes of chaos: well-behaved readers, killed connections, slow readers, bad requests, bursts. Does memory stay put?

Readers ask a few prompts with temperature 0 over and over; each text must be what it was before the chaos. Killers close
at a random moment, slow readers read a little and hang up, vandals send what no client should. The server's private memory
is sampled (needs --pid or --spawn): the slope is that of least squares over the last two thirds. By hand: --minutes 30.
"""
import asyncio
import time
from collections import Counter

from load.bad_requests import BAD_REQUESTS
from load.http import read_head
from load.memory import MemorySampler
from load.prompts import Prompts
from load.server import NETWORK_ERRORS
from load.sleepers import Sleepers
from workloads.nonce import pages_settled

SERVER = {"--parallel": "16", "--queue-capacity": "32"}
REPLY_TIMEOUT_S = 20


def add_options(parser):
    parser.add_argument("--minutes", type=float, default=1, help="[1]")
    for name, n in (("readers", 6), ("killers", 4), ("slow", 4), ("vandals", 2)):
        parser.add_argument(f"--{name}", type=int, default=n, help=f"[{n}]")
    parser.add_argument("--words", type=int, default=40, help="of the longest prompt [40]")
    parser.add_argument("--max-tokens", type=int, default=40, help="[40]")
    parser.add_argument("--max-slope", type=float, default=256, help="bar of the memory's growth, KiB per minute [256]")


class Chaos:
    def __init__(self, server, options, report):
        self.server, self.options = server, options
        n_words, self.n_tokens = server.fitting(options.words, options.max_tokens, report)
        prompts = Prompts(options.seed)
        self.prompts = [prompts.words(prompts.random.randint(1, n_words)) for _ in range(8)]
        self.texts = {}  # prompt -> text before the chaos
        self.counts, self.problems = Counter(), Counter()
        self.end = 0

    async def before(self):
        for prompt in self.prompts:
            outcome = await self.server.complete(prompt, self.n_tokens, temperature=0)
            self.texts[prompt] = outcome.text

    async def reader(self, rng):
        await self.read(rng.choice(self.prompts), "reader")

    async def read(self, prompt, key):
        outcome = await self.server.complete(prompt, self.n_tokens, temperature=0, key=key)
        if outcome.refused:
            self.counts["refused"] += 1
        elif outcome.complete:
            self.counts["complete"] += 1
            if outcome.text != self.texts[prompt]:
                self.problems["another text than before the chaos"] += 1
        else:
            self.problems[f"a {key}'s request: {outcome.error}"] += 1

    async def killer(self, rng):
        outcome, task = self.server.start(rng.choice(self.prompts), self.n_tokens, temperature=0, key="killer")
        await asyncio.sleep(rng.expovariate(20))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self.counts["killed" if outcome.aborted else "ended before the kill"] += 1

    async def slow(self, rng):
        sleeper = Sleepers(self.server.address)
        sleeper.open(self.server.request(rng.choice(self.prompts), self.n_tokens, key="slow"))
        for _ in range(rng.randint(1, 20)):
            await asyncio.sleep(rng.random() / 2)
            sleeper.sip(n_bytes=rng.randint(1, 400))
        sleeper.close()
        self.counts["slow"] += 1

    async def vandal(self, rng):
        name, (data, reply_due) = rng.choice(list(BAD_REQUESTS.items()))
        self.counts["bad requests"] += 1
        writer = None
        try:
            reader, writer = await self.server.address.connect()
            writer.write(data)
            if reply_due:
                status, _ = await asyncio.wait_for(read_head(reader), REPLY_TIMEOUT_S)
                if not 400 <= status < 500 and status != 503:
                    self.problems[f"{name}: answered {status}"] += 1
            else:
                await asyncio.sleep(rng.random() / 5)
        except asyncio.TimeoutError:
            self.problems[f"{name}: no reply"] += 1
        except NETWORK_ERRORS:
            self.counts["hung up on"] += 1  # closed before all of the garbage was read
        finally:
            if writer:
                writer.transport.abort()

    async def burst(self, rng):
        await asyncio.gather(*(self.read(rng.choice(self.prompts), "burst") for _ in range(64)))
        await asyncio.sleep(min(rng.uniform(5, 15), max(0, self.end - time.monotonic())))

    async def loop(self, act, index):
        rng = Prompts(self.options.seed * 1000 + index).random
        while time.monotonic() < self.end:
            await act(rng)
            await asyncio.sleep(rng.random() / 20)


async def run(server, options, report):
    chaos = Chaos(server, options, report)
    await chaos.before()
    chaos.end = time.monotonic() + options.minutes * 60
    actors = ([chaos.reader] * options.readers + [chaos.killer] * options.killers + [chaos.slow] * options.slow
              + [chaos.vandal] * options.vandals + [chaos.burst])
    async with MemorySampler(server, every_s=max(0.2, min(5, options.minutes))) as memory:
        await asyncio.gather(*(chaos.loop(act, i) for i, act in enumerate(actors)))
    status, _, _ = await server.get("/health")
    pages = await pages_settled(server)
    for name, n in sorted(chaos.counts.items()):
        report.value(name.replace(" ", "_"), n)
    report.errors.update(chaos.problems)
    memory.describe(report)
    long_enough = options.minutes >= 5
    report.value("rss_slope", memory.slope_kib_per_minute(), "KiB/min", at_most=options.max_slope if long_enough else None)
    if memory.samples and not long_enough:
        report.note("a slope of less than five minutes says little: heaps and pages still fill")
    report.check("the server is alive", status == 200, status if status != 200 else "")
    report.check("no surprise", not chaos.problems)
    report.check("somebody is served", chaos.counts["complete"] > 0)
    if pages is not None:
        report.check("no KV page leaked", pages[0] == 0, f"{pages[0]} pages" if pages[0] else "")
