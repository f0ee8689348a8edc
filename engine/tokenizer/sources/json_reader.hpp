// Checked reading of a JSON document: a field knows its path, and errors name it with what was expected and found.
// Threads: const after parsing. Ownership: a JsonField and its texts point into the JsonDocument. Limits: nesting as
// Boost.JSON's default; sizes are those of the file.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace quern::engine {

class JsonField {
 public:
  JsonField(std::string path, const boost::json::value* value) : path_(std::move(path)), value_(value) {}

  const std::string& path() const noexcept { return path_; }
  bool is_null() const noexcept { return value_ == nullptr || value_->is_null(); }  // also where it is missing
  bool is_object() const noexcept { return value_ != nullptr && value_->is_object(); }
  bool is_array() const noexcept { return value_ != nullptr && value_->is_array(); }
  bool is_string() const noexcept { return value_ != nullptr && value_->is_string(); }

  JsonField at(std::string_view name) const;  // null where this is no object or has no such field
  JsonField at(std::size_t index) const;      // likewise

  Result<std::string_view> as_string() const;
  Result<bool> as_bool() const;
  Result<std::int64_t> as_int() const;
  Result<double> as_number() const;  // finite
  Result<const boost::json::array*> as_array() const;
  Result<const boost::json::object*> as_object() const;
  Result<bool> bool_or(bool fallback) const;  // where it is missing or null

  Error wrong(std::string_view expected) const;  // "post_processor.single: expected an array, found true"

 private:
  std::string path_;
  const boost::json::value* value_;
};

class JsonDocument {
 public:
  static Result<JsonDocument> parse(std::string_view text, std::string_view name);
  JsonField root() const { return {name_, &value_}; }

 private:
  JsonDocument(std::string name, boost::json::value value) : name_(std::move(name)), value_(std::move(value)) {}
  std::string name_;
  boost::json::value value_;
};

}  // namespace quern::engine
