"""Every option that takes a number: its smallest and its largest value either work or give a clear error, and what lies
beyond, or is no number, is wrong usage that names the option. The bounds are those that the error message gives."""
import re
import signal
import subprocess
import unittest

import quern_process
from quern_process import TIMEOUT_S, QuernTest, environment, quern

ROW = re.compile(r"^\| (?:`-\w` )?`--([\w-]+) (N|X|SIZE|TIME|N,N,\.\.)` \|[^|]*\|[^|]*\| ([^|]*) \|", re.M)
BOUNDS = re.compile(r"want (?:an integer|a number|a size|a time|integers) between (\S+) and ([^\s,]+)")
NO_NUMBERS = ("", "x", "1 ", "0x10", "nan", "1e999", "1,", "99999999999999999999999999999999")
# What one value of the option leads to: seconds at most, whatever the value.
PROBES = {
    "serve": ("serve", "--port", "0"),
    "run": ("run", "-p", "Once", "-n", "2", "--seed", "1"),
    "bench": ("bench", "-p", "8", "-n", "1", "-b", "1", "-r", "1"),
    "synth": ("synth", "--shape", "tiny"),
    "keys": ("keys", "add", "probe"),
    "pull": ("pull", "--offline", "probe"),
}
SLOW = {("bench", "repetitions")}  # a thousand runs of each line


def beyond(bound, step):
    """The next value outside: "64T" -> "65T", "8" -> "7" or "9", "100ms" -> "99ms"."""
    number, unit = re.fullmatch(r"(-?[\d.]+)(.*)", bound).groups()
    return f"{(int(float(number)) if '.' in number else int(number)) + step}{unit}"


class Bounds(QuernTest):
    def probe(self, command, name, value):
        # Files first: an option with an empty value takes what follows it.
        files = {"serve": ("--socket", "none"), "keys": ("--keys", str(self.directory / "keys.json")),
                 "pull": ("--models-dir", str(self.directory / "models"))}.get(command, ())
        arguments = [*PROBES[command], *files, f"--{name}={value}"]
        if command == "synth":
            arguments.append(str(self.directory / f"{name}-{abs(hash(value))}.gguf"))
        if command != "serve":
            return quern(*arguments)
        process = subprocess.Popen([quern_process.QUERN, *arguments], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, env=environment())
        announced = process.stdout.readline()
        if announced:
            process.send_signal(signal.SIGTERM)
        output, log = process.communicate(timeout=TIMEOUT_S)
        return subprocess.CompletedProcess(arguments, process.returncode, announced + output, log)

    def check_option(self, command, name):
        bounds = None
        for value in NO_NUMBERS:
            result = self.probe(command, name, value)
            with self.subTest(value=value):
                self.check(result, 2, f"--{name}", *(["want "] if value else []))
            bounds = bounds or BOUNDS.search(result.stderr)
        if bounds is None:
            return  # a value of its own kind, as --seed
        smallest, largest = bounds.groups()
        for value in (beyond(smallest, -1), beyond(largest, 1)):
            with self.subTest(value=value):
                self.check(self.probe(command, name, value), 2, f"--{name}", "want ")
        for value in (smallest, largest):
            if (command, name) in SLOW and value == largest:
                continue
            result = self.probe(command, name, value)
            with self.subTest(value=value):
                self.assertIn(result.returncode, (0, 1), result.stderr)
                if result.returncode == 1:  # refused for a reason that only the model and the machine know
                    self.assertRegex(result.stderr, r"quern: .*(--|memory budget|positions|model)")

    def test_port_of_a_page(self):
        self.check(quern("serve", "--port", "70000"), 2, "--port: want an integer between 0 and 65535, found '70000'")


def add_tests():
    for name, _, commands in ROW.findall(quern("help", "options").stdout):
        for command in commands.split(", "):
            if command in PROBES:
                test = f"test_{command}_{name}".replace("-", "_")
                setattr(Bounds, test, lambda self, c=command, n=name: self.check_option(c, n))


if __name__ == "__main__":
    quern_process.QUERN = __import__("sys").argv.pop(1)
    add_tests()
    unittest.main(module="__main__", verbosity=1)
