// What is kept of a request that has ended: a log line, if wanted, a span for the trace it belongs to, and what the
// activity log says of it. Never its text. Threads: that of the exchange.
#pragma once

#include "models/served_model.hpp"
#include "server/exchange.hpp"

#include <chrono>
#include <string_view>

namespace quern::server {

struct RequestOutcome {
  sched::RequestStatus status;
  models::Usage usage;
  bool finished = false;  // it came to its own end
};

// begun: when the request was submitted.
void record_request(Exchange& exchange, const ServerState& state, const models::ServedModel& model,
                    const RequestOutcome& outcome, std::string_view endpoint,
                    std::chrono::system_clock::time_point begun);

}  // namespace quern::server
