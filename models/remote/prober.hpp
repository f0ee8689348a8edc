// Asks an upstream that is left alone whether it is there again, so that no request has to try it first: a small GET
// each time the breaker would let a request try, until one is answered. Threads: any; the probe runs on the executor of
// the desk's client. Ownership: lives as long as a probe runs or the desk refers to it.
#pragma once

#include "models/remote/remote_desk.hpp"

#include <memory>

namespace quern::models {

// From now on, until the desk is drained.
void probe_when_open(const std::shared_ptr<RemoteDesk>& desk);

}  // namespace quern::models
