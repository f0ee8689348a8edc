"""The workloads, by name. One is a module with
  SERVER: options of the `quern serve` that --spawn starts for it;
  add_options(parser): its own options;
  async run(server, options, report): the measurement.
"""
from workloads import (burst, chat, control, crawlers, determinism, embeddings, flooder, intruder, keystrokes, large_bodies, nonce, shared_prefix,
                       slow_readers, soak, streams, throttle)

ALL = {module.__name__.split(".")[-1].replace("_", "-"): module
       for module in (chat, intruder, embeddings, streams, shared_prefix, burst, slow_readers, large_bodies, control, flooder, crawlers, throttle, keystrokes,
                      nonce, determinism, soak)}
