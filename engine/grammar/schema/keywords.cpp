// What one schema says by itself: its types, and the bounds of each.
#include "engine/grammar/schema/expander.hpp"
#include "engine/grammar/schema/formats.hpp"

#include <algorithm>
#include <array>

namespace quern::engine::grammar {
namespace {

struct TypeName {
  std::string_view name;
  std::uint8_t types;
};
constexpr std::array<TypeName, 7> kTypeNames{{{"null", kNull},
                                              {"boolean", kBoolean},
                                              {"number", kNumber},
                                              {"integer", kNumber},
                                              {"string", kString},
                                              {"array", kArray},
                                              {"object", kObject}}};

}  // namespace

Result<Shape> SchemaExpander::read_own(const json::value& schema, const json::object& keywords) {
  Shape out;
  QUERN_CHECK(read_types(schema, keywords, out));
  if (const json::value* const one = keywords.if_contains("const")) out.values = {one};
  if (const json::value* const list = keywords.if_contains("enum")) {
    if (!list->is_array() || list->get_array().empty()) {
      return fail_field(document_.path(schema, "enum"), "expected an array of values that is not empty");
    }
    std::vector<const json::value*> values;
    for (const json::value& value : list->get_array()) {
      if (!out.values || value == *out.values->front()) values.push_back(&value);
    }
    out.values = std::move(values);
  }
  if (out.values) {
    std::uint8_t types = 0;
    for (const json::value* value : *out.values) types |= type_of(*value);
    if (const json::value* const nullable = keywords.if_contains("nullable");
        nullable != nullptr && nullable->is_bool() && nullable->get_bool()) {
      static const json::value kNullValue;
      out.values->push_back(&kNullValue);
      types |= kNull;
    }
    out.types &= types;
  }
  QUERN_CHECK(read_number(schema, keywords, out));
  QUERN_CHECK(read_string(schema, keywords, out));
  QUERN_CHECK(read_array(schema, keywords, out));
  QUERN_CHECK(read_object(schema, keywords, out));
  if (out.values && out.values->empty()) out.types = 0;
  return out;
}

Status SchemaExpander::read_types(const json::value& schema, const json::object& keywords, Shape& out) {
  const json::value* const type = keywords.if_contains("type");
  if (type == nullptr) return {};
  const std::string where = document_.path(schema, "type");
  out.types = 0;
  bool whole = false, any_number = false;
  const auto add = [&](const json::value& name) -> Status {
    const json::string* const text = name.if_string();
    if (text == nullptr) return fail_field(where, "expected the name of a type, or an array of them");
    const auto found = std::find_if(kTypeNames.begin(), kTypeNames.end(),
                                    [&](const TypeName& one) { return one.name == text_of(*text); });
    if (found == kTypeNames.end()) {
      return fail_field(where, "expected null, boolean, number, integer, string, array or object, found \"{}\"",
                        text_of(*text));
    }
    out.types |= found->types;
    whole |= found->name == "integer";
    any_number |= found->name == "number";
    return {};
  };
  if (const json::array* const list = type->if_array()) {
    if (list->empty()) return fail_field(where, "expected at least one type");
    for (const json::value& name : *list) QUERN_CHECK(add(name));
  } else {
    QUERN_CHECK(add(*type));
  }
  out.number.whole = whole && !any_number;
  // As OpenAPI 3.0 says that null is one of them.
  const json::value* const nullable = keywords.if_contains("nullable");
  if (nullable != nullptr && nullable->is_bool() && nullable->get_bool()) out.types |= kNull;
  return {};
}

Status SchemaExpander::read_number(const json::value& schema, const json::object& keywords, Shape& out) {
  const auto bound = [&](std::string_view keyword, bool exclusive, bool lower) -> Status {
    const json::value* const value = keywords.if_contains(keyword);
    if (value == nullptr) return {};
    if (value->is_bool() && exclusive) {  // as in draft 4: a flag of the other keyword
      std::optional<NumberBound>& other = lower ? out.number.min : out.number.max;
      if (value->get_bool() && other) other->exclusive = true;
      return {};
    }
    QUERN_TRY(Decimal limit, document_.decimal(*value, document_.path(schema, keyword)));
    Shape one;
    (lower ? one.number.min : one.number.max) = NumberBound{std::move(limit), exclusive};
    out = *intersect(std::move(out), one);
    return {};
  };
  if (out.types == 0) return {};
  QUERN_CHECK(bound("minimum", false, true));
  QUERN_CHECK(bound("maximum", false, false));
  QUERN_CHECK(bound("exclusiveMinimum", true, true));
  QUERN_CHECK(bound("exclusiveMaximum", true, false));
  if (const json::value* const value = keywords.if_contains("multipleOf")) {
    const std::string where = document_.path(schema, "multipleOf");
    QUERN_TRY(Decimal multiple, document_.decimal(*value, where));
    if (multiple.negative || multiple.is_zero()) return fail_field(where, "expected a number above 0");
    out.number.multiples.push_back(std::move(multiple));
  }
  return {};
}

Status SchemaExpander::read_count(const json::value& schema, const json::object& keywords, std::string_view keyword,
                                  std::uint64_t& out) {
  const json::value* const value = keywords.if_contains(keyword);
  if (value == nullptr) return {};
  QUERN_TRY(const Decimal count, document_.decimal(*value, document_.path(schema, keyword)));
  if (count.negative || !count.is_whole()) {
    return fail_field(document_.path(schema, keyword), "expected a whole number, 0 or more, found {}", count.text());
  }
  if (count.whole.size() > 18) {
    out = ~std::uint64_t{0} - 1;  // more than anything has
  } else {
    out = count.whole.empty() ? 0 : std::stoull(count.whole);
  }
  return {};
}

Status SchemaExpander::read_string(const json::value& schema, const json::object& keywords, Shape& out) {
  QUERN_CHECK(read_count(schema, keywords, "minLength", out.string.min_length));
  QUERN_CHECK(read_count(schema, keywords, "maxLength", out.string.max_length));
  if (const json::value* const pattern = keywords.if_contains("pattern")) {
    if (!pattern->is_string()) return fail_field(document_.path(schema, "pattern"), "expected a string");
    out.string.patterns.push_back({text_of(pattern->get_string()), &schema, "pattern", false});
  }
  if (const json::value* const format = keywords.if_contains("format")) {
    if (!format->is_string()) return fail_field(document_.path(schema, "format"), "expected a string");
    const std::string_view name = text_of(format->get_string());
    const std::string_view pattern = format_pattern(name);
    if ((out.types & kString) == 0 || is_number_format(name)) return {};
    if (pattern.data() == nullptr) return document_.cannot_enforce(schema, "format", "this format is not known");
    if (!pattern.empty()) out.string.patterns.push_back({name, &schema, "format", false});
  }
  return {};
}

Status SchemaExpander::check_schema(const json::value& schema, const json::value& owner, std::string_view keyword) {
  if (schema.is_object() || schema.is_bool()) return {};
  return fail_field(document_.path(owner, keyword), "expected an object or a boolean as a schema");
}

Status SchemaExpander::read_array(const json::value& schema, const json::object& keywords, Shape& out) {
  QUERN_CHECK(read_count(schema, keywords, "minItems", out.array.min_items));
  QUERN_CHECK(read_count(schema, keywords, "maxItems", out.array.max_items));
  ArrayPart part;
  part.owner = &schema;
  const json::value* rest = keywords.if_contains("items");
  const json::value* prefix = keywords.if_contains("prefixItems");
  if (rest != nullptr && rest->is_array()) {  // as before 2020-12
    prefix = rest;
    rest = keywords.if_contains("additionalItems");
  }
  if (rest == nullptr) rest = keywords.if_contains("unevaluatedItems");
  if (prefix != nullptr) {
    const json::array* const list = prefix->if_array();
    if (list == nullptr) QUERN_CHECK(document_.cannot_enforce(schema, "prefixItems", "expected an array of schemas"));
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
      QUERN_CHECK(check_schema((*list)[i], schema, "prefixItems"));
      part.prefix.push_back({&(*list)[i], false});
    }
  }
  if (rest != nullptr) {
    QUERN_CHECK(check_schema(*rest, schema, "items"));
    part.rest = Item{rest, false};
  }
  const bool combined = keywords.contains("allOf") || keywords.contains("anyOf") || keywords.contains("oneOf") ||
                        keywords.contains("$ref") || keywords.contains("if");
  if (keywords.contains("unevaluatedItems") && combined) {
    QUERN_CHECK(document_.cannot_enforce(schema, "unevaluatedItems", "other schemas speak of items too"));
    if (part.rest && part.rest->schema == keywords.if_contains("unevaluatedItems")) part.rest.reset();
  }
  if (!part.prefix.empty() || part.rest) out.array.parts.push_back(std::move(part));

  const json::value* const unique = keywords.if_contains("uniqueItems");
  if (unique != nullptr && unique->is_bool() && unique->get_bool()) out.array.unique = &schema;
  const json::value* const contains = keywords.if_contains("contains");
  if (contains == nullptr) return {};
  QUERN_CHECK(check_schema(*contains, schema, "contains"));
  std::uint64_t least = 1, most = ~std::uint64_t{0};
  QUERN_CHECK(read_count(schema, keywords, "minContains", least));
  QUERN_CHECK(read_count(schema, keywords, "maxContains", most));
  if (least > 1) QUERN_CHECK(document_.cannot_enforce(schema, "minContains", "more than one"));
  if (most != ~std::uint64_t{0}) QUERN_CHECK(document_.cannot_enforce(schema, "maxContains", "a limit"));
  if (least > 0) out.array.contains.emplace_back(Item{contains, false}, &schema);
  return {};
}

Status SchemaExpander::read_members(const json::value& schema, const json::object& keywords, std::string_view keyword,
                                    std::vector<std::pair<std::string_view, Item>>& out) {
  const json::value* const list = keywords.if_contains(keyword);
  if (list == nullptr) return {};
  if (!list->is_object()) return fail_field(document_.path(schema, keyword), "expected an object of schemas");
  for (const auto& [name, value] : list->get_object()) {
    QUERN_CHECK(check_schema(value, *list, std::string_view(name.data(), name.size())));
    out.emplace_back(std::string_view(name.data(), name.size()), Item{&value, false});
  }
  return {};
}

Status SchemaExpander::read_object(const json::value& schema, const json::object& keywords, Shape& out) {
  QUERN_CHECK(read_count(schema, keywords, "minProperties", out.object.min_properties));
  QUERN_CHECK(read_count(schema, keywords, "maxProperties", out.object.max_properties));
  if (out.object.min_properties > 0) out.object.min_owner = &schema;
  ObjectPart part;
  part.owner = &schema;
  QUERN_CHECK(read_members(schema, keywords, "properties", part.properties));
  QUERN_CHECK(read_members(schema, keywords, "patternProperties", part.patterns));
  const json::value* rest = keywords.if_contains("additionalProperties");
  if (rest == nullptr) {
    rest = keywords.if_contains("unevaluatedProperties");
    part.rest_of_all = rest != nullptr;
  }
  if (rest != nullptr) {
    QUERN_CHECK(check_schema(*rest, schema, part.rest_of_all ? "unevaluatedProperties" : "additionalProperties"));
    part.rest = Item{rest, false};
  }
  if (!part.properties.empty() || !part.patterns.empty() || part.rest) out.object.parts.push_back(std::move(part));
  if (const json::value* const names = keywords.if_contains("propertyNames")) {
    QUERN_CHECK(check_schema(*names, schema, "propertyNames"));
    add_items(out.object.names, {Item{names, false}});
  }
  const json::value* const required = keywords.if_contains("required");
  if (required == nullptr || required->is_bool()) return {};  // a flag, as in draft 3, says nothing here
  if (!required->is_array()) return fail_field(document_.path(schema, "required"), "expected an array of names");
  for (const json::value& name : required->get_array()) {
    if (!name.is_string()) return fail_field(document_.path(schema, "required"), "expected names of properties");
    const std::string_view text = text_of(name.get_string());
    auto& names = out.object.required;
    if (std::find(names.begin(), names.end(), text) == names.end()) names.push_back(text);
  }
  return {};
}

}  // namespace quern::engine::grammar
