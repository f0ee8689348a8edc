// Whether a value matches schemas: for values that a schema names itself (const, enum), which others narrow.
#include "engine/grammar/alphabet.hpp"
#include "engine/grammar/number_text.hpp"
#include "engine/grammar/schema/patterns.hpp"
#include "engine/grammar/schema/writer.hpp"

#include <algorithm>

namespace quern::engine::grammar {
namespace {

// Code points of valid UTF-8.
std::uint64_t length_of(std::string_view text) {
  return static_cast<std::uint64_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0) != 0x80; }));
}

}  // namespace

Result<bool> SchemaWriter::accepts(const Items& items, const json::value& value, int depth) {
  if (depth > static_cast<int>(SchemaDocument::kMaxDepth)) return fail_field("#", "values are nested too deep");
  QUERN_TRY(const SchemaExpander::Shapes shapes, expander_.expand(items));
  for (const Shape& shape : shapes) {
    if (shape.values && std::none_of(shape.values->begin(), shape.values->end(),
                                     [&](const json::value* one) { return *one == value; })) {
      continue;
    }
    QUERN_TRY(const bool accepted, accepts(shape, value, depth));
    if (accepted) return true;
  }
  return false;
}

Result<bool> SchemaWriter::accepts(const Shape& shape, const json::value& value, int depth) {
  if ((shape.types & type_of(value)) == 0) return false;
  if (value.is_number()) {
    Result<Decimal> number = parse_decimal(document_.number_text(value));
    return number && contains(shape.number, *number);
  }
  if (value.is_string()) return accepts_string(shape.string, text_of(value.get_string()));
  if (value.is_array()) return accepts_array(shape.array, value.get_array(), depth);
  if (value.is_object()) return accepts_object(shape.object, value.get_object(), depth);
  return true;
}

Result<bool> SchemaWriter::accepts_string(const StringBounds& bounds, std::string_view text) {
  const std::uint64_t length = length_of(text);
  if (length < bounds.min_length || length > bounds.max_length) return false;
  for (const StringBounds::Pattern& pattern : bounds.patterns) {
    QUERN_TRY(const std::shared_ptr<const ByteDfa> dfa, automaton(pattern));
    if (dfa != nullptr && matches(*dfa, text) == pattern.negated) return false;
  }
  return std::find(bounds.excluded.begin(), bounds.excluded.end(), text) == bounds.excluded.end();
}

Result<bool> SchemaWriter::accepts_array(const ArrayBounds& bounds, const json::array& array, int depth) {
  if (array.size() < bounds.min_items || array.size() > bounds.max_items) return false;
  for (std::size_t i = 0; i < array.size(); ++i) {
    QUERN_TRY(const bool accepted, accepts(items_at(bounds, i), array[i], depth + 1));
    if (!accepted) return false;
    for (std::size_t j = 0; bounds.unique != nullptr && j < i; ++j) {
      if (array[j] == array[i]) return false;
    }
  }
  for (const auto& [wanted, owner] : bounds.contains) {
    bool found = false;
    for (const json::value& item : array) {
      QUERN_TRY(const bool accepted, accepts(Items{wanted}, item, depth + 1));
      found |= accepted;
    }
    if (!found) return false;
  }
  return true;
}

Result<bool> SchemaWriter::accepts_object(const ObjectBounds& bounds, const json::object& object, int depth) {
  if (object.size() < bounds.min_properties || object.size() > bounds.max_properties) return false;
  for (const std::string_view name : bounds.required) {
    if (!object.contains(json::string_view(name.data(), name.size()))) return false;
  }
  for (const auto& [name, value] : object) {
    QUERN_TRY(const std::optional<Items> items, member_items(bounds, {name.data(), name.size()}));
    if (!items) return false;
    QUERN_TRY(const bool accepted, accepts(*items, value, depth + 1));
    if (!accepted) return false;
  }
  return true;
}

}  // namespace quern::engine::grammar
