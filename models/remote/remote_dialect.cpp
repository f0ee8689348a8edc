#include "models/remote/remote_dialect.hpp"

#include "models/remote/kinds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace quern::models {

namespace json = boost::json;

const char* upstream_kind_name(UpstreamKind kind) noexcept {
  switch (kind) {
    case UpstreamKind::openai:
      return "openai";
    case UpstreamKind::ollama:
      return "ollama";
    case UpstreamKind::anthropic:
      return "anthropic";
  }
  return "?";
}

Result<UpstreamKind> parse_upstream_kind(std::string_view text) {
  for (const UpstreamKind kind : {UpstreamKind::openai, UpstreamKind::ollama, UpstreamKind::anthropic}) {
    if (text == upstream_kind_name(kind)) return kind;
  }
  return fail(Errc::bad_input, "want kind openai, ollama or anthropic, found '{}'", text);
}

const RemoteDialect& remote_dialect(UpstreamKind kind) noexcept {
  static const OpenAiUpstream openai;
  static const OllamaUpstream ollama;
  static const AnthropicUpstream anthropic;
  switch (kind) {
    case UpstreamKind::ollama:
      return ollama;
    case UpstreamKind::anthropic:
      return anthropic;
    case UpstreamKind::openai:
      break;
  }
  return openai;
}

net::HttpRequest get_request(const Upstream& upstream, std::string_view path) {
  constexpr std::chrono::seconds kPatience{10};
  quern::net::HttpRequest out{.url = upstream.url,
                              .unix_socket = upstream.unix_socket,
                              .silence = std::min<Duration>(upstream.silence, kPatience)};
  std::string base = upstream.url.target;
  while (base.ends_with('/')) base.pop_back();
  out.url.target = base + std::string(path);
  if (upstream.key.empty()) return out;
  if (upstream.kind == UpstreamKind::anthropic) {
    out.headers.push_back({"x-api-key", upstream.key});
  } else {
    out.headers.push_back({"Authorization", "Bearer " + upstream.key});
  }
  return out;
}

net::HttpRequest json_post(const Upstream& upstream, std::string_view path, const json::object& body) {
  quern::net::HttpRequest out = get_request(upstream, path);
  out.method = "POST";
  out.headers.push_back({"Content-Type", "application/json"});
  out.body = json::serialize(body);
  out.silence = upstream.silence;
  out.head = upstream.head;
  return out;
}

Result<json::object> parse_object(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) {
    constexpr std::size_t kShown = 80;
    return fail(Errc::corrupt, "want a JSON object, found '{}'", text.substr(0, kShown));
  }
  return std::move(value.get_object());
}

const json::object* object_in(const json::object& from, std::string_view key) noexcept {
  const json::value* value = from.if_contains(json::string_view(key.data(), key.size()));
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_in(const json::object& from, std::string_view key) noexcept {
  const json::value* value = from.if_contains(json::string_view(key.data(), key.size()));
  return value == nullptr ? nullptr : value->if_array();
}

std::string_view text_in(const json::object& from, std::string_view key) noexcept {
  const json::value* value = from.if_contains(json::string_view(key.data(), key.size()));
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

std::uint64_t count_in(const json::object& from, std::string_view key) noexcept {
  const json::value* value = from.if_contains(json::string_view(key.data(), key.size()));
  if (value == nullptr) return 0;
  if (const std::int64_t* n = value->if_int64()) return *n < 0 ? 0 : static_cast<std::uint64_t>(*n);
  return value->is_uint64() ? value->get_uint64() : 0;
}

Status append_vector(const json::value& row, Vectors& out) {
  const json::array* const values = row.if_array();
  if (values == nullptr || values->empty() || values->size() > (std::size_t{1} << 20)) {
    return fail(Errc::corrupt, "want a vector of numbers");
  }
  const auto width = static_cast<std::uint32_t>(values->size());
  if (out.width != 0 && out.width != width) {
    return fail(Errc::corrupt, "want vectors of one length, found {} and {}", out.width, width);
  }
  out.width = width;
  for (const json::value& value : *values) {
    boost::system::error_code error;
    const double number = value.to_number<double>(error);
    if (error || !(std::abs(number) <= std::numeric_limits<float>::max())) {
      return fail(Errc::corrupt, "want a vector of numbers");
    }
    out.values.push_back(static_cast<float>(number));
  }
  return {};
}

Error not_supported(std::string field, UpstreamKind kind) {
  Error error = fail_field(std::move(field), "servers of kind {} have no word for it", upstream_kind_name(kind));
  error.code = Errc::unsupported;
  return error;
}

std::string RemoteDialect::error_text(std::string_view body) const {
  constexpr std::size_t kShown = 500;
  std::string out(body.substr(0, kShown));
  if (const Result<json::object> object = parse_object(body)) {
    const json::object* const error = object_in(*object, "error");
    const std::string_view text = error != nullptr ? text_in(*error, "message")
                                                   : (text_in(*object, "error").empty() ? text_in(*object, "message")
                                                                                        : text_in(*object, "error"));
    if (!text.empty()) out = text.substr(0, kShown);
  }
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return out;
}

}  // namespace quern::models
