// What is known of the values that a schema allows: one of several alternatives, each with its types and their bounds.
// Threads: plain data. Ownership: refers to the schema's document.
#pragma once

#include "engine/grammar/number_text.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/value.hpp>

namespace quern::engine::grammar {

namespace json = boost::json;

// A schema, or what does not match it.
struct Item {
  const json::value* schema = nullptr;
  bool negated = false;
  friend auto operator<=>(const Item&, const Item&) = default;
};
using Items = std::vector<Item>;  // all of them hold; sorted, none twice
void add_items(Items& items, const Items& more);

enum Type : std::uint8_t {
  kNull = 1,
  kFalse = 2,
  kTrue = 4,
  kNumber = 8,
  kString = 16,
  kArray = 32,
  kObject = 64,
  kBoolean = kFalse | kTrue,
  kAnyType = 127
};

struct StringBounds {
  std::uint64_t min_length = 0, max_length = ~std::uint64_t{0};
  struct Pattern {
    std::string_view text;
    const json::value* owner = nullptr;
    std::string_view keyword;  // "pattern" or "format"
    bool negated = false;
    bool operator==(const Pattern&) const = default;
  };
  std::vector<Pattern> patterns;
  std::vector<std::string_view> excluded;  // texts that it is not
};

// The array keywords of one schema: of several, each counts for itself.
struct ArrayPart {
  std::vector<Item> prefix;
  std::optional<Item> rest;
  const json::value* owner = nullptr;
};
struct ArrayBounds {
  std::uint64_t min_items = 0, max_items = ~std::uint64_t{0};
  std::vector<ArrayPart> parts;
  const json::value* unique = nullptr;                        // the schema that wants no item twice
  std::vector<std::pair<Item, const json::value*>> contains;  // what has to be among the items, and who says so
};

struct ObjectPart {
  std::vector<std::pair<std::string_view, Item>> properties, patterns;
  std::optional<Item> rest;  // additionalProperties
  bool rest_of_all = false;  // unevaluatedProperties: only what no part speaks of
  const json::value* owner = nullptr;
};
struct ObjectBounds {
  std::uint64_t min_properties = 0, max_properties = ~std::uint64_t{0};
  const json::value* min_owner = nullptr;
  std::vector<ObjectPart> parts;
  std::vector<std::string_view> required;
  Items names;  // schemas that the names match
};

struct Shape {
  std::uint8_t types = kAnyType;
  std::optional<std::vector<const json::value*>> values;  // only these
  NumberRange number;
  StringBounds string;
  ArrayBounds array;
  ObjectBounds object;
};

std::uint8_t type_of(const json::value& value) noexcept;
// The schemas of an array's item.
Items items_at(const ArrayBounds& bounds, std::size_t index);

// Both hold. nullopt: nothing can match.
std::optional<Shape> intersect(Shape a, const Shape& b);

}  // namespace quern::engine::grammar
