// A refusal that says when to come back. Threads: any.
#pragma once

#include "models/task_queue.hpp"
#include "server/response.hpp"

namespace quern::server {

// The error's response; of one that is overloaded with the time until a new request would get a place, as far as one
// can tell.
Response refusal(const Error& error, const models::TaskQueue& queue);

}  // namespace quern::server
