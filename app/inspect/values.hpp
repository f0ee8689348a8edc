// Metadata values one by one, for both reports. Threads: pure functions.
#pragma once

#include "engine/gguf/reader.hpp"

#include <cstdint>
#include <string>

namespace quern::app {

// REQUIRES: index < array.count.
engine::gguf::Value element(const engine::gguf::ArrayView& array, std::uint64_t index);

// "-5", "true", "1e-05". REQUIRES: neither a string nor an array.
std::string scalar_text(const engine::gguf::Value& value);

}  // namespace quern::app
