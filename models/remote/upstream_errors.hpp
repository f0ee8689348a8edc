// What an upstream's refusal means for the client and for whoever might answer instead. Threads: pure.
#pragma once

#include "models/remote/remote_desk.hpp"
#include "models/remote/remote_dialect.hpp"
#include "net/http_message.hpp"

#include <optional>
#include <string_view>

namespace quern::models {

struct Refusal {
  Error error;
  UpstreamOutcome outcome = UpstreamOutcome::answered;
  std::optional<Duration> retry_after;
};

// Of an answer whose status is not 200. 400, 413, 422: the request is at fault, in the upstream's words; 401, 403, 404:
// this server's configuration is; 429, 503, 529: it is busy; other 5xx: it has failed.
Refusal refusal_of(const quern::net::ResponseHead& head, std::string_view body, const Upstream& upstream);

// Whether another server may be asked instead, as long as nothing of an answer was given out: not where the request or
// the key is at fault, nor where the client has left.
bool may_ask_another(const Error& error) noexcept;

}  // namespace quern::models
