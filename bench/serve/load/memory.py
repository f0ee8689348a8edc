"""Samples the server's private memory while something runs: async with MemorySampler(server) as memory."""
import asyncio
import contextlib
import time

from load.stats import slope


class MemorySampler:
    def __init__(self, server, every_s=1.0):
        self.server, self.every_s = server, every_s
        self.samples = []  # (seconds since the start, bytes)

    async def __aenter__(self):
        self.begin = time.monotonic()
        self._sample()
        self.task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task
        self._sample()

    async def _run(self):
        while True:
            await asyncio.sleep(self.every_s)
            self._sample()

    def _sample(self):
        rss = self.server.rss_bytes()
        if rss is not None:
            self.samples.append((time.monotonic() - self.begin, rss))

    def slope_kib_per_minute(self, skip_share=1 / 3):
        """Without the first third: caches and heaps fill there."""
        points = self.samples[int(len(self.samples) * skip_share):]
        per_second = slope(points)
        return None if per_second is None else per_second * 60 / 1024

    def describe(self, report):
        mib = [rss / 2**20 for _, rss in self.samples]
        report.value("rss_before", mib[0] if mib else None, "MiB")
        report.value("rss_peak", max(mib) if mib else None, "MiB")
        report.value("rss_after", mib[-1] if mib else None, "MiB")
