"""A second request with the same 400-word prefix: how soon does it start, and is its text what it was without the cache?

Per round a new prefix P and two questions: P+A (nothing cached), P+B (shares the prefix), P+A again (shares all). Ratio =
TTFT of P+B / TTFT of P+A. The text of both P+A must be identical: one was computed in full, the other from cached pages.
Reported are medians of the rounds.
"""
from load.prompts import Prompts
from load.stats import median, ratio

SERVER = {}


def add_options(parser):
    parser.add_argument("--words", type=int, default=400, help="of the prefix [400]")
    parser.add_argument("--question-words", type=int, default=8, help="[8]")
    parser.add_argument("--max-tokens", type=int, default=24, help="[24]")
    parser.add_argument("--rounds", type=int, default=5, help="[5]")


async def run(server, options, report):
    n_words, n_tokens = server.fitting(options.words + options.question_words, options.max_tokens, report)
    n_prefix = n_words - min(options.question_words, n_words // 2)
    prompts = Prompts(options.seed)
    firsts, seconds, thirds, different = [], [], [], 0
    for round_index in range(options.rounds):
        prefix = prompts.words(n_prefix)
        questions = [prompts.words(n_words - n_prefix) for _ in range(2)]
        for index, times in ((0, firsts), (1, seconds), (0, thirds)):
            outcome = await server.complete(f"{prefix} {questions[index]}", n_tokens, seed=round_index, temperature=0.8)
            times.append(outcome)
        different += firsts[-1].text != thirds[-1].text
    outcomes = firsts + seconds + thirds
    report.outcomes(outcomes)
    first, second, third = (median([o.ttft_s for o in group if o.ttft_s]) for group in (firsts, seconds, thirds))
    for name, value in (("first", first), ("same_prefix", second), ("same_prompt", third)):
        report.value(f"ttft_{name}", None if value is None else value * 1e3, "ms")
    report.value("ttft_ratio", ratio(second, first), "", at_most=0.15)
    report.value("ttft_ratio_same_prompt", ratio(third, first), "")
    report.value("prompt_tokens", firsts[0].usage.get("prompt_tokens"))
    report.value("cached_tokens_same_prefix", median([o.cached_tokens for o in seconds if o.cached_tokens is not None]))
    report.check("every answer is complete", all(o.complete for o in outcomes))
    report.check("identical text with and without the cache", different == 0,
                 f"{different} rounds differ" if different else "")
