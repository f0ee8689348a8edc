"""2,000 open SSE connections, 1,900 of them slow or idle: what does one cost, and do the busy ones keep their speed?

Busy streams are measured alone, then beside the sleepers, then alone again: ratio = beside / mean of both alone. Sleepers
ask for a long answer with a tiny receive buffer; half never read, half sip a few hundred bytes per second. They are left
alone until the server stops generating for them. Growth of the server's private memory is divided by the open connections;
"without_kv" takes off the KV pages that were in use beyond those of before: once touched, a page stays in memory (needs
the control socket). What the server touches once, such as buffers of larger batches, is divided too: few sleepers show
too much. The server of --spawn has small send buffers, so that sleepers are really parked, and long timeouts, so that
they stay.
"""
import asyncio
import time

from load.process import raise_open_files
from load.prompts import Prompts
from load.sleepers import NOTHING, Sleepers
from load.stats import ratio

SERVER = {"--parallel": "2048", "--queue-capacity": "2048", "--max-connections": "4096", "--max-backlog": "4K",
          "--stream-capacity": "16", "--idle-timeout": "10m", "--write-timeout": "10m"}


def add_options(parser):
    parser.add_argument("--busy", type=int, default=100, help="streams that read [100]")
    parser.add_argument("--sleepers", type=int, default=1900, help="[1900]")
    parser.add_argument("--seconds", type=float, default=10, help="of each measurement [10]")
    parser.add_argument("--settle", type=float, default=120, help="seconds, at most, for the sleepers' answers [120]")
    parser.add_argument("--words", type=int, default=6, help="of the prompts [6]")
    parser.add_argument("--max-tokens", type=int, default=100, help="of the busy [100]")
    parser.add_argument("--sleeper-tokens", type=int, default=100, help="of a sleeper; few, for a large model [100]")


async def busy(server, options, index, n_words, n_tokens, end, outcomes):
    prompts = Prompts(options.seed * 10000 + index)
    while time.perf_counter() < end:
        outcome, task = server.start(prompts.words(n_words), n_tokens, key="busy")
        outcomes.append(outcome)
        try:
            await asyncio.wait_for(task, max(0.01, end - time.perf_counter()))
        except asyncio.TimeoutError:
            return  # the measurement is over; the tokens so far count
        if outcome.status != 200:
            await asyncio.sleep(0.1)


async def measure(server, options, report):
    """tokens/s (events with text) of the busy streams."""
    n_words, n_tokens = server.fitting(options.words, options.max_tokens)
    outcomes = []
    begin = time.perf_counter()
    await asyncio.gather(*(busy(server, options, i, n_words, n_tokens, begin + options.seconds, outcomes)
                           for i in range(options.busy)))
    seconds = time.perf_counter() - begin
    report.count_errors(o for o in outcomes if not o.aborted)
    return sum(len(o.text_times) for o in outcomes) / seconds


async def kv_bytes(server):
    """Bytes of the KV pages that are not free; None without a control socket."""
    status = await server.control()
    if not status:
        return None
    pages = status["scheduler"]["kv_pages"]
    return (pages["total"] - pages["free"]) * status["memory"]["kv_pages_bytes"] // pages["total"]


async def peak_kv_bytes(server, peak):
    while True:
        peak[0] = max(peak[0], await kv_bytes(server) or 0)
        await asyncio.sleep(0.2)


async def settle(server, seconds):
    """Waits until nobody is served: all that run are parked, and none waits. -> whether it came to that, None if it cannot
    be seen."""
    end, status = time.monotonic() + seconds, None
    while time.monotonic() < end:
        status = await server.control()
        now = status["scheduler"] if status else None
        if now and now["queued"] == 0 and now["running"] == now["parked"]:
            return True
        await asyncio.sleep(0.25)
    return None if status is None else False


async def answered(sleepers, seconds):
    """Waits until the server has said something to every sleeper: before, it may not even know of the last ones."""
    end = time.monotonic() + seconds
    while NOTHING in sleepers.heads() and time.monotonic() < end:
        await asyncio.sleep(0.1)


async def sip(sleepers):
    while True:
        sleepers.sip(n_bytes=256, every=2)
        await asyncio.sleep(1)


async def run(server, options, report):
    limit = raise_open_files(options.sleepers + options.busy + 200)
    n_sleepers = max(0, min(options.sleepers, limit - options.busy - 200))
    if n_sleepers < options.sleepers:
        report.note(f"RLIMIT_NOFILE is {limit} and cannot be raised: {n_sleepers} sleepers, not {options.sleepers}")
    server.fitting(options.words, max(options.max_tokens, options.sleeper_tokens), report)
    peak = [0]
    watching = asyncio.create_task(peak_kv_bytes(server, peak))
    alone = await measure(server, options, report)
    await settle(server, 5)
    rss_before, kv_before = server.rss_bytes(), peak[0]

    sleepers, prompts = Sleepers(server.address), Prompts(options.seed)
    n_words, n_tokens = server.fitting(options.words, options.sleeper_tokens)
    for i in range(n_sleepers):
        sleepers.open(server.request(prompts.words(n_words), n_tokens, key=f"sleeper-{i % 16}", keep_alive=True))
        if i % 50 == 49:
            await asyncio.sleep(0.02)
    await answered(sleepers, options.settle)
    if await settle(server, options.settle) is False:
        report.note("the server still generates for the sleepers: raise --settle or lower --sleeper-tokens, or the speed of "
                    "the busy ones says nothing")
    rss_open, kv_open, heads, status = server.rss_bytes(), peak[0], sleepers.heads(), await server.control()
    watching.cancel()
    sipping = asyncio.create_task(sip(sleepers))
    beside = await measure(server, options, report)
    sipping.cancel()
    n_open = len(sleepers.sockets)
    sleepers.close()
    await settle(server, 10)
    alone_again = await measure(server, options, report)

    n_streams = heads.get("HTTP/1.1 200 OK", 0)
    report.value("sleepers_open", n_open)
    report.value("sleepers_streaming", n_streams)
    if status:
        report.value("sleepers_parked", status["scheduler"]["parked"])
        report.value("sleepers_running", status["scheduler"]["running"])
        report.value("sleepers_queued", status["scheduler"]["queued"])
    if rss_before is not None and n_open:
        growth = rss_open - rss_before
        report.value("rss_per_connection", growth / n_open / 1024, "KiB")
        if status:
            growth -= kv_open - kv_before
            report.value("rss_per_connection_without_kv", growth / n_open / 1024, "KiB", at_most=64)
    report.value("busy_alone", alone, "tokens/s")
    report.value("busy_beside_sleepers", beside, "tokens/s")
    report.value("busy_alone_again", alone_again, "tokens/s")
    report.value("speed_kept", ratio(beside, (alone + alone_again) / 2), "", at_least=0.9)
    report.check("every sleeper has its stream", n_streams == n_sleepers, heads if n_streams != n_sleepers else "")
    n_lost = n_sleepers - n_open
    report.check("no sleeper is hung up on", n_lost == 0, f"{n_lost} are" if n_lost else "")
