#include "engine/grammar/schema/writer.hpp"

#include "engine/grammar/alphabet.hpp"
#include "engine/grammar/number_text.hpp"
#include "engine/grammar/schema/patterns.hpp"

#include <algorithm>
#include <string>

namespace quern::engine::grammar {
namespace {

constexpr std::uint64_t kNoMaximum = ~std::uint64_t{0};

bool allows_all(const Item& item) {
  const bool* const any = item.schema->if_bool();
  if (any != nullptr) return *any != item.negated;
  const json::object* const object = item.schema->if_object();
  return !item.negated && object != nullptr && object->empty();
}

}  // namespace

SchemaWriter::SchemaWriter(Grammar& grammar, const SchemaDocument& document)
    : grammar_(grammar), document_(document), expander_(document), texts_(grammar, document.options()) {}

Result<Expr> SchemaWriter::write() {
  const Expr root = value({Item{&document_.root(), false}});
  while (!waiting_.empty()) {
    const Waiting next = std::move(waiting_.back());
    waiting_.pop_back();
    QUERN_TRY(const Expr expr, write_items(next.items));
    grammar_.define(next.rule, expr);
  }
  return root;
}

Expr SchemaWriter::value(const Items& all) {
  Items items;
  for (const Item& item : all) {
    if (!allows_all(item)) items.push_back(item);
  }
  if (items.empty()) return texts_.any_value();
  add_items(items, {});
  const auto [at, fresh] = rules_.try_emplace(items, Rule{});
  if (fresh) {
    at->second = grammar_.add_rule("schema");
    waiting_.push_back({items, at->second});
  }
  return grammar_.reference(at->second);
}

Result<Expr> SchemaWriter::write_items(const Items& items) {
  QUERN_TRY(const SchemaExpander::Shapes shapes, expander_.expand(items));
  std::vector<Expr> out;
  for (const Shape& shape : shapes) {
    QUERN_TRY(const Expr one, write_shape(shape));
    out.push_back(one);
  }
  return grammar_.choice(std::move(out));
}

Result<Expr> SchemaWriter::write_shape(const Shape& shape) {
  if (shape.values) return write_values(shape);
  std::vector<Expr> out;
  if ((shape.types & kObject) != 0) {
    QUERN_TRY(const Expr object, write_object(shape.object));
    out.push_back(object);
  }
  if ((shape.types & kArray) != 0) {
    QUERN_TRY(const Expr array, write_array(shape.array));
    out.push_back(array);
  }
  if ((shape.types & kString) != 0) {
    QUERN_TRY(const Expr string, write_string(shape.string));
    out.push_back(string);
  }
  if ((shape.types & kNumber) != 0) {
    QUERN_TRY(const Expr number, write_number(shape));
    out.push_back(number);
  }
  if ((shape.types & kTrue) != 0) out.push_back(texts_.boolean(true));
  if ((shape.types & kFalse) != 0) out.push_back(texts_.boolean(false));
  if ((shape.types & kNull) != 0) out.push_back(texts_.null());
  return grammar_.choice(std::move(out));
}

Result<Expr> SchemaWriter::write_values(const Shape& shape) {
  std::vector<Expr> out;
  for (const json::value* one : *shape.values) {
    QUERN_TRY(const bool accepted, accepts(shape, *one, 0));
    if (accepted) out.push_back(write_value(*one));
  }
  return grammar_.choice(std::move(out));
}

Expr SchemaWriter::write_value(const json::value& value) {
  if (value.is_null()) return texts_.null();
  if (value.is_bool()) return texts_.boolean(value.get_bool());
  if (value.is_number()) return grammar_.text(document_.number_text(value));
  if (value.is_string()) return texts_.string(text_of(value.get_string()));
  std::vector<Expr> parts;
  if (const json::array* const array = value.if_array()) {
    for (const json::value& item : *array) parts.push_back(write_value(item));
    return texts_.list('[', parts, ']');
  }
  for (const auto& [name, member] : value.get_object()) {
    parts.push_back(
        grammar_.sequence({texts_.string({name.data(), name.size()}), texts_.colon(), write_value(member)}));
  }
  return texts_.list('{', parts, '}');
}

Result<Expr> SchemaWriter::write_number(const Shape& shape) {
  const std::optional<Expr> out = add_number(grammar_, shape.number);
  if (out.has_value()) return *out;
  QUERN_CHECK(document_.cannot_enforce(document_.root(), "multipleOf",
                                       fmt::format("{} has too many digits", shape.number.multiples.front().text())));
  NumberRange range = shape.number;
  range.multiples.clear();
  return *add_number(grammar_, range);
}

Result<std::shared_ptr<const ByteDfa>> SchemaWriter::automaton(const StringBounds::Pattern& pattern) {
  const auto key = std::pair(pattern.keyword, pattern.text);
  const auto known = automata_.find(key);
  if (known != automata_.end()) return known->second;
  auto made = pattern.keyword == "format" ? format_automaton(pattern.text) : pattern_automaton(pattern.text);
  if (!made) {
    // Not a regular expression, or one that looks around: an error, or any text where that is asked for.
    QUERN_CHECK(document_.cannot_enforce(*pattern.owner, pattern.keyword, made.error().detail));
    made = std::shared_ptr<const ByteDfa>();
  }
  automata_.emplace(key, *made);
  return *made;
}

Result<std::optional<Expr>> SchemaWriter::string_body(const StringBounds& bounds) {
  std::optional<Expr> body;
  for (const StringBounds::Pattern& pattern : bounds.patterns) {
    QUERN_TRY(const std::shared_ptr<const ByteDfa> dfa, automaton(pattern));
    if (dfa == nullptr) continue;
    const Expr one = grammar_.automaton(dfa);
    const Expr allowed = pattern.negated ? grammar_.except(texts_.plain_characters(), one) : one;
    body = body ? grammar_.both(*body, allowed) : allowed;
  }
  if (!bounds.excluded.empty()) {
    std::vector<Expr> texts;
    for (const std::string_view text : bounds.excluded) texts.push_back(grammar_.text(written(text, Writing::json)));
    body = grammar_.except(body.value_or(texts_.plain_characters()), grammar_.choice(std::move(texts)));
  }
  return body;
}

Result<Expr> SchemaWriter::write_string(const StringBounds& bounds) {
  QUERN_TRY(const std::optional<Expr> body, string_body(bounds));
  if (bounds.min_length == 0 && bounds.max_length == kNoMaximum) {
    return body ? texts_.string_of(*body) : texts_.any_string();
  }
  const Expr characters = body.value_or(grammar_.repeat(texts_.character(), 0, kUnlimited));
  return grammar_.sequence(
      {grammar_.text("\""), grammar_.counted(characters, bounds.min_length, bounds.max_length), grammar_.text("\"")});
}

// Items that are all of a few values, none of them twice: nullopt where they are not.
Result<std::optional<Expr>> SchemaWriter::write_unique(const ArrayBounds& bounds, const Items& rest) {
  QUERN_TRY(const SchemaExpander::Shapes shapes, expander_.expand(rest));
  std::vector<const json::value*> values;
  static const json::value kConstants[] = {json::value(nullptr), json::value(false), json::value(true)};
  for (const Shape& shape : shapes) {
    if (!shape.values && (shape.types & ~(kNull | kBoolean)) != 0) return std::optional<Expr>();
    std::vector<const json::value*> all;
    if (shape.values) {
      all = *shape.values;
    } else {
      for (std::size_t i = 0; i < 3; ++i) {
        if ((shape.types & (1u << i)) != 0) all.push_back(&kConstants[i]);
      }
    }
    for (const json::value* one : all) {
      QUERN_TRY(const bool accepted, accepts(shape, *one, 0));
      const bool twice =
          std::any_of(values.begin(), values.end(), [&](const json::value* other) { return *other == *one; });
      if (one->is_structured()) return std::optional<Expr>();
      if (accepted && !twice) values.push_back(one);
    }
  }
  Members members;
  for (const json::value* one : values) {
    std::string text = one->is_null()     ? "null"
                       : one->is_bool()   ? (one->get_bool() ? "true" : "false")
                       : one->is_number() ? document_.number_text(*one)
                                          : "\"" + written(text_of(one->get_string()), Writing::json) + "\"";
    members.members.push_back({std::move(text), grammar_.empty(), false});
  }
  // A number may be the beginning of another: then where one ends is not seen.
  for (const Member& a : members.members) {
    for (const Member& b : members.members) {
      if (&a != &b && b.key.starts_with(a.key)) return std::optional<Expr>();
    }
  }
  members.separator = texts_.comma();
  members.min_count = std::max<std::uint64_t>(bounds.min_items, 1);
  members.max_count = bounds.max_items;
  const Expr some = bounds.max_items == 0 ? grammar_.nothing()
                                          : grammar_.sequence({grammar_.members(std::move(members)), texts_.blanks()});
  return std::optional(grammar_.sequence({grammar_.text("["), texts_.blanks(),
                                          bounds.min_items == 0 ? grammar_.optional(some) : some, grammar_.text("]")}));
}

Result<Expr> SchemaWriter::write_array(const ArrayBounds& bounds) {
  std::size_t n_prefix = 0;
  for (const ArrayPart& part : bounds.parts) n_prefix = std::max(n_prefix, part.prefix.size());
  const Items rest_items = items_at(bounds, n_prefix);
  if (bounds.unique != nullptr && bounds.max_items > 1) {
    if (n_prefix == 0 && bounds.contains.empty() && document_.options().notation == Notation::json) {
      QUERN_TRY(const std::optional<Expr> unique, write_unique(bounds, rest_items));
      if (unique.has_value()) return *unique;
    }
    QUERN_CHECK(document_.cannot_enforce(*bounds.unique, "uniqueItems", "the items are not of a few values"));
  }
  const Expr rest = value(rest_items);
  const auto following = [&](Expr item) { return grammar_.sequence({texts_.comma(), item}); };
  std::uint64_t min = bounds.min_items;
  Expr inside = grammar_.nothing();  // of an array that is not empty
  if (!bounds.contains.empty()) {
    const auto& [wanted, owner] = bounds.contains.front();
    const bool simple = bounds.contains.size() == 1 && n_prefix == 0 && min <= 1 && bounds.max_items == kNoMaximum;
    if (simple) {
      Items both = rest_items;
      add_items(both, {wanted});
      inside = grammar_.sequence({grammar_.repeat(grammar_.sequence({rest, texts_.comma()}), 0, kUnlimited),
                                  value(both), grammar_.repeat(following(rest), 0, kUnlimited)});
      return grammar_.sequence({grammar_.text("["), texts_.blanks(), inside, texts_.blanks(), grammar_.text("]")});
    }
    QUERN_CHECK(document_.cannot_enforce(*owner, "contains", "beside other bounds of the array"));
    min = std::max<std::uint64_t>(min, 1);
  }
  if (bounds.max_items < min) return grammar_.nothing();
  const auto at_least = [&](std::uint64_t n) { return min > n ? min - n : 0; };
  if (n_prefix == 0) {
    if (bounds.max_items > 0) {
      inside = grammar_.sequence(
          {rest, grammar_.repeat(following(rest), at_least(1),
                                 bounds.max_items == kNoMaximum ? kUnlimited : bounds.max_items - 1)});
    }
  } else {
    // From the end: after the prefix the rest, before that each place may be the last.
    const std::uint64_t most = std::min<std::uint64_t>(n_prefix, bounds.max_items);
    Expr tail = grammar_.empty();
    if (bounds.max_items > n_prefix) {
      tail = grammar_.repeat(following(rest), at_least(n_prefix),
                             bounds.max_items == kNoMaximum ? kUnlimited : bounds.max_items - n_prefix);
    }
    for (std::uint64_t i = most; i-- > 0;) {
      const Expr item = value(items_at(bounds, i));
      const Expr here = grammar_.sequence({i == 0 ? item : following(item), tail});
      tail = i >= min && i > 0 ? grammar_.optional(here) : here;
    }
    inside = most > 0 ? tail : grammar_.nothing();
  }
  const Expr some = grammar_.sequence({inside, texts_.blanks()});
  return grammar_.sequence(
      {grammar_.text("["), texts_.blanks(), min == 0 ? grammar_.optional(some) : some, grammar_.text("]")});
}

}  // namespace quern::engine::grammar
