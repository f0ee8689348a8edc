#include "server/api/timings_json.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace quern::server {
namespace {

std::string phase(const char* name, std::uint32_t n_tokens, double seconds) {
  const double per_token = n_tokens == 0 ? 0 : 1000 * seconds / n_tokens;
  const double per_second = seconds > 0 ? n_tokens / seconds : 0;
  return fmt::format(R"("{0}_n":{1},"{0}_ms":{2:.3f},"{0}_per_token_ms":{3:.3f},"{0}_per_second":{4:.3f})", name,
                     n_tokens, 1000 * seconds, per_token, per_second);
}

}  // namespace

std::string timings_json(const sched::RequestStatus& status) {
  const sched::RequestTimes& t = status.times;
  const std::uint32_t n_cached = std::min(status.n_cached, status.n_prompt);
  return fmt::format("{{\"cache_n\":{},", n_cached) + phase("prompt", status.n_prompt - n_cached, t.prefill) + "," +
         phase("predicted", status.n_generated, t.decode + t.parked + t.preempted) + "}";
}

}  // namespace quern::server
