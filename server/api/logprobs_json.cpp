#include "server/api/logprobs_json.hpp"

#include "server/api/json_text.hpp"

#include <cmath>
#include <iterator>

#include <fmt/format.h>

namespace quern::server {
namespace {

// Of a token and of an alternative, without the closing brace.
template <class T>
void append_token(std::string& out, const T& entry, const LogprobShape& shape, bool with_bytes) {
  out += '{';
  if (shape.ids) fmt::format_to(std::back_inserter(out), "\"id\":{},", entry.token);
  out += text_field("token", entry.text);
  fmt::format_to(std::back_inserter(out), ",\"{}\":{}", shape.value,
                 shape.probabilities ? std::exp(entry.logprob) : entry.logprob);
  if (!with_bytes) return;
  out += ",\"bytes\":[";
  for (const char c : entry.bytes) {
    if (out.back() != '[') out += ',';
    fmt::format_to(std::back_inserter(out), "{}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  out += ']';
}

}  // namespace

std::string logprob_list(std::span<const models::TokenLogprob> logprobs, const LogprobShape& shape) {
  std::string out;
  for (const models::TokenLogprob& entry : logprobs) {
    if (!out.empty()) out += ',';
    append_token(out, entry, shape, true);
    if (shape.empty_list_too || !entry.top.empty()) {
      fmt::format_to(std::back_inserter(out), ",\"{}\":[", shape.alternatives);
      for (const models::TokenChance& other : entry.top) {
        if (out.back() != '[') out += ',';
        append_token(out, other, shape, shape.bytes_of_others);
        out += '}';
      }
      out += ']';
    }
    out += '}';
  }
  return out;
}

}  // namespace quern::server
