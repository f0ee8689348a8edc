// Pieces of JSON that writers put together. Threads: pure functions.
#pragma once

#include "server/api/json_document.hpp"

#include <string>
#include <string_view>

namespace quern::server {

// "name":"text"
inline std::string text_field(std::string_view name, std::string_view text) {
  std::string out;
  append_json_string(out, name);
  out += ':';
  append_json_string(out, text);
  return out;
}

// One function per kind of event, for std::visit.
template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace quern::server
