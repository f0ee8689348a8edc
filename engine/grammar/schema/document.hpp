// One JSON schema as it was given: where its parts are, and what they refer to. Threads: one. Ownership: refers to the
// value. Source: JSON Schema 2020-12 core, sections 8 and 9; RFC 6901.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/decimal.hpp"
#include "engine/grammar/json_schema.hpp"

#include <string>
#include <string_view>
#include <unordered_map>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace quern::engine::grammar {

namespace json = boost::json;

class SchemaDocument {
 public:
  static constexpr std::size_t kMaxDepth = 200;

  SchemaDocument(const json::value& root, const SchemaOptions& options);
  Status status() const { return status_; }  // too deep

  const json::value& root() const noexcept { return root_; }
  const SchemaOptions& options() const noexcept { return options_; }
  // "#/properties/a": where a part stands. Parts of the document only.
  std::string path(const json::value& part) const;
  std::string path(const json::value& part, std::string_view keyword) const;

  // Errors: bad_input naming the path of `from`: no such part, or another document.
  Result<const json::value*> resolve(std::string_view reference, const json::value& from) const;

  // Errors: bad_input naming path: not a number.
  Result<Decimal> decimal(const json::value& number, std::string_view path) const;
  std::string number_text(const json::value& number) const;  // its digits, exactly

  // Notes that a keyword cannot be enforced: an error, or a line in options().ignored.
  Status cannot_enforce(const json::value& part, std::string_view keyword, std::string_view why) const;

 private:
  struct Place {
    const json::value* parent = nullptr;
    std::string key;
  };
  void index(const json::value& part, const json::value* parent, std::string key, std::size_t depth);
  const json::value* find(std::string_view pointer) const;

  const json::value& root_;
  const SchemaOptions& options_;
  Status status_;
  std::unordered_map<const json::value*, Place> places_;
  std::unordered_map<std::string, const json::value*> ids_, anchors_;
};

}  // namespace quern::engine::grammar
