"""A few small workloads against a real `quern serve` with the embedded model: smoke.py BINARY. Checks decide, not times."""
import pathlib
import subprocess
import sys

RUN = pathlib.Path(__file__).resolve().parents[2] / "bench" / "serve" / "run.py"
RUNS = [
    "chat --users 3 --conversations 1 --turns 2 --think 0",
    "shared-prefix --rounds 2",
    "burst --requests 60 --rounds 1",
    "determinism --requests 12 --concurrency 1,7",
    "nonce --requests 200 --concurrency 16 --again 20 --over-socket --json",
    "keystrokes --mode disconnect --editors 1 --texts 1 --keys 6 --interval 0.02",
    "slow-readers --busy 4 --sleepers 40 --seconds 0.5 --settle 30",
    "soak --minutes 0.05",
]


def main(binary):
    failed = 0
    for run in RUNS:
        done = subprocess.run([sys.executable, RUN, *run.split(), "--spawn", binary], capture_output=True, text=True,
                              timeout=200)
        print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {run}")
        if done.returncode != 0:
            failed += 1
            print(done.stdout, done.stderr, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
