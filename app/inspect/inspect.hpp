// `quern inspect`: what is inside a GGUF file, without loading a model. The file is foreign, so nothing of it reaches
// the terminal unescaped. Threads: any; no state.
#pragma once

#include "base/result.hpp"

#include <iosfwd>
#include <string>

namespace quern::app {

struct InspectOptions {
  std::string path;
  bool json = false;           // one JSON object instead of text
  bool metadata_only = false;  // neither tensors nor summary
  bool tensors_only = false;   // neither metadata nor summary
  std::string key;             // print this value in full, and nothing else
};

// Errors: bad_input (options that contradict each other), not_found (file, key), and those of GgufFile::open.
Status run_inspect(const InspectOptions& options, std::ostream& out);

}  // namespace quern::app
