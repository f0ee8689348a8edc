#include "engine/grammar/schema/expander.hpp"

#include <algorithm>

namespace quern::engine::grammar {
namespace {

using Shapes = SchemaExpander::Shapes;

Shape nothing() {
  Shape out;
  out.types = 0;
  return out;
}

}  // namespace

std::string_view text_of(const json::string& text) noexcept {
  return {text.data(), text.size()};
}

Result<Shapes> SchemaExpander::expand(const Items& items) {
  Shapes out{Shape{}};
  for (const Item& item : items) {
    QUERN_TRY(const Shapes one, expand_one(item, 0));
    QUERN_TRY(out, both(out, one));
  }
  return out;
}

Result<Shapes> SchemaExpander::both(const Shapes& a, const Shapes& b) {
  Shapes out;
  n_steps_ += a.size() * b.size();
  if (n_steps_ > kMaxSteps) return fail_field("#", "the combinations of this schema are too many to work out");
  for (const Shape& x : a) {
    for (const Shape& y : b) {
      std::optional<Shape> together = intersect(x, y);
      if (together.has_value()) out.push_back(std::move(*together));
    }
  }
  if (out.size() > kMaxAlternatives) {
    return fail_field("#", "a combination of at most {} alternatives, found {}", kMaxAlternatives, out.size());
  }
  return out;
}

Result<Shapes> SchemaExpander::expand_one(Item item, int depth) {
  const auto known = known_.find(item);
  if (known != known_.end()) return known->second;
  // A schema that refers to itself before it says anything about a value: that way out is none.
  if (std::find(open_.begin(), open_.end(), item) != open_.end()) {
    ++n_cycles_;
    return Shapes{};
  }
  if (depth > kMaxReferences) {
    return fail_field(document_.path(*item.schema), "at most {} references one after another", kMaxReferences);
  }
  if (++n_steps_ > kMaxSteps) return fail_field("#", "the combinations of this schema are too many to work out");
  open_.push_back(item);
  const std::size_t cycles_before = n_cycles_;
  const auto work = [&]() -> Result<Shapes> {
    if (item.negated) return negate(*item.schema, depth);
    if (const bool* const any = item.schema->if_bool()) return *any ? Shapes{Shape{}} : Shapes{};
    if (const json::object* const keywords = item.schema->if_object()) {
      return expand_object(*item.schema, *keywords, depth);
    }
    return fail_field(document_.path(*item.schema), "expected an object or a boolean as a schema");
  };
  Result<Shapes> out = work();
  open_.pop_back();
  // What was found while something led back to an open schema holds only there.
  if (out && (open_.empty() || n_cycles_ == cycles_before)) known_.emplace(item, *out);
  return out;
}

Result<Shapes> SchemaExpander::expand_object(const json::value& schema, const json::object& keywords, int depth) {
  QUERN_TRY(Shape own, read_own(schema, keywords));
  Shapes out;
  if (own.types != 0) out.push_back(std::move(own));
  const auto take = [&](Result<Shapes> more) -> Status {
    if (!more) return more.error();
    QUERN_TRY(out, both(out, *more));
    return {};
  };
  if (const json::value* const reference = keywords.if_contains("$ref")) {
    const json::string* const text = reference->if_string();
    if (text == nullptr) return fail_field(document_.path(schema, "$ref"), "expected a string");
    QUERN_TRY(const json::value* target, document_.resolve(text_of(*text), schema));
    QUERN_CHECK(take(expand_one({target, false}, depth + 1)));
  }
  if (keywords.contains("$dynamicRef") || keywords.contains("$recursiveRef")) {
    QUERN_CHECK(document_.cannot_enforce(schema, "$dynamicRef", "it depends on how the schema is used"));
  }
  if (const json::value* const list = keywords.if_contains("allOf")) {
    QUERN_CHECK(take(expand_list(schema, *list, "allOf", true, depth)));
  }
  if (const json::value* const list = keywords.if_contains("anyOf")) {
    QUERN_CHECK(take(expand_list(schema, *list, "anyOf", false, depth)));
  }
  if (const json::value* const list = keywords.if_contains("oneOf")) {
    QUERN_CHECK(take(expand_one_of(schema, *list, depth)));
  }
  if (const json::value* const other = keywords.if_contains("not")) {
    QUERN_CHECK(take(expand_one({other, true}, depth + 1)));
  }
  if (keywords.contains("if")) QUERN_CHECK(take(expand_if(schema, keywords, depth)));
  for (const std::string_view keyword : {"dependentRequired", "dependentSchemas", "dependencies"}) {
    if (keywords.contains(keyword)) QUERN_CHECK(take(expand_dependent(schema, keywords, keyword, depth)));
  }
  return out;
}

Result<Shapes> SchemaExpander::expand_list(const json::value& schema, const json::value& list, std::string_view keyword,
                                           bool all, int depth) {
  const json::array* const parts = list.if_array();
  if (parts == nullptr || parts->empty()) {
    return fail_field(document_.path(schema, keyword), "expected an array of schemas that is not empty");
  }
  Shapes out;
  if (all) out.emplace_back();
  for (const json::value& part : *parts) {
    QUERN_TRY(Shapes one, expand_one({&part, false}, depth + 1));
    if (all) {
      QUERN_TRY(out, both(out, one));
    } else {
      out.insert(out.end(), std::make_move_iterator(one.begin()), std::make_move_iterator(one.end()));
    }
  }
  return out;
}

// Two alternatives of which a value can never match both.
bool SchemaExpander::disjoint(const Shape& a, const Shape& b) {
  const std::optional<Shape> together = intersect(a, b);
  if (!together.has_value()) return true;
  const Shape& x = *together;
  if (x.types == kNumber && x.number.min && x.number.max) {
    const int order = compare(x.number.min->value, x.number.max->value);
    if (order > 0 || (order == 0 && (x.number.min->exclusive || x.number.max->exclusive))) return true;
  }
  if (x.types == kString && x.string.min_length > x.string.max_length) return true;
  if (x.types == kArray && x.array.min_items > x.array.max_items) return true;
  if (x.types != kObject) return false;
  // Objects: a property that both need and whose values are others in each, or that one needs and the other forbids.
  const auto find = [](const Shape& shape, std::string_view name) {
    std::vector<const json::value*> schemas;
    for (const ObjectPart& part : shape.object.parts) {
      bool spoken_of = false;
      for (const auto& [key, item] : part.properties) {
        if (key != name || item.negated) continue;
        schemas.push_back(item.schema);
        spoken_of = true;
      }
      if (!spoken_of && part.rest && part.patterns.empty() && !part.rest->negated) schemas.push_back(part.rest->schema);
    }
    return schemas;
  };
  const auto values = [](const json::value* schema) -> std::vector<const json::value*> {
    const json::object* const keywords = schema->if_object();
    if (keywords == nullptr) return {};
    if (const json::value* const one = keywords->if_contains("const")) return {one};
    std::vector<const json::value*> out;
    const json::value* const list = keywords->if_contains("enum");
    if (list == nullptr || !list->is_array()) return {};
    for (const json::value& value : list->get_array()) out.push_back(&value);
    return out;
  };
  for (const std::string_view name : x.object.required) {
    const auto of_a = find(a, name), of_b = find(b, name);
    for (const json::value* schema : of_a) {
      if (schema->is_bool() && !schema->get_bool()) return true;
    }
    for (const json::value* schema : of_b) {
      if (schema->is_bool() && !schema->get_bool()) return true;
    }
    for (const json::value* first : of_a) {
      for (const json::value* second : of_b) {
        const auto left = values(first), right = values(second);
        if (left.empty() || right.empty()) continue;
        const bool shared = std::any_of(left.begin(), left.end(), [&](const json::value* value) {
          return std::any_of(right.begin(), right.end(), [&](const json::value* other) { return *value == *other; });
        });
        if (!shared) return true;
      }
    }
  }
  return false;
}

Result<Shapes> SchemaExpander::expand_one_of(const json::value& schema, const json::value& list, int depth) {
  QUERN_TRY(Shapes all, expand_list(schema, list, "oneOf", false, depth));
  const json::array& parts = list.get_array();
  std::vector<Shapes> each;
  for (const json::value& part : parts) {
    QUERN_TRY(Shapes one, expand_one({&part, false}, depth + 1));
    each.push_back(std::move(one));
  }
  Shapes out;
  for (std::size_t i = 0; i < each.size(); ++i) {
    Shapes mine = each[i];
    for (std::size_t j = 0; j < each.size(); ++j) {
      if (i == j) continue;
      const bool apart = std::all_of(mine.begin(), mine.end(), [&](const Shape& a) {
        return std::all_of(each[j].begin(), each[j].end(), [&](const Shape& b) { return disjoint(a, b); });
      });
      if (apart) continue;
      Result<Shapes> others = expand_one({&parts[j], true}, depth + 1);
      if (!others) {
        QUERN_CHECK(document_.cannot_enforce(schema, "oneOf", "alternatives may match the same value"));
        return all;
      }
      QUERN_TRY(mine, both(mine, *others));
    }
    out.insert(out.end(), std::make_move_iterator(mine.begin()), std::make_move_iterator(mine.end()));
  }
  return out;
}

Result<Shapes> SchemaExpander::expand_if(const json::value& schema, const json::object& keywords, int depth) {
  const json::value& condition = keywords.at("if");
  const json::value* const then = keywords.if_contains("then");
  const json::value* const otherwise = keywords.if_contains("else");
  if (then == nullptr && otherwise == nullptr) return Shapes{Shape{}};
  QUERN_TRY(Shapes yes, expand_one({&condition, false}, depth + 1));
  if (then != nullptr) {
    QUERN_TRY(const Shapes more, expand_one({then, false}, depth + 1));
    QUERN_TRY(yes, both(yes, more));
  }
  Result<Shapes> no = expand_one({&condition, true}, depth + 1);
  if (!no) {
    QUERN_CHECK(document_.cannot_enforce(schema, "if", no.error().detail));
    return Shapes{Shape{}};
  }
  if (otherwise != nullptr) {
    QUERN_TRY(const Shapes more, expand_one({otherwise, false}, depth + 1));
    QUERN_TRY(*no, both(*no, more));
  }
  yes.insert(yes.end(), std::make_move_iterator(no->begin()), std::make_move_iterator(no->end()));
  return yes;
}

// "a": ["b"]: no member a, or one of b too.
Result<Shapes> SchemaExpander::expand_dependent(const json::value& schema, const json::object& keywords,
                                                std::string_view keyword, int depth) {
  const json::object* const entries = keywords.at(keyword).if_object();
  if (entries == nullptr) return fail_field(document_.path(schema, keyword), "expected an object");
  static const json::value kFalseSchema(false);
  Shapes out{Shape{}};
  for (const auto& [name, value] : *entries) {
    Shape without;
    ObjectPart part;
    part.properties.emplace_back(std::string_view(name.data(), name.size()), Item{&kFalseSchema, false});
    part.owner = &schema;
    without.object.parts.push_back(std::move(part));
    Shapes ways{std::move(without)};
    Shape with;
    if (const json::array* const names = value.if_array()) {
      for (const json::value& other : *names) {
        if (!other.is_string()) return fail_field(document_.path(schema, keyword), "expected names of properties");
        with.object.required.push_back(text_of(other.get_string()));
      }
      ways.push_back(std::move(with));
    } else {
      QUERN_TRY(const Shapes more, expand_one({&value, false}, depth + 1));
      ways.insert(ways.end(), more.begin(), more.end());
    }
    QUERN_TRY(out, both(out, ways));
  }
  return out;
}

Result<Shapes> SchemaExpander::negate(const json::value& schema, int depth) {
  if (const bool* const any = schema.if_bool()) return *any ? Shapes{} : Shapes{Shape{}};
  const json::object* const keywords = schema.if_object();
  if (keywords == nullptr) return fail_field(document_.path(schema), "expected an object or a boolean as a schema");
  Shapes out;
  const auto add = [&](Shape shape) { out.push_back(std::move(shape)); };
  const auto add_all = [&](Result<Shapes> more) -> Status {
    if (!more) return more.error();
    out.insert(out.end(), more->begin(), more->end());
    return {};
  };
  const auto of_type = [](std::uint8_t types) {
    Shape shape;
    shape.types = types;
    return shape;
  };
  QUERN_TRY(const Shape own, read_own(schema, *keywords));
  for (const auto& [name_view, value] : *keywords) {
    const std::string_view name(name_view.data(), name_view.size());
    if (name == "type" || name == "nullable") {
      if (name == "type") {
        Shape typed;
        QUERN_CHECK(read_types(schema, *keywords, typed));
        // Numbers with a fraction match too, and are left out: no text is let in that is not valid.
        if (typed.types != kAnyType) add(of_type(static_cast<std::uint8_t>(kAnyType & ~typed.types)));
      }
    } else if (name == "const" || name == "enum") {
      std::uint8_t simple = kNull | kBoolean;  // of these no value is left
      Shape strings = of_type(kString);
      for (const json::value* one : *own.values) {
        if (one->is_string()) {
          strings.string.excluded.push_back(text_of(one->get_string()));
        } else if (one->is_null() || one->is_bool()) {
          simple = static_cast<std::uint8_t>(simple & ~(one->is_null() ? kNull : one->get_bool() ? kTrue : kFalse));
        } else {
          return fail_field(document_.path(schema, name), "a number, array or object that must not come");
        }
      }
      add(of_type(static_cast<std::uint8_t>(simple | kNumber | kArray | kObject)));
      add(std::move(strings));
    } else if (name == "required") {
      static const json::value kFalseSchema(false);
      for (const std::string_view missing : own.object.required) {
        Shape shape = of_type(kObject);
        ObjectPart part;
        part.properties.emplace_back(missing, Item{&kFalseSchema, false});
        part.owner = &schema;
        shape.object.parts.push_back(std::move(part));
        add(std::move(shape));
      }
    } else if (name == "properties") {
      for (const ObjectPart& part : own.object.parts) {
        for (const auto& [key, item] : part.properties) {
          Shape shape = of_type(kObject);
          ObjectPart wrong;
          wrong.properties.emplace_back(key, Item{item.schema, !item.negated});
          wrong.owner = &schema;
          shape.object.parts.push_back(std::move(wrong));
          shape.object.required.push_back(key);
          add(std::move(shape));
        }
      }
    } else if (name == "pattern") {
      Shape shape = of_type(kString);
      for (StringBounds::Pattern pattern : own.string.patterns) {
        if (pattern.keyword != "pattern") continue;
        pattern.negated = !pattern.negated;
        shape.string.patterns.push_back(pattern);
      }
      add(std::move(shape));
    } else if (name == "minimum" || name == "exclusiveMinimum" || name == "maximum" || name == "exclusiveMaximum") {
      Shape shape = of_type(kNumber);
      const bool lower = name == "minimum" || name == "exclusiveMinimum";
      const std::optional<NumberBound>& bound = lower ? own.number.min : own.number.max;
      if (!bound) continue;
      (lower ? shape.number.max : shape.number.min) = NumberBound{bound->value, !bound->exclusive};
      add(std::move(shape));
    } else if (name == "minLength" && own.string.min_length > 0) {
      Shape shape = of_type(kString);
      shape.string.max_length = own.string.min_length - 1;
      add(std::move(shape));
    } else if (name == "maxLength" && own.string.max_length != ~std::uint64_t{0}) {
      Shape shape = of_type(kString);
      shape.string.min_length = own.string.max_length + 1;
      add(std::move(shape));
    } else if (name == "minItems" && own.array.min_items > 0) {
      Shape shape = of_type(kArray);
      shape.array.max_items = own.array.min_items - 1;
      add(std::move(shape));
    } else if (name == "maxItems" && own.array.max_items != ~std::uint64_t{0}) {
      Shape shape = of_type(kArray);
      shape.array.min_items = own.array.max_items + 1;
      add(std::move(shape));
    } else if (name == "not") {
      QUERN_CHECK(add_all(expand_one({&value, false}, depth + 1)));
    } else if (name == "$ref") {
      if (!value.is_string()) return fail_field(document_.path(schema, "$ref"), "expected a string");
      QUERN_TRY(const json::value* target, document_.resolve(text_of(value.get_string()), schema));
      QUERN_CHECK(add_all(expand_one({target, true}, depth + 1)));
    } else if (name == "allOf" && value.is_array()) {
      for (const json::value& part : value.get_array()) QUERN_CHECK(add_all(expand_one({&part, true}, depth + 1)));
    } else if (name == "anyOf" && value.is_array()) {
      Shapes none{Shape{}};
      for (const json::value& part : value.get_array()) {
        QUERN_TRY(const Shapes one, expand_one({&part, true}, depth + 1));
        QUERN_TRY(none, both(none, one));
      }
      out.insert(out.end(), none.begin(), none.end());
    } else if (name == "items" || name == "prefixItems" || name == "additionalProperties" || name == "oneOf" ||
               name == "patternProperties" || name == "propertyNames" || name == "if" || name == "contains" ||
               name == "uniqueItems" || name == "multipleOf" || name == "format" || name.starts_with("dependent") ||
               name.starts_with("unevaluated") || name.ends_with("Properties") || name == "additionalItems") {
      if (name == "additionalProperties" && value.is_bool() && value.get_bool()) continue;
      if (name == "uniqueItems" && value.is_bool() && !value.get_bool()) continue;
      return fail_field(document_.path(schema, name), "\"{}\" in something that must not match", name);
    }
  }
  if (out.empty()) out.push_back(nothing());
  std::erase_if(out, [](const Shape& shape) { return shape.types == 0; });
  return out;
}

}  // namespace quern::engine::grammar
