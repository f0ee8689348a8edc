#!/usr/bin/env python3
"""Many models in less memory than they need together: requests over all of them, Zipf-distributed.

  bench/models/run.py --quern build/release/quern --folder /tmp/models [--models 20] [--memory 20G] [--requests 10000]

Makes the models where they are missing (quern synth, q3_k_m), serves them on demand and asks from 32 clients. Says how many
requests failed, how long they took where the model was there and where it had to be loaded, and how far the memory
budget's bytes and those of the process are from each other. Standard library only.
"""
import argparse
import http.client
import json
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quern", default="build/release/quern")
    parser.add_argument("--folder", required=True, help="where the models are, or are made")
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--shapes", default="tinyllama-1.1b,llama-3.2-1b", help="of quern synth, in turns")
    parser.add_argument("--quant", default="q3_k_m")
    parser.add_argument("--memory", default="20G")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=4)
    parser.add_argument("--zipf", type=float, default=1.1)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def make_models(args):
    os.makedirs(args.folder, exist_ok=True)
    shapes = args.shapes.split(",")
    paths = []
    for i in range(args.models):
        path = os.path.join(args.folder, f"m{i:02d}.gguf")
        if not os.path.exists(path):
            subprocess.run([args.quern, "synth", "--shape", shapes[i % len(shapes)], "--quant", args.quant,
                            "--weight-seed", str(i + 1), path], check=True)
        paths.append(path)
    return paths


class Server:
    def __init__(self, args, paths):
        self.socket = os.path.join(args.folder, "q.sock")
        models = [word for i, path in enumerate(paths) for word in ("-m", f"m{i:02d}={path}")]
        self.process = subprocess.Popen([args.quern, "serve", "--port", "0", "--keys", "none", "--socket", self.socket, "--on-demand",
                                         "--memory", args.memory, "--log-level", "warn", *models], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(re.search(r":(\d+)", line).group(1))

    def control(self, path):
        connection = http.client.HTTPConnection("quern")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.socket)
        connection.request("GET", path)
        body = json.loads(connection.getresponse().read())
        connection.close()
        return body

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            rows = dict(line.split(":", 1) for line in status)
        return int(rows["VmRSS"].split()[0]) * 1024


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def client(server, args, number, take, results):
    rng = random.Random(args.seed * 1000 + number)
    weights = [1 / (rank + 1) ** args.zipf for rank in range(args.models)]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    while take():
        model = rng.choices(range(args.models), weights)[0]
        body = json.dumps({"model": f"m{model:02d}", "prompt": "Once upon a time", "max_tokens": args.tokens, "stream": True,
                           "temperature": 0, "ignore_eos": True})
        began = time.monotonic()
        try:
            connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            first = None
            text = b""
            while chunk := reply.read1(65536):
                first = first or time.monotonic()
                text += chunk
            ok = reply.status == 200 and b"[DONE]" in text and b'"error"' not in text
            results.append((model, ok, (first or time.monotonic()) - began, time.monotonic() - began, "" if ok else text[:200].decode()))
        except (OSError, http.client.HTTPException) as error:
            results.append((model, False, 0, 0, str(error)))
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)


def main():
    args = arguments()
    server = Server(args, make_models(args))
    left = [args.requests]
    lock = threading.Lock()

    def take():
        with lock:
            left[0] -= 1
            return left[0] >= 0

    results = []
    began = time.monotonic()
    threads = [threading.Thread(target=client, args=(server, args, i, take, results)) for i in range(args.clients)]
    for thread in threads:
        thread.start()
    gaps, most = [], 0
    while any(thread.is_alive() for thread in threads):
        time.sleep(1)
        used, rss = server.control("/control/memory")["used_bytes"], server.resident_bytes()
        gaps.append(rss / used - 1)
        most = max(most, rss)
    took = time.monotonic() - began
    models = server.control("/control/models")["models"]
    failed = [row for row in results if not row[1]]
    first = [row[2] for row in results if row[1]]
    print(json.dumps({"requests": len(results), "failed": len(failed), "seconds": round(took, 1), "requests_per_s": round(len(results) / took, 2),
                      "first_token_s": {"p50": round(percentile(first, .5), 3), "p99": round(percentile(first, .99), 3),
                                        "max": round(max(first, default=0), 3)},
                      "loads": sum(model["loads"] for model in models), "load_ms": {
                          "p50": round(percentile([model["load_ms"] for model in models if model["loads"]], .5), 1),
                          "max": round(max((model["load_ms"] for model in models), default=0), 1)},
                      "resident_at_the_end": sum(model["state"] == "resident" for model in models),
                      "rss_over_ledger": {"p50": round(percentile(gaps, .5), 4), "max": round(max(gaps, default=0), 4)},
                      "most_rss_bytes": most, "budget": args.memory, "errors": [row[4] for row in failed[:3]]}, indent=1))
    server.process.terminate()
    server.process.wait(timeout=60)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
