// Events of a pull as the lines that Ollama's /api/pull streams, for its clients and for `quern pull --json`:
// {"status":"pulling manifest"}, {"status":"pulling 6e9f90f02bb3","digest":"sha256:..","total":N,"completed":N},
// {"status":"verifying sha256 digest"}, {"status":"success"}. Threads: values.
#pragma once

#include "registry/pull/pull_event.hpp"

#include <string>

namespace quern::registry::pull {

// A line without its end; empty: the event has none.
std::string ollama_line(const PullEvent& event);
std::string ollama_error_line(std::string_view detail);

}  // namespace quern::registry::pull
