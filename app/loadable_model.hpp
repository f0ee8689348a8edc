// What a model file says of its model before it is loaded: for lists, and to plan. Reads keys, not weights.
// Threads: pure functions. Errors: those of the GGUF reader and of Model for keys; unsupported: it does nothing.
#pragma once

#include "app/options/options.hpp"
#include "base/result.hpp"
#include "engine/gguf/reader.hpp"
#include "models/residency.hpp"

#include <string>

namespace quern::app {

// The format of most of its bytes: "Q4_K".
std::string main_quantization(const engine::gguf::GgufFile& file);

// Without its load(). embeds: it is to make vectors of texts although it could generate.
Result<models::LoadableModel> describe_model(const Options& options, const ModelFile& from, bool embeds);

}  // namespace quern::app
