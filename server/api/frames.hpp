// The framings of streams. Data has no line breaks (JSON written by us has none). Threads: pure functions.
// Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
#pragma once

#include <string>
#include <string_view>

namespace quern::server {

inline void append_data(std::string& out, std::string_view data) {
  out.append("data: ").append(data).append("\n\n");
}

inline void append_event(std::string& out, std::string_view name, std::string_view data) {
  out.append("event: ").append(name).append("\n");
  append_data(out, data);
}

inline void append_comment(std::string& out) {
  out += ": ping\n\n";
}

inline void append_line(std::string& out, std::string_view json) {
  out.append(json).append("\n");
}

}  // namespace quern::server
