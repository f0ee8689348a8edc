#include "registry/sources/outside_json.hpp"

#include "registry/sources/content_digest.hpp"

#include <boost/json/parse.hpp>

namespace quern::registry::sources {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxDepth = 16;

}  // namespace

Result<json::value> parse_outside(std::string_view text, std::string_view what) {
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::value value = json::parse(text, error, {}, options);
  if (error) return fail(Errc::corrupt, "{}: want JSON, found {}: {}", what, quoted(text), error.message());
  return value;
}

Result<json::object> parse_outside_object(std::string_view text, std::string_view what) {
  QUERN_TRY(json::value value, parse_outside(text, what));
  json::object* const object = value.if_object();
  if (object == nullptr) return fail(Errc::corrupt, "{}: want a JSON object, found {}", what, quoted(text));
  return std::move(*object);
}

Result<std::string> text_member(const json::object& object, std::string_view name, std::string_view what) {
  const json::value* const value = object.if_contains(name);
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  if (text == nullptr) {
    return fail(Errc::corrupt, "{}: {}: want a text, found {}", what, name,
                value == nullptr ? "nothing" : "another type");
  }
  return std::string(*text);
}

Result<std::uint64_t> size_member(const json::object& object, std::string_view name, std::string_view what) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr) return fail(Errc::corrupt, "{}: {}: want a size in bytes, found nothing", what, name);
  if (const auto* small = value->if_int64(); small != nullptr && *small >= 0) return static_cast<std::uint64_t>(*small);
  if (const auto* large = value->if_uint64(); large != nullptr) return *large;
  return fail(Errc::corrupt, "{}: {}: want a size in bytes, found something else", what, name);
}

std::string text_or_empty(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

const json::array* array_or_null(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

}  // namespace quern::registry::sources
