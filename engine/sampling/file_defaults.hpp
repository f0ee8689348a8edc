// What a model's maker recommends for sampling: the keys general.sampling.* of its file, and the tokens that it never
// wants to see (tokenizer.ggml.suppress_tokens). They are advice: what makes no sense or is not supported is left out
// and said, and does not stop the model from being used. Threads: pure functions.
// Source: the key names of llama.cpp's gguf constants; values may be numbers, or text of numbers.
#pragma once

#include "engine/gguf/reader.hpp"
#include "engine/sampling/params.hpp"

#include <string>
#include <vector>

namespace quern::engine::sampling {

struct FileDefaults {
  SamplingParams params;             // built-in values, changed by what the file says
  std::vector<std::string> applied;  // "temperature 0.6": what it says, for people
  std::vector<std::string>
      ignored;  // "general.sampling.mirostat: mirostat: must be 0, 1 or 2, found 3": what is not done, and why
};

FileDefaults read_file_defaults(const gguf::GgufFile& file);

}  // namespace quern::engine::sampling
