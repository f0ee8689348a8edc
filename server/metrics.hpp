// The state of scheduler and server in the Prometheus text format. Names and units are vLLM's where vLLM has the value,
// so that existing dashboards work; ours begin with quern:. Threads: any; reads counters only.
#pragma once

#include "server/server_state.hpp"

#include <string>

#include <prometheus/collectable.h>

namespace quern::server {

class MetricsSource final : public prometheus::Collectable {
 public:
  explicit MetricsSource(const ServerState& state) : state_(state) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const ServerState& state_;
};

std::string metrics_text(const ServerState& state);

}  // namespace quern::server
