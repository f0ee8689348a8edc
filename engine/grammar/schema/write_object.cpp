// Objects: which members there may be, and what each of them is.
#include "engine/grammar/alphabet.hpp"
#include "engine/grammar/schema/patterns.hpp"
#include "engine/grammar/schema/writer.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace quern::engine::grammar {
namespace {

constexpr std::uint64_t kNoMaximum = ~std::uint64_t{0};
constexpr std::size_t kMaxPatterns = 6;        // of names: as many combinations as their subsets
constexpr std::uint64_t kMaxNameLength = 512;  // where the lengths of names are bounded

bool allows_nothing(const Item& item) {
  const bool* const any = item.schema->if_bool();
  return any != nullptr && *any == item.negated;
}

// The patterns of all parts, each once.
std::vector<std::string_view> all_patterns(const ObjectBounds& bounds) {
  std::vector<std::string_view> out;
  for (const ObjectPart& part : bounds.parts) {
    for (const auto& [pattern, item] : part.patterns) {
      if (std::find(out.begin(), out.end(), pattern) == out.end()) out.push_back(pattern);
    }
  }
  return out;
}

// What all parts say of a member: speaks(part, items) adds what one says, and tells whether it does; otherwise its rest
// counts. nullopt: the member may not be there.
template <class Speaks>
Result<std::optional<Items>> join_parts(const ObjectBounds& bounds, const Speaks& speaks) {
  Items out;
  bool evaluated = false;
  const Item* rest_of_all = nullptr;
  for (const ObjectPart& part : bounds.parts) {
    QUERN_TRY(bool spoken_of, speaks(part, out));
    if (!spoken_of && part.rest && part.rest_of_all) rest_of_all = &*part.rest;
    if (!spoken_of && part.rest && !part.rest_of_all) {
      add_items(out, {*part.rest});
      spoken_of = true;
    }
    evaluated |= spoken_of;
  }
  if (rest_of_all != nullptr && !evaluated) add_items(out, {*rest_of_all});
  if (std::any_of(out.begin(), out.end(), allows_nothing)) return std::optional<Items>();
  return std::optional(std::move(out));
}

StringBounds::Pattern name_pattern(std::string_view text, const ObjectPart& part) {
  return {text, part.owner, "patternProperties", false};
}

}  // namespace

Result<bool> SchemaWriter::name_allowed(const ObjectBounds& bounds, std::string_view name) {
  if (bounds.names.empty()) return true;
  return accepts(bounds.names, json::value(json::string_view(name.data(), name.size())), 0);
}

Result<std::optional<Items>> SchemaWriter::member_items(const ObjectBounds& bounds, std::string_view name) {
  QUERN_TRY(std::optional<Items> out, join_parts(bounds, [&](const ObjectPart& part, Items& items) -> Result<bool> {
              bool spoken_of = false;
              for (const auto& [key, item] : part.properties) {
                if (key != name) continue;
                add_items(items, {item});
                spoken_of = true;
              }
              for (const auto& [pattern, item] : part.patterns) {
                QUERN_TRY(const std::shared_ptr<const ByteDfa> dfa, automaton(name_pattern(pattern, part)));
                if (dfa == nullptr || !matches(*dfa, name)) continue;
                add_items(items, {item});
                spoken_of = true;
              }
              return spoken_of;
            }));
  QUERN_TRY(const bool allowed, name_allowed(bounds, name));
  return allowed ? std::move(out) : std::optional<Items>();
}

// Of a member that is none of the named ones, and matches those patterns.
Result<std::optional<Items>> SchemaWriter::other_items(const ObjectBounds& bounds, const std::vector<bool>& matched) {
  const std::vector<std::string_view> patterns = all_patterns(bounds);
  return join_parts(bounds, [&](const ObjectPart& part, Items& items) -> Result<bool> {
    bool spoken_of = false;
    for (const auto& [pattern, item] : part.patterns) {
      const auto at = std::find(patterns.begin(), patterns.end(), pattern) - patterns.begin();
      if (!matched[static_cast<std::size_t>(at)]) continue;
      add_items(items, {item});
      spoken_of = true;
    }
    return spoken_of;
  });
}

// What propertyNames leaves of all names.
Result<Expr> SchemaWriter::name_body(const ObjectBounds& bounds) {
  if (bounds.names.empty()) return texts_.plain_characters();
  QUERN_TRY(const SchemaExpander::Shapes shapes, expander_.expand(bounds.names));
  std::vector<Expr> out;
  for (const Shape& shape : shapes) {
    if ((shape.types & kString) == 0) continue;
    if (shape.values) {
      for (const json::value* one : *shape.values) {
        QUERN_TRY(const bool accepted, accepts(shape, *one, 0));
        if (accepted && one->is_string())
          out.push_back(grammar_.text(written(text_of(one->get_string()), Writing::json)));
      }
      continue;
    }
    QUERN_TRY(const std::optional<Expr> body, string_body(shape.string));
    Expr name = body.value_or(texts_.plain_characters());
    const std::uint64_t min = shape.string.min_length, max = shape.string.max_length;
    if (min > 0 || max != kNoMaximum) {
      if (min > kMaxNameLength || (max != kNoMaximum && max > kMaxNameLength)) {
        QUERN_CHECK(document_.cannot_enforce(*bounds.names.front().schema, "maxLength", "so long names of properties"));
      } else {
        name = grammar_.both(name, grammar_.repeat(written(grammar_, CharSet::all(), Writing::json), min,
                                                   max == kNoMaximum ? kUnlimited : max));
      }
    }
    out.push_back(name);
  }
  return grammar_.choice(std::move(out));
}

Status SchemaWriter::add_others(const ObjectBounds& bounds, const std::vector<std::string_view>& names, bool closed,
                                Members& out) {
  const std::vector<std::string_view> patterns = all_patterns(bounds);
  if (patterns.size() > kMaxPatterns) {
    return fail_field(document_.path(*bounds.parts.front().owner, "patternProperties"), "at most {} patterns, found {}",
                      kMaxPatterns, patterns.size());
  }
  if (closed && patterns.empty()) return {};
  QUERN_TRY(Expr any_name, name_body(bounds));
  // Patterns look at names as they are, so that these are written in one way; otherwise they are free.
  if (patterns.empty() && bounds.names.empty()) any_name = texts_.other_names(names);
  // Those that match the most patterns first: the first that fits counts.
  std::vector<std::uint32_t> subsets;
  for (std::uint32_t subset = 0; subset < (1u << patterns.size()); ++subset) subsets.push_back(subset);
  std::stable_sort(subsets.begin(), subsets.end(),
                   [](std::uint32_t a, std::uint32_t b) { return std::popcount(a) > std::popcount(b); });
  for (const std::uint32_t subset : subsets) {
    if (subset == 0 && closed) continue;
    std::vector<bool> matched(patterns.size());
    Expr name = any_name;
    bool known = true;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      matched[i] = ((subset >> i) & 1u) != 0;
      if (!matched[i]) continue;
      QUERN_TRY(const std::shared_ptr<const ByteDfa> dfa, automaton(name_pattern(patterns[i], bounds.parts.front())));
      known &= dfa != nullptr;
      if (dfa != nullptr) name = grammar_.both(name, grammar_.automaton(dfa));
    }
    if (!known) continue;
    QUERN_TRY(const std::optional<Items> items, other_items(bounds, matched));
    const Expr rest = items ? grammar_.sequence({texts_.colon(), value(*items)}) : grammar_.nothing();
    out.others.push_back({grammar_.sequence({grammar_.text("\""), name, grammar_.text("\"")}), rest});
  }
  return {};
}

Result<Members> SchemaWriter::members_of(const ObjectBounds& bounds) {
  Members out;
  out.ordered = document_.options().ordered;
  out.separator = texts_.comma();
  out.min_count = bounds.min_properties;
  out.max_count = bounds.max_properties == kNoMaximum ? kUnlimited : bounds.max_properties;
  std::vector<std::string_view> names;
  bool says_rest = false, says_names = false;
  for (const ObjectPart& part : bounds.parts) {
    for (const auto& [name, item] : part.properties) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    says_names |= !part.properties.empty() || !part.patterns.empty();
    says_rest |= part.rest.has_value();
  }
  for (const std::string_view name : bounds.required) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  for (const std::string_view name : names) {
    QUERN_TRY(const std::optional<Items> items, member_items(bounds, name));
    const bool required = std::find(bounds.required.begin(), bounds.required.end(), name) != bounds.required.end();
    const Expr rest = items ? grammar_.sequence({texts_.colon(), value(*items)}) : grammar_.nothing();
    out.members.push_back({"\"" + written(name, Writing::json) + "\"", rest, required});
  }
  // A schema that names properties and says nothing of others: models write only those that are named.
  QUERN_CHECK(add_others(bounds, names, says_names && !says_rest, out));
  return out;
}

Result<Expr> SchemaWriter::write_object(const ObjectBounds& bounds) {
  if (bounds.max_properties < bounds.min_properties) return grammar_.nothing();
  QUERN_TRY(Members members, members_of(bounds));
  if (members.members.empty() && members.others.size() == 1 && bounds.names.empty() && bounds.min_properties <= 1 &&
      bounds.max_properties == kNoMaximum && all_patterns(bounds).empty()) {
    // A map: any keys, in every way they can be written.
    const Expr rest = members.others.front().rest;
    const Expr pair = grammar_.sequence({texts_.any_string(), rest});
    const Expr pairs = grammar_.sequence(
        {pair, grammar_.repeat(grammar_.sequence({texts_.comma(), pair}), 0, kUnlimited), texts_.blanks()});
    return grammar_.sequence({grammar_.text("{"), texts_.blanks(),
                              bounds.min_properties == 0 ? grammar_.optional(pairs) : pairs, grammar_.text("}")});
  }
  const auto n_required = static_cast<std::uint64_t>(
      std::count_if(members.members.begin(), members.members.end(), [](const Member& one) { return one.required; }));
  if (!members.others.empty() && bounds.min_properties > n_required + 1 && bounds.min_owner != nullptr) {
    QUERN_CHECK(document_.cannot_enforce(*bounds.min_owner, "minProperties", "further members may come twice"));
  }
  const bool may_be_empty = n_required == 0 && bounds.min_properties == 0;
  members.min_count = std::max<std::uint64_t>(members.min_count, 1);
  const Expr some = bounds.max_properties == 0 || (members.members.empty() && members.others.empty())
                        ? grammar_.nothing()
                        : grammar_.sequence({grammar_.members(std::move(members)), texts_.blanks()});
  return grammar_.sequence(
      {grammar_.text("{"), texts_.blanks(), may_be_empty ? grammar_.optional(some) : some, grammar_.text("}")});
}

}  // namespace quern::engine::grammar
