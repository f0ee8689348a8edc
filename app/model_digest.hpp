// A name for what a model file holds: SHA-256 as 64 hexadecimal digits, the same wherever and whenever the file is
// loaded. Of its metadata, of the table of its tensors, and of a few bytes of each tensor, not of all: a digest of
// gigabytes would read what only the computation needs. Two files differ in it unless somebody made them not to.
// Threads: any. Cost: milliseconds, and a page of each tensor.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"

#include <string>

namespace quern::app {

// Errors: io (OpenSSL failed).
Result<std::string> model_digest(const engine::gguf::GgufFile& file);

}  // namespace quern::app
