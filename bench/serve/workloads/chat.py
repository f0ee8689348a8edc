"""N users chat: several turns each, prompts and answers of log-normal lengths, one system prompt for all.

Every user sends a message, reads the answer as a stream, thinks, and sends the whole conversation with the next message.
Reported: TTFT, gaps between tokens, tokens/s over the wall time, TTFT of first and of later turns.
"""
import asyncio
import time

from load.prompts import Prompts
from load.stats import median

SERVER = {}


def add_options(parser):
    parser.add_argument("--users", type=int, default=8, help="[8]")
    parser.add_argument("--turns", type=int, default=3, help="of each conversation [3]")
    parser.add_argument("--conversations", type=int, default=2, help="of each user [2]")
    parser.add_argument("--system-words", type=int, default=60, help="[60]")
    parser.add_argument("--message-words", type=int, default=30, help="median [30]")
    parser.add_argument("--answer-tokens", type=int, default=60, help="median [60]")
    parser.add_argument("--think", type=float, default=0.2, help="mean seconds between turns [0.2]")


async def user(server, options, system, index, outcomes):
    prompts = Prompts(options.seed * 1000 + index)
    for _ in range(options.conversations):
        messages = [{"role": "system", "content": system}]
        n_used = len(system.split()) * server.tokens_per_word  # tokens of the conversation so far
        for turn in range(options.turns):
            n_words, n_tokens = server.fitting(prompts.chat_words(options.message_words),
                                               prompts.chat_words(options.answer_tokens), share=0.45)
            messages.append({"role": "user", "content": prompts.words(n_words)})
            if server.n_ctx and n_used + 1.3 * n_words * server.tokens_per_word + 24 + n_tokens > server.n_ctx:
                messages = messages[-1:]  # the conversation is full: as a client does, forget what was before
            outcome = await server.complete(messages, n_tokens, seed=index)
            n_used = outcome.usage.get("total_tokens", 0)
            outcomes.append((turn, outcome))
            if not outcome.complete:
                break
            messages.append({"role": "assistant", "content": outcome.text})
            await asyncio.sleep(prompts.random.expovariate(1 / options.think) if options.think else 0)


async def run(server, options, report):
    system_words, _ = server.fitting(options.system_words, (server.n_ctx or 8192) * 5 // 8)
    system = Prompts(options.seed).words(system_words)
    outcomes = []
    begin = time.perf_counter()
    await asyncio.gather(*(user(server, options, system, i, outcomes) for i in range(options.users)))
    all_outcomes = [outcome for _, outcome in outcomes]
    report.outcomes(all_outcomes, time.perf_counter() - begin)
    for name, wanted in (("first", lambda turn: turn == 0), ("later", lambda turn: turn > 0)):
        ttft = median([o.ttft_s for turn, o in outcomes if wanted(turn) and o.ttft_s is not None])
        report.value(f"ttft_{name}_turn_p50", None if ttft is None else ttft * 1e3, "ms")
    cached = [o.cached_tokens for o in all_outcomes if o.cached_tokens is not None]
    report.value("cached_prompt_tokens", sum(cached) if cached else None)
    report.check("every answer is complete", all(o.complete for o in all_outcomes))
