#!/usr/bin/env python3
"""Load generator for OpenAI-compatible servers: run.py WORKLOAD [options]; run.py --help lists the workloads.

  run.py chat --url http://127.0.0.1:8080                      any server
  run.py intruder --spawn build/release/quern --model m.gguf   a quern of its own, stopped afterwards
Exit status: 0 done, 1 a check failed (or, with --enforce, a bar), 2 wrong usage.
"""
import argparse
import asyncio
import gc
import json
import signal
import sys
import time
import urllib.parse

import workloads
from load.http import Address
from load.process import QuernProcess, cpu_s, merged_options, raise_open_files
from load.report import Report
from load.server import Server


def parse_arguments(argv):
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="workload", required=True, metavar="WORKLOAD")
    for name, module in workloads.ALL.items():
        command = commands.add_parser(name, help=module.__doc__.split("\n")[0], description=module.__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
        where = command.add_argument_group("server")
        where.add_argument("--url", help="http://host:port of a running server")
        where.add_argument("--socket", help="its Unix socket: for /control, and for the load too where there is no --url")
        where.add_argument("--pid", type=int, help="its process, for memory")
        where.add_argument("--spawn", metavar="BINARY", help="start this quern, and stop it afterwards")
        where.add_argument("--model", metavar="FILE", help="GGUF for --spawn [the embedded model]")
        where.add_argument("--server-args", metavar="TEXT", help="further options of `quern serve`, as one word")
        where.add_argument("--over-socket", action="store_true", help="with --spawn: load over the Unix socket, not TCP")
        where.add_argument("--model-name", help="`model` of the requests [the first that the server lists]")
        where.add_argument("--api-key", help="sent as bearer token")
        where.add_argument("--no-ignore-eos", action="store_true", help="do not send `ignore_eos`")
        where.add_argument("--field", action="append", default=[], metavar="NAME=JSON",
                           help="a further field of every request, such as priority=1")
        command.add_argument("--json", action="store_true", help="print JSON instead of a table")
        command.add_argument("--enforce", action="store_true", help="a missed bar is a failure too")
        command.add_argument("--seed", type=int, default=1, help="of the prompts [1]")
        module.add_options(command)
    options = parser.parse_args(argv)
    if not (options.url or options.socket or options.spawn):
        parser.error("want one of --url, --socket, --spawn")
    return options


def find_server(options, process):
    common = {"model": options.model_name, "api_key": options.api_key, "ignore_eos": not options.no_ignore_eos,
              "fields": {name: json.loads(value) for name, _, value in (field.partition("=") for field in options.field)}}
    if process:
        control = Address.unix(process.socket_path)
        address = control if options.over_socket else Address.tcp("127.0.0.1", process.port)
        return Server(address, control, process.pid, **common)
    control = Address.unix(options.socket) if options.socket else None
    url = urllib.parse.urlsplit(options.url) if options.url else None
    address = Address.tcp(url.hostname, url.port or 80) if url else control
    return Server(address, control, options.pid, **common)


async def run(module, server, options, report):
    await server.look()
    report.server = f"{server.address}, model {server.model}"
    gc.collect()
    gc.freeze()  # collections stay short: nothing from before is looked at again
    cpu, wall = cpu_s(), time.perf_counter()
    await module.run(server, options, report)
    wall = time.perf_counter() - wall
    report.value("client_cpu", 100 * (cpu_s() - cpu) / wall, "% of core")
    report.value("wall", wall, "s")


def main(argv):
    options = parse_arguments(argv)
    module = workloads.ALL[options.workload]
    raise_open_files(4096)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a spawned server is stopped then too
    process = None
    if options.spawn:
        process = QuernProcess(options.spawn, options.model, merged_options(module.SERVER, options.server_args))
    try:
        server = find_server(options, process)
        report = Report(options.workload, vars(options))
        asyncio.run(run(module, server, options, report))
    finally:
        code = process.stop() if process else 0
    if process:
        report.check("the server ended with status 0", code == 0, "" if code == 0 else f"status {code}")
    print(report.json() if options.json else report.table())
    return 1 if report.failed(options.enforce) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
