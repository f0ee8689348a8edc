// The report of `quern inspect` for people. Everything from the file passes through printable().
// Threads: pure functions over the stream.
#pragma once

#include "engine/gguf/reader.hpp"

#include <iosfwd>
#include <string>
#include <string_view>

namespace quern::app {

void print_metadata(const engine::gguf::GgufFile& file, std::ostream& out);  // long strings and arrays shortened
void print_tensors(const engine::gguf::GgufFile& file, std::ostream& out);
void print_summary(const engine::gguf::GgufFile& file, std::ostream& out);

// In full: a string with its line breaks, an array one element to a line.
void print_value(const engine::gguf::Value& value, std::ostream& out);

// "636.2 MiB"
std::string size_text(std::uint64_t size_bytes);

}  // namespace quern::app
