"""What a workload found: rows of name, value, unit and, where there is one, the bar; as a table or as one JSON object.

A check is about being right (identical text, no leak): one that fails makes the exit status 1. A bar is about speed: it
is only shown, unless run.py is given --enforce. A value of None could not be measured.
"""
import json
import re
from collections import Counter

from load.stats import percentile


def _without_numbers(text):
    """So that "the prompt has 97 tokens" and "... 98 ..." count as one error; a status in front stays."""
    status, colon, rest = text.partition(": ")
    return status + colon + re.sub(r"\d+", "N", rest)


class Report:
    def __init__(self, workload, options):
        self.workload, self.options = workload, options  # options: a dict, for the JSON
        self.server = ""
        self.rows = []    # (name, value, unit, bar text or "", met or None)
        self.checks = []  # (name, passed, detail)
        self.notes = []
        self.errors = Counter()

    def value(self, name, value, unit="", at_most=None, at_least=None):
        bar, met = "", None
        if at_most is not None:
            bar, met = f"<= {at_most:g}", value is not None and value <= at_most
        if at_least is not None:
            bar, met = f">= {at_least:g}", value is not None and value >= at_least
        self.rows.append((name, value, unit, bar, met))

    def check(self, name, passed, detail=""):
        self.checks.append((name, bool(passed), str(detail)))

    def note(self, text):
        self.notes.append(text)

    def latencies(self, name, seconds):
        """p50, p95, p99 and max of some durations, in milliseconds."""
        for label, q in (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100)):
            at = percentile(seconds, q)
            self.value(f"{name}_{label}", None if at is None else at * 1e3, "ms")

    def outcomes(self, outcomes, wall_s=None):
        """What every workload says of its requests: TTFT, gaps, tokens per second, errors."""
        self.latencies("ttft", [o.ttft_s for o in outcomes if o.ttft_s is not None])
        self.latencies("inter_token", [gap for o in outcomes for gap in o.gaps_s])
        n_tokens = sum(o.n_tokens for o in outcomes if o.status == 200)
        self.value("requests", len(outcomes))
        self.value("generated_tokens", n_tokens)
        if wall_s:
            self.value("throughput", n_tokens / wall_s, "tokens/s")
        self.count_errors(outcomes)

    def count_errors(self, outcomes):
        for outcome in outcomes:
            if outcome.error:
                self.errors[_without_numbers(outcome.error)] += 1

    def failed(self, enforce):
        return any(not passed for _, passed, _ in self.checks) or (enforce and any(r[4] is False for r in self.rows))

    def json(self):
        return json.dumps({
            "workload": self.workload, "server": self.server, "options": self.options,
            "results": {name: {"value": value, "unit": unit, **({"bar": bar, "met": met} if bar else {})}
                        for name, value, unit, bar, met in self.rows},
            "checks": [{"name": name, "passed": passed, "detail": detail} for name, passed, detail in self.checks],
            "errors": dict(self.errors), "notes": self.notes}, indent=1)

    def table(self):
        lines = [f"{self.workload} on {self.server}"]
        width = max([len(row[0]) for row in self.rows] + [20])
        for name, value, unit, bar, met in self.rows:
            text = "-" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
            verdict = f"{bar}: {'met' if met else 'NOT MET'}" if bar else ""
            lines.append(f"  {name:<{width}} {text:>12} {unit:<9} {verdict}".rstrip())
        for name, passed, detail in self.checks:
            lines.append(f"  {'ok  ' if passed else 'FAIL'} {name}{f': {detail}' if detail else ''}")
        for text, n in self.errors.most_common(10):
            lines.append(f"  error x{n}: {text}")
        return "\n".join(lines + [f"  note: {text}" for text in self.notes])
