// How long a request wants its model to stay in memory afterwards: Ollama's "keep_alive". Pure. Threads: any.
// Source: Ollama's API reference, "keep_alive": a number of seconds, or a duration as Go writes it ("1h30m", "300ms");
// negative: for ever; 0: it goes at once.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "server/api/json_document.hpp"

#include <optional>

namespace quern::server {

// Errors: bad_input naming the field. nullopt: the request does not say.
Result<std::optional<Duration>> read_keep_alive(const json::object& request);

}  // namespace quern::server
