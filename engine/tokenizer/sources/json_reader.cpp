#include "engine/tokenizer/sources/json_reader.hpp"

#include <cmath>
#include <utility>

namespace quern::engine {

namespace json = boost::json;

JsonField JsonField::at(std::string_view name) const {
  const json::object* const object = value_ != nullptr ? value_->if_object() : nullptr;
  return {path_ + "." + std::string(name), object != nullptr ? object->if_contains(name) : nullptr};
}

JsonField JsonField::at(std::size_t index) const {
  const json::array* const array = value_ != nullptr ? value_->if_array() : nullptr;
  return {path_ + "[" + std::to_string(index) + "]", array != nullptr ? array->if_contains(index) : nullptr};
}

Error JsonField::wrong(std::string_view expected) const {
  std::string found = value_ != nullptr ? json::serialize(*value_) : "nothing";
  if (found.size() > 60) {
    std::size_t size = 60;  // not inside a character
    while (size > 0 && (static_cast<unsigned char>(found[size]) & 0xC0u) == 0x80u) --size;
    found = found.substr(0, size) + "...";
  }
  return fail(Errc::corrupt, "{}: expected {}, found {}", path_, expected, found);
}

Result<std::string_view> JsonField::as_string() const {
  if (!is_string()) return wrong("a string");
  const json::string& text = value_->get_string();
  return std::string_view(text.data(), text.size());
}

Result<bool> JsonField::as_bool() const {
  if (value_ == nullptr || !value_->is_bool()) return wrong("true or false");
  return value_->get_bool();
}

Result<std::int64_t> JsonField::as_int() const {
  if (value_ == nullptr || !value_->is_int64()) return wrong("an integer");
  return value_->get_int64();
}

Result<double> JsonField::as_number() const {
  if (value_ != nullptr && value_->is_double() && std::isfinite(value_->get_double())) return value_->get_double();
  if (value_ != nullptr && value_->is_int64()) return static_cast<double>(value_->get_int64());
  if (value_ != nullptr && value_->is_uint64()) return static_cast<double>(value_->get_uint64());
  return wrong("a number");
}

Result<const json::array*> JsonField::as_array() const {
  if (!is_array()) return wrong("an array");
  return &value_->get_array();
}

Result<const json::object*> JsonField::as_object() const {
  if (!is_object()) return wrong("an object");
  return &value_->get_object();
}

Result<bool> JsonField::bool_or(bool fallback) const {
  if (is_null()) return fallback;
  return as_bool();
}

Result<JsonDocument> JsonDocument::parse(std::string_view text, std::string_view name) {
  json::error_code error;
  json::stream_parser parser(json::make_shared_resource<json::monotonic_resource>());  // freed at once with the values
  parser.write(text.data(), text.size(), error);
  if (!error) parser.finish(error);
  if (error) return fail(Errc::corrupt, "{}: bad JSON: {}", name, error.message());
  return JsonDocument(std::string(name), parser.release());
}

}  // namespace quern::engine
