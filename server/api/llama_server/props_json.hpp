// GET /props and /slots as llama-server shows them. Pure. Threads: any.
#pragma once

#include "models/served_model.hpp"
#include "server/api/json_document.hpp"

#include <cstddef>
#include <span>

namespace quern::server {

json::object props_json(const models::ServedModel& model);

// Adds one entry for each request that has a place; never anything of its text. They are numbered from `slots`' size.
void add_slots(const models::ServedModel& model, std::span<const sched::RequestStatus> requests, json::array& slots);

}  // namespace quern::server
