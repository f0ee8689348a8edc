// JSON of /control/*. Pure. Threads: any.
#pragma once

#include "base/byte_ledger.hpp"
#include "models/task_queue.hpp"
#include "sched/scheduler.hpp"
#include "server/api/json_document.hpp"

namespace quern::server {

json::object snapshot_json(const sched::Snapshot& snapshot);
json::object upstream_json(const models::UpstreamStatus& upstream);
json::object request_json(const sched::RequestStatus& status);
json::object memory_json(const ByteLedger& ledger);

}  // namespace quern::server
