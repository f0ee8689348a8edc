"""20,000 short requests, each with a random nonce, some aborted, many with a shared prefix: does anything leak?

Checked: no output holds another request's nonce (whatever is looked for is eight hexadecimal digits, blanks removed); the
X-Request-Id that comes back is the one that was sent; a sample of requests, asked again when all is quiet, gives the same
text, which foreign KV pages would change; and afterwards no KV page is in use but those that the cache keeps (needs
--socket or --spawn). A model that repeats its prompt makes the first check sharp, the third is sharp with any model.
"""
import asyncio
import re

from load.prompts import Prompts

SERVER = {"--parallel": "32"}
NONCE = re.compile(r"(?=([a-f][0-9a-f]{6}[0-9]))")


def add_options(parser):
    parser.add_argument("--requests", type=int, default=20000, help="[20000]")
    parser.add_argument("--concurrency", type=int, default=64, help="[64]")
    parser.add_argument("--abort-share", type=float, default=0.25, help="closed by the client at a random moment [0.25]")
    parser.add_argument("--words", type=int, default=40, help="of the shared prefixes [40]")
    parser.add_argument("--max-tokens", type=int, default=12, help="[12]")
    parser.add_argument("--again", type=int, default=200, help="requests that are asked again at the end [200]")


class Run:
    def __init__(self, server, options, report):
        self.server, self.options, self.prompts = server, options, Prompts(options.seed)
        n_words, self.n_tokens = server.fitting(options.words + 10, options.max_tokens, report)
        self.prefixes = [self.prompts.words(max(1, n_words - 10)) for _ in range(5)]
        self.owner = {}      # nonce -> index of its request
        self.sample = []     # (prompt, seed, text)
        self.foreign, self.wrong_ids = [], []
        self.n_complete = self.n_aborted = self.n_started = 0
        self.failed = []

    async def worker(self):
        while self.n_started < self.options.requests:
            index = self.n_started
            self.n_started += 1
            await self.one(index)

    async def one(self, index):
        nonce, rng = self.prompts.nonce(), self.prompts.random
        self.owner[nonce] = index
        prefix = rng.choice(self.prefixes) if rng.random() < 0.7 else ""
        prompt = f"{prefix} {nonce} {self.prompts.words(2)} {nonce}".strip()
        fields = {"seed": index, "key": f"user-{index % 4}", "headers": {"X-Request-Id": f"nonce-{nonce}"}}
        if rng.random() < self.options.abort_share:
            outcome = await self.abort(prompt, fields, rng.random())
        else:
            outcome = await self.server.complete(prompt, self.n_tokens, **fields)
        self.look(index, nonce, prompt, outcome)

    async def abort(self, prompt, fields, moment):
        """Half are closed after some events, half after some milliseconds: in the queue, the prompt, the answer."""
        if moment < 0.5:
            return await self.server.complete(prompt, self.n_tokens, stop_after=int(moment * 2 * self.n_tokens), **fields)
        outcome, task = self.server.start(prompt, self.n_tokens, **fields)
        await asyncio.sleep((moment - 0.5) * 0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return outcome

    def look(self, index, nonce, prompt, outcome):
        text = outcome.all_text
        seen = "".join(text.split()) + outcome.body.decode(errors="replace")
        self.foreign += [index for found in NONCE.findall(seen) if self.owner.get(found, index) != index]
        if outcome.headers.get("x-request-id", f"nonce-{nonce}") != f"nonce-{nonce}":
            self.wrong_ids.append(index)
        if outcome.complete:
            self.n_complete += 1
            if index % max(1, self.options.requests // max(1, self.options.again)) == 0:
                self.sample.append((prompt, index, text))
        elif outcome.aborted:
            self.n_aborted += 1
        else:
            self.failed.append(outcome)

    async def ask_again(self):
        """-> indexes whose text is another one now."""
        different = []
        for prompt, seed, text in self.sample:
            outcome = await self.server.complete(prompt, self.n_tokens, seed=seed)
            if outcome.all_text != text:
                different.append(seed)
        return different


async def pages_settled(server):
    """Waits until nothing runs; -> (pages in use that no cache keeps, pages kept), or None without a control socket."""
    for _ in range(100):
        status = await server.control()
        if status is None:
            return None
        scheduler = status["scheduler"]
        pages = scheduler["kv_pages"]
        kept = pages.get("retained", 0) + pages.get("cached", 0)
        leaked = pages["total"] - pages["free"] - kept
        if scheduler["running"] == scheduler["queued"] == 0 and leaked <= 0 and pages.get("reserved", 0) == 0:
            break
        await asyncio.sleep(0.05)
    return max(leaked, pages.get("reserved", 0)), kept


async def run(server, options, report):
    work = Run(server, options, report)
    await asyncio.gather(*(work.worker() for _ in range(options.concurrency)))
    different = await work.ask_again()
    pages = await pages_settled(server)
    report.value("complete", work.n_complete)
    report.value("aborted", work.n_aborted)
    report.value("asked_again", len(work.sample))
    report.count_errors(work.failed)
    report.check("no foreign nonce", not work.foreign, f"requests {work.foreign[:8]}" if work.foreign else "")
    report.check("X-Request-Id is one's own", not work.wrong_ids, f"requests {work.wrong_ids[:8]}" if work.wrong_ids else "")
    report.check("the same text when asked again", not different, f"requests {different[:8]}" if different else "")
    report.check("nothing fails but what was aborted", not work.failed, f"{len(work.failed)} do" if work.failed else "")
    if pages is None:
        report.note("no --socket: KV pages were not looked at")
    else:
        report.value("kv_pages_kept_by_cache", pages[1])
        report.check("no KV page leaked", pages[0] == 0, f"{pages[0]} pages" if pages[0] else "")
