"""The same 50 requests (own seeds, temperature 0.8, shared prefixes) at concurrency 1, 7 and 64: identical tokens?

Compared are the texts and, where the server returns `logprobs`, the pieces of the tokens. The passes run one after the
other, so the first computes prefixes that the later ones may find cached. With --cache-salt a last pass sends another
`cache_salt` (extension) with every request, so that nothing may be found: the texts must be the same again.
"""
import asyncio
import time

from load.prompts import Prompts

SERVER = {}


def add_options(parser):
    parser.add_argument("--requests", type=int, default=50, help="[50]")
    parser.add_argument("--concurrency", default="1,7,64", help="one pass each [1,7,64]")
    parser.add_argument("--words", type=int, default=80, help="of the longest prompt [80]")
    parser.add_argument("--max-tokens", type=int, default=48, help="[48]")
    parser.add_argument("--cache-salt", action="store_true", help="one more pass without cache hits")
    parser.add_argument("--no-logprobs", action="store_true", help="do not ask for the tokens")


def requests(server, options, report):
    """-> [(prompt, fields)]: a third has a prompt of its own, the others one of three prefixes; lengths differ."""
    n_words, n_tokens = server.fitting(options.words, options.max_tokens, report)
    prompts = Prompts(options.seed)
    prefixes = [prompts.words(max(1, n_words * 2 // 3)) for _ in range(3)]
    made = []
    for i in range(options.requests):
        tail = prompts.words(prompts.random.randint(1, max(1, n_words // 3)))
        prompt = tail if i % 3 == 0 else f"{prefixes[i % 7 % 3]} {tail}"
        fields = {"max_tokens": n_tokens, "seed": 1000 + i, "temperature": 0.8}
        made.append((prompt, fields if options.no_logprobs else {**fields, "logprobs": 0}))
    return made


async def one_pass(server, todo, concurrency, salted):
    gate = asyncio.Semaphore(concurrency)

    async def one(i, prompt, fields):
        async with gate:
            salt = {"cache_salt": f"salt-{time.time_ns()}-{i}"} if salted else {}
            return await server.complete(prompt, **fields, **salt)
    return await asyncio.gather(*(one(i, prompt, fields) for i, (prompt, fields) in enumerate(todo)))


async def run(server, options, report):
    todo = requests(server, options, report)
    passes = [(int(n), False) for n in options.concurrency.split(",")]
    if options.cache_salt:
        passes.append((max(n for n, _ in passes), True))
    first = None
    for concurrency, salted in passes:
        name = f"concurrency_{concurrency}" + ("_salted" if salted else "")
        begin = time.perf_counter()
        outcomes = await one_pass(server, todo, concurrency, salted)
        report.value(f"{name}_wall", time.perf_counter() - begin, "s")
        cached = [o.cached_tokens for o in outcomes if o.cached_tokens is not None]
        report.value(f"{name}_cached_tokens", sum(cached) if cached else None)
        report.count_errors(outcomes)
        report.check(f"{name}: every answer is complete", all(o.complete for o in outcomes))
        first = first or outcomes
        different = [i for i, (a, b) in enumerate(zip(first, outcomes)) if (a.text, a.tokens) != (b.text, b.tokens)]
        report.check(f"{name}: identical to the first pass", not different, f"requests {different[:8]}" if different else "")
    report.value("distinct_texts", len({o.text for o in first}))
    report.value("tokens_compared", sum(len(o.tokens or []) for o in first))
