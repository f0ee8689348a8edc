// Times as Go writes them, and so Ollama's clients and files: "1h30m", "300ms", "-1s", "0". Threads: pure functions.
// Source: the documentation of Go's time.ParseDuration.
#pragma once

#include <optional>
#include <string_view>

namespace quern {

// In seconds; nullopt: it is none.
std::optional<double> parse_go_duration(std::string_view text) noexcept;

}  // namespace quern
