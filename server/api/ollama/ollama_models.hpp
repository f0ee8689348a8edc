// The served models as Ollama's API shows them. Pure. Threads: any.
// Source: Ollama's API reference; which fields clients cannot do without: Zed, Home Assistant, VS Code Copilot,
// Continue.
#pragma once

#include "models/model_catalog.hpp"
#include "server/api/json_document.hpp"

namespace quern::server {

json::object ollama_list(const models::ModelCatalog& catalog, bool running);  // /api/tags, /api/ps
json::object ollama_show(const models::ModelCard& model);                     // /api/show

}  // namespace quern::server
