// The body of a request as a JSON document. Threads: plain data, a pure function.
#pragma once

#include "server/api/json_document.hpp"

#include <cstdint>
#include <string_view>

namespace quern::server {

struct Document {
  json::object root;
  WideIntegers wide;          // what numbers in it stand for
  std::uint64_t n_bytes = 0;  // that it and what is made of it may take
  bool large = false;         // what is made of it is made by a helper thread
};

// Errors: those of parse_json_object().
Result<Document> parse_document(std::string_view body, std::size_t max_depth);

}  // namespace quern::server
