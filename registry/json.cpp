#include "registry/json.hpp"

#include <cmath>

namespace quern::registry {

namespace json = boost::json;

namespace {

Error wrong(std::string_view key, std::string_view want, const json::value& found) {
  return fail(Errc::corrupt, "member \"{}\": want {}, found {}", key, want, json::to_string(found.kind()));
}

const json::value* find(const json::object& object, std::string_view key) {
  const json::value* const found = object.if_contains(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

}  // namespace

Result<json::object> parse_object(std::string_view text) {
  if (text.size() > kMaxJsonBytes) {
    return fail(Errc::corrupt, "JSON: want at most {} bytes, found {}", kMaxJsonBytes, text.size());
  }
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 32;
  try {
    json::value value = json::parse(text, error, {}, options);
    if (error) return fail(Errc::corrupt, "JSON: {}", error.message());
    if (!value.is_object()) return wrong("", "an object", value);
    return std::move(value.get_object());
  } catch (const std::exception& e) {
    return fail(Errc::corrupt, "JSON: {}", e.what());
  }
}

Result<std::string> text_of(const json::object& object, std::string_view key) {
  const json::value* const found = find(object, key);
  if (found == nullptr) return fail(Errc::not_found, "member \"{}\": want a text, found none", key);
  if (!found->is_string()) return wrong(key, "a text", *found);
  return std::string(found->get_string());
}

Result<std::string> text_or(const json::object& object, std::string_view key, std::string_view fallback) {
  if (find(object, key) == nullptr) return std::string(fallback);
  return text_of(object, key);
}

Result<std::uint64_t> uint_or(const json::object& object, std::string_view key, std::uint64_t fallback) {
  const json::value* const found = find(object, key);
  if (found == nullptr) return fallback;
  if (found->is_uint64()) return found->get_uint64();
  if (found->is_int64() && found->get_int64() >= 0) return static_cast<std::uint64_t>(found->get_int64());
  return wrong(key, "an integer from 0 on", *found);
}

Result<double> number_or(const json::object& object, std::string_view key, double fallback) {
  const json::value* const found = find(object, key);
  if (found == nullptr) return fallback;
  if (!found->is_number()) return wrong(key, "a number", *found);
  const double number = found->to_number<double>();
  return std::isfinite(number) ? Result<double>(number) : wrong(key, "a finite number", *found);
}

Result<bool> bool_or(const json::object& object, std::string_view key, bool fallback) {
  const json::value* const found = find(object, key);
  if (found == nullptr) return fallback;
  return found->is_bool() ? Result<bool>(found->get_bool()) : wrong(key, "true or false", *found);
}

Result<const json::array*> array_of(const json::object& object, std::string_view key) {
  const json::value* const found = find(object, key);
  if (found == nullptr) return static_cast<const json::array*>(nullptr);
  if (!found->is_array()) return wrong(key, "an array", *found);
  return &found->get_array();
}

Result<const json::object*> object_of(const json::object& object, std::string_view key) {
  const json::value* const found = find(object, key);
  if (found == nullptr) return static_cast<const json::object*>(nullptr);
  if (!found->is_object()) return wrong(key, "an object", *found);
  return &found->get_object();
}

}  // namespace quern::registry
