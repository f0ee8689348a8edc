"""Completion on every keystroke: each new request makes the one before it pointless. Does the server stop the old ones?

A text is typed at a fixed pace; every keystroke sends the text so far. How the old request ends is --mode:
  supersede   the extension field `supersede_key`: the server cancels it (quern; others may answer 400 or ignore it)
  disconnect  the client closes its connection, as editors do with any server
  none        nobody stops it: what the other two are worth
Reported: TTFT of the last keystroke of each text (the one that the user waits for), requests alive at once, tokens for
nothing: received here and, with the control socket, generated there.
"""
import asyncio

from load.prompts import Prompts

SERVER = {}


def add_options(parser):
    parser.add_argument("--mode", choices=("supersede", "disconnect", "none"), default="supersede", help="[supersede]")
    parser.add_argument("--editors", type=int, default=2, help="who type at the same time [2]")
    parser.add_argument("--texts", type=int, default=3, help="of each editor [3]")
    parser.add_argument("--keys", type=int, default=25, help="keystrokes of a text [25]")
    parser.add_argument("--interval", type=float, default=0.12, help="seconds between keystrokes [0.12]")
    parser.add_argument("--words", type=int, default=60, help="in the file before the typed text [60]")
    parser.add_argument("--max-tokens", type=int, default=48, help="[48]")


async def editor(server, options, index, waited_for, replaced, alive):
    prompts = Prompts(options.seed * 1000 + index)
    n_words, n_tokens = server.fitting(options.words + options.keys // 4, options.max_tokens)
    extension = {"supersede_key": f"editor-{index}"} if options.mode == "supersede" else {}
    for _ in range(options.texts):
        prefix, typed = prompts.words(n_words), prompts.words(options.keys)[:options.keys]
        tasks = []
        for n in range(1, len(typed) + 1):
            if tasks and options.mode == "disconnect":
                tasks[-1][1].cancel()
            tasks.append(server.start(f"{prefix} {typed[:n]}", n_tokens, seed=n, **extension))
            await asyncio.sleep(options.interval)
            alive.append(sum(not task.done() for _, task in tasks))
        await asyncio.gather(*(task for _, task in tasks), return_exceptions=True)
        waited_for.append(tasks[-1][0])
        replaced += [outcome for outcome, _ in tasks[:-1]]


async def n_generated(server):
    status = await server.control()
    return status["scheduler"]["generated_tokens"] if status else None


async def run(server, options, report):
    server.fitting(options.words + options.keys // 4, options.max_tokens, report)
    waited_for, replaced, alive = [], [], []
    generated = await n_generated(server)
    await asyncio.gather(*(editor(server, options, i, waited_for, replaced, alive) for i in range(options.editors)))
    report.latencies("last_key_ttft", [o.ttft_s for o in waited_for if o.ttft_s is not None])
    report.value("keystrokes", len(waited_for) + len(replaced))
    report.value("alive_at_once_max", max(alive, default=0))
    report.value("replaced_but_completed", sum(o.complete for o in replaced))
    report.value("wasted_tokens_received", sum(len(o.text_times) for o in replaced))
    if generated is not None:
        wasted = await n_generated(server) - generated - sum(o.n_tokens for o in waited_for if o.status == 200)
        report.value("wasted_tokens_generated", wasted)
    report.count_errors(waited_for)
    endings = [o.error for o in replaced if o.error]
    if endings:
        report.note(f"{len(endings)} replaced requests ended with an error, such as: {endings[0][:120]}")
    refused = [o for o in waited_for + replaced if o.status == 400]
    if refused:
        report.note("the server refuses the request: does it know `supersede_key`? Try --mode disconnect")
    report.check("every last keystroke is answered", all(o.complete for o in waited_for))
