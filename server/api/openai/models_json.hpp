// A model of the model list as JSON. Pure. Threads: any. Source: the OpenAI API reference, "Models"; `meta` as
// llama-server has it.
#pragma once

#include "models/model_card.hpp"
#include "server/api/json_document.hpp"

namespace quern::server {

json::object model_json(const models::ModelCard& model);

}  // namespace quern::server
