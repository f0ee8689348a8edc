// The report of `quern inspect --json`. ASCII only, so that it is safe on a terminal too; bytes that are not UTF-8
// become U+FFFD; numbers that JSON cannot hold become strings. Threads: pure functions.
#pragma once

#include "engine/gguf/reader.hpp"

#include <string>

namespace quern::app {

struct JsonParts {
  bool metadata = true, tensors = true, summary = true;
};
// {"file": .., "version": .., "metadata": {key: {"type": .., "value": ..}}, "tensors": [..], "summary": {..}}
// Arrays longer than 16 items are cut: {"type": .., "count": .., "first": [..]}.
std::string json_report(const engine::gguf::GgufFile& file, const JsonParts& parts);

// One value in full: {"key": .., "type": .., "value": ..}
std::string json_value(std::string_view key, const engine::gguf::Value& value);

}  // namespace quern::app
