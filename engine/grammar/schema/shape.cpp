#include "engine/grammar/schema/shape.hpp"

#include <algorithm>

namespace quern::engine::grammar {
namespace {

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void tighten(std::optional<NumberBound>& a, const std::optional<NumberBound>& b, bool lower) {
  if (!b) return;
  if (!a) {
    a = b;
    return;
  }
  const int order = compare(b->value, a->value);
  if (order == 0) {
    a->exclusive |= b->exclusive;
  } else if ((order > 0) == lower) {
    a = b;
  }
}

}  // namespace

void add_items(Items& items, const Items& more) {
  append(items, more);
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

std::uint8_t type_of(const json::value& value) noexcept {
  if (value.is_null()) return kNull;
  if (value.is_bool()) return value.get_bool() ? kTrue : kFalse;
  if (value.is_number()) return kNumber;
  if (value.is_string()) return kString;
  return value.is_array() ? kArray : kObject;
}

Items items_at(const ArrayBounds& bounds, std::size_t index) {
  Items out;
  for (const ArrayPart& part : bounds.parts) {
    if (index < part.prefix.size()) {
      add_items(out, {part.prefix[index]});
    } else if (part.rest) {
      add_items(out, {*part.rest});
    }
  }
  return out;
}

std::optional<Shape> intersect(Shape a, const Shape& b) {
  a.types &= b.types;
  if (a.types == 0) return std::nullopt;
  if (a.values && b.values) {
    std::erase_if(*a.values, [&](const json::value* value) {
      return std::none_of(b.values->begin(), b.values->end(),
                          [&](const json::value* other) { return other == value || *other == *value; });
    });
  } else if (b.values) {
    a.values = b.values;
  }
  if (a.values && a.values->empty()) return std::nullopt;

  a.number.whole |= b.number.whole;
  tighten(a.number.min, b.number.min, true);
  tighten(a.number.max, b.number.max, false);
  append(a.number.multiples, b.number.multiples);

  a.string.min_length = std::max(a.string.min_length, b.string.min_length);
  a.string.max_length = std::min(a.string.max_length, b.string.max_length);
  for (const StringBounds::Pattern& pattern : b.string.patterns) {
    const auto same = [&](const StringBounds::Pattern& other) {
      return other.text == pattern.text && other.keyword == pattern.keyword && other.negated == pattern.negated;
    };
    if (std::none_of(a.string.patterns.begin(), a.string.patterns.end(), same)) a.string.patterns.push_back(pattern);
  }
  append(a.string.excluded, b.string.excluded);

  a.array.min_items = std::max(a.array.min_items, b.array.min_items);
  a.array.max_items = std::min(a.array.max_items, b.array.max_items);
  append(a.array.parts, b.array.parts);
  append(a.array.contains, b.array.contains);
  if (b.array.unique != nullptr) a.array.unique = b.array.unique;

  a.object.min_properties = std::max(a.object.min_properties, b.object.min_properties);
  a.object.max_properties = std::min(a.object.max_properties, b.object.max_properties);
  if (b.object.min_owner != nullptr) a.object.min_owner = b.object.min_owner;
  append(a.object.parts, b.object.parts);
  for (const std::string_view name : b.object.required) {
    if (std::find(a.object.required.begin(), a.object.required.end(), name) == a.object.required.end()) {
      a.object.required.push_back(name);
    }
  }
  add_items(a.object.names, b.object.names);
  return a;
}

}  // namespace quern::engine::grammar
