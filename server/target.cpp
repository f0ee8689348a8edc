#include "server/target.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <boost/beast/core/string.hpp>

namespace quern::server {
namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// %41 -> A
Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0 || high + low == 0) return fail(Errc::bad_input, "request target: broken percent escape");
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  if (!engine::is_valid_utf8(out)) return fail(Errc::bad_input, "request target: not UTF-8");
  return out;
}

Result<std::string> normal_path(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    Result<std::string> segment = percent_decode(path.substr(0, end));
    if (!segment) return segment.error();
    path.remove_prefix(std::min(end + 1, path.size()));
    if (*segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment->empty() && *segment != ".") {
      segments.push_back(std::move(*segment));
    }
  }
  std::string out;
  for (const std::string& segment : segments) out.append("/").append(segment);
  return out.empty() ? "/" : out;
}

}  // namespace

Result<Target> parse_target(std::string_view target) {
  Target out;
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    if (!boost::beast::iequals(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t end = std::min(target.find_first_of("/?#"), target.size());
    if (end == 0) return fail(Errc::bad_input, "request target: no host behind {}", scheme);
    out.authority = std::string(target.substr(0, end));
    target.remove_prefix(end);
    if (!target.starts_with('/')) target = "/";
    break;
  }
  if (target == "*") {
    out.path = target;
    return out;
  }
  if (!target.starts_with('/')) return fail(Errc::bad_input, "request target: must begin with '/'");
  const std::string_view whole = target.substr(0, target.find('#'));
  const std::size_t mark = whole.find('?');
  if (mark != std::string_view::npos) out.query = std::string(whole.substr(mark + 1));
  QUERN_TRY(out.path, normal_path(whole.substr(0, mark)));
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    std::string pair(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    std::ranges::replace(pair, '+', ' ');
    const std::size_t equals = std::min(pair.find('='), pair.size());
    QUERN_TRY(std::string key, percent_decode(std::string_view(pair).substr(0, equals)));
    QUERN_TRY(std::string value, percent_decode(std::string_view(pair).substr(std::min(equals + 1, pair.size()))));
    out.emplace_back(std::move(key), std::move(value));
  }
  return out;
}

}  // namespace quern::server
