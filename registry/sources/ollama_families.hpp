// What Ollama's registry says about a model besides its layers, and the families whose files only Ollama can read: it
// translates them when it loads them, so to every other reader they are files with missing or foreign keys.
// Threads: pure functions.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::registry::sources {

struct OllamaConfig {
  std::string format;                 // "gguf"
  std::vector<std::string> families;  // of the parts, the model's first
  std::string quant;                  // "Q4_K_M"
  std::string size;                   // "8.0B"
  std::string remote_host;            // not empty: only a name for a model that runs elsewhere
};
// Errors: corrupt.
Result<OllamaConfig> read_ollama_config(std::string_view json);

// Errors: unsupported: a family that only Ollama translates, another format, or a model that runs elsewhere; each
// sentence says what to do instead.
Status check_readable(const OllamaConfig& config, std::string_view name);

}  // namespace quern::registry::sources
