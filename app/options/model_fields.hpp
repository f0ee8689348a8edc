// [NAME,..=]FILE: models on the command line. Threads: pure functions.
#pragma once

#include "app/options/options.hpp"
#include "base/result.hpp"

#include <string_view>

namespace quern::app {

// Adds one; of models an empty text is the embedded one, of embedding models "none" is none. What stands before the
// first '=' is names where it has no '/': ./a=b.gguf is a file. Errors: bad_input.
Status parse_model(std::string_view text, Options& options);
Status parse_embedding_model(std::string_view text, Options& options);
void reset_models(Options& options);
void reset_embedding_models(Options& options);

}  // namespace quern::app
