#!/usr/bin/env python3
"""Fails where a file includes what its folder may not, or is too long to be read in one sitting."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MAX_LINES = 500

# folder -> folders of ours it may include (itself always). The order is the architecture: app -> ... -> base.
ALLOWED = {
    "base": [],
    "net": ["base"],
    "kernels": ["base"],
    "kv": ["kernels", "base"],
    "engine": ["kernels", "kv", "base"],
    "sched": ["engine", "kernels", "kv", "base"],
    "registry": ["net", "engine/gguf", "engine/sampling", "kernels/quant", "base"],
    "models": ["net", "sched", "engine/tokenizer", "engine/chat", "engine/grammar", "engine/sampling", "engine/tools",
               "engine/backend.hpp", "base"],
    "server": ["models", "net", "sched", "engine/tokenizer", "engine/chat", "engine/grammar", "engine/sampling", "engine/tools",
               "engine/backend.hpp", "registry", "base"],
    "app": ["net", "server", "registry", "models", "sched", "engine", "kernels", "kv", "base"],
}
# third-party headers -> the only places that may include them
THIRD_PARTY = {
    r"spdlog/": ["base/log"],
    r"hwloc": ["kernels/"],
    r"immintrin\.h|x86intrin\.h|arm_neon\.h": ["kernels/cpu/", "kernels/core_pool."],
    r"simde/": ["kernels/cpu/"],
    r"boost/beast": ["net/", "server/", "app/", "cmake/pch/"],
    r"boost/json": ["server/", "app/", "tests/", "registry/", "models/remote/", "engine/tokenizer/sources/", "engine/grammar/", "engine/tools/",
                     "cmake/pch/"],
    r"pcre2\.h": ["engine/tokenizer/"],
    r"utf8proc\.h": ["engine/tokenizer/", "engine/chat/", "engine/grammar/"],
    r"yaml-cpp/": ["app/", "registry/"],
    r"CLI/": ["app/", "tests/golden/"],
    r"prometheus/": ["server/"],
    r"openssl/|boost/asio/ssl": ["net/", "server/keys/", "server/tls/", "server/peer_stream.", "app/model_digest.",
                                    "registry/digest.", "registry/pull/following_hash."],
    r"zlib\.h": ["net/"],
    r"sqlite3\.h": ["base/sqlite.", "registry/", "server/store/"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def tracked_sources():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    names = out.stdout.splitlines() if out.returncode == 0 else [
        str(p.relative_to(ROOT)) for p in ROOT.rglob("*") if p.is_file() and "build" not in p.parts]
    return [n for n in names if n.endswith((".cpp", ".hpp", ".py", ".sh", ".mjs")) and (ROOT / n).exists()]


def check(name, problems):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    if len(lines) > MAX_LINES:
        problems.append(f"{name}: {len(lines)} lines, at most {MAX_LINES}")
    folder = name.split("/")[0]
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(2)
        own = target.split("/")[0]
        if own in ALLOWED and folder in ALLOWED and own != folder:
            if not any(target == a or target.startswith(a.rstrip("/") + "/") for a in ALLOWED[folder]):
                problems.append(f"{name}:{number}: {folder}/ may not include {target}")
        for pattern, places in THIRD_PARTY.items():
            if re.match(pattern, target) and folder in ALLOWED and not any(name.startswith(p) for p in places):
                problems.append(f"{name}:{number}: {target} belongs to {', '.join(places)}")


def main():
    problems = []
    sources = tracked_sources()
    for name in sources:
        check(name, problems)
    print("\n".join(problems) if problems else f"{len(sources)} files: includes and lengths are fine")
    return 1 if problems or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
