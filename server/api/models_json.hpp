// The model list as JSON. Pure. Threads: any. Source: the OpenAI API reference, "Models"; `meta` as llama-server has
// it.
#pragma once

#include "engine/backend.hpp"
#include "server/api/json_document.hpp"

#include <cstdint>
#include <string>

namespace quern::server {

json::object model_json(const std::string& id, const engine::ModelInfo& model, std::uint32_t max_context,
                        std::int64_t created_unix_s);

}  // namespace quern::server
