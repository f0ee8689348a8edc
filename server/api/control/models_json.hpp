// Models as operators see them. Pure. Threads: any.
#pragma once

#include "models/residency.hpp"
#include "server/api/json_document.hpp"

#include <string>

namespace quern::server {

json::object model_view_json(const models::ModelView& view);
std::string why(const models::ModelView& view);  // it is in memory, or not

}  // namespace quern::server
