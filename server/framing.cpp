#include "server/framing.hpp"

#include <algorithm>
#include <vector>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>

namespace quern::server {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::size_t kShownBytes = 60;

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = text.find_last_not_of(" \t");
  return text.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin);
}

// What a list field names, of all its lines together.
std::vector<std::string_view> items(const HttpRequest& request, http::field name) {
  std::vector<std::string_view> out;
  const auto [first, last] = request.equal_range(name);
  for (auto line = first; line != last; ++line) {
    std::string_view rest(line->value().data(), line->value().size());
    for (std::size_t end = 0; end != std::string_view::npos;) {
      end = rest.find(',');
      out.push_back(trimmed(rest.substr(0, end)));
      if (end != std::string_view::npos) rest.remove_prefix(end + 1);
    }
  }
  return out;
}

Status check_transfer_encoding(const HttpRequest& request) {
  if (request.version() < 11) return fail(Errc::bad_input, "Transfer-Encoding: HTTP/1.0 has none");
  if (request.count(http::field::content_length) > 0) {
    return fail(Errc::bad_input, "Transfer-Encoding and Content-Length: expected one of them, found both");
  }
  const auto n_lines = request.count(http::field::transfer_encoding);
  const std::vector<std::string_view> codings = items(request, http::field::transfer_encoding);
  const auto is_chunked = [](std::string_view coding) { return beast::iequals(coding, "chunked"); };
  if (codings.size() == 1 && is_chunked(codings[0])) return {};
  if (!is_chunked(codings.back()) || std::count_if(codings.begin(), codings.end(), is_chunked) > 1 || n_lines > 1) {
    return fail(Errc::bad_input, "Transfer-Encoding: expected chunked, found '{}' in {} lines, where a body has no end",
                codings.back().substr(0, kShownBytes), n_lines);
  }
  return fail(Errc::unsupported, "Transfer-Encoding: only chunked is supported, found '{}' before it",
              codings[0].substr(0, kShownBytes));
}

}  // namespace

Status check_framing(const HttpRequest& request) {
  if (request.count(http::field::transfer_encoding) > 0) return check_transfer_encoding(request);
  const auto n_lengths = request.count(http::field::content_length);
  if (n_lengths > 1) return fail(Errc::bad_input, "Content-Length: sent {} times, expected once", n_lengths);
  const auto length = request[http::field::content_length];
  const bool is_number =
      !length.empty() && std::all_of(length.begin(), length.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (n_lengths == 1 && !is_number) {
    return fail(Errc::bad_input, "Content-Length: expected a number, found '{}'",
                std::string_view(length.data(), std::min(length.size(), kShownBytes)));
  }
  return {};
}

std::string content_coding(const HttpRequest& request) {
  for (const std::string_view coding : items(request, http::field::content_encoding)) {
    if (!coding.empty() && !beast::iequals(coding, "identity")) return std::string(coding.substr(0, kShownBytes));
  }
  return {};
}

}  // namespace quern::server
