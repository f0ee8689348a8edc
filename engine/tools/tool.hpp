// The tools of a request, and what a parser has to know of their parameters. Threads: const after creation.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/json/value.hpp>

namespace quern::engine::tools {

struct Tool {
  std::string name;
  boost::json::value parameters;  // its JSON schema; null: an object with anything in it
  bool strict = false;            // what cannot be enforced of the schema is an error
};

// Kinds of JSON values, as a set of bits.
using Kinds = std::uint8_t;
inline constexpr Kinds kString = 1, kNumber = 2, kBoolean = 4, kNull = 8, kArray = 16, kObject = 32, kAnyKind = 63;

// What the values may be that are valid by a schema; more than that where it is hard to say. root: what "#" refers to.
Kinds kinds_of(const boost::json::value& schema, const boost::json::value& root);
// The schema that "#/$defs/a" names; nullptr: none.
const boost::json::value* find_reference(const boost::json::value& root, std::string_view reference);

class ToolTable {
 public:
  ToolTable() = default;
  explicit ToolTable(std::span<const Tool> tools);

  struct Signature {
    std::vector<std::string> parameters;  // in the order of the schema
    std::unordered_map<std::string, Kinds> kinds_by_name;
    Kinds kinds(const std::string& parameter) const;  // kAnyKind: not known
  };
  const Signature* find(std::string_view tool) const;
  bool empty() const noexcept { return tools_.empty(); }

 private:
  std::unordered_map<std::string, Signature> tools_;
};

}  // namespace quern::engine::tools
