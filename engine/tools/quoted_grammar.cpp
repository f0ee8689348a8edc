// {a:1,b:<|"|>text<|"|>}: schemas in Gemma's notation.
#include "engine/tools/call_grammar.hpp"

#include <optional>

namespace quern::engine::tools {
namespace {

namespace json = boost::json;
using grammar::Expr;
using grammar::Grammar;

constexpr int kMaxDepth = 64;

class QuotedGrammar {
 public:
  QuotedGrammar(Grammar& g, const ToolFormat& format, const Tool& tool, const CallRules& rules)
      : g_(g), quote_(format.quote), tool_(tool), rules_(rules) {}

  Result<Expr> object(const json::value& schema, const std::string& path, int depth) {
    constexpr std::string_view kEnforced[] = {"type", "properties", "required", "additionalProperties"};
    QUERN_CHECK(note_ignored(tool_, schema, path, kEnforced, rules_));
    grammar::Members members;
    members.separator = g_.text(",");
    const json::object* const object = schema.if_object();
    const json::value* const properties = object != nullptr ? object->if_contains("properties") : nullptr;
    if (properties != nullptr && properties->is_object()) {
      for (const auto& [name, value] : properties->get_object()) {
        const std::string key(name.data(), name.size());
        QUERN_TRY(const Expr rest, this->value(value, path + "/properties/" + key, depth + 1));
        members.members.push_back({key + ":", rest, is_required(*object, key)});
      }
    }
    const json::value* const more = object != nullptr ? object->if_contains("additionalProperties") : nullptr;
    const bool others = more != nullptr ? !more->is_bool() || more->get_bool() : members.members.empty();
    if (others && (more != nullptr || properties == nullptr)) {
      const Expr key = g_.repeat(g_.chars({{'-', '.'}, {'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}), 1, 64);
      const bool has_schema = more != nullptr && more->is_object();
      Expr rest = any();
      if (has_schema) {
        QUERN_TRY(rest, this->value(*more, path + "/additionalProperties", depth + 1));
      }
      members.others.push_back({g_.sequence({key, g_.text(":")}), rest});
    }
    if (members.members.empty() && members.others.empty()) return g_.text("{}");
    return g_.sequence({g_.text("{"), g_.members(std::move(members)), g_.text("}")});
  }

 private:
  static bool is_required(const json::object& schema, std::string_view name) {
    const json::value* const list = schema.if_contains("required");
    if (list == nullptr || !list->is_array()) return false;
    for (const json::value& each : list->get_array()) {
      if (each.is_string() && std::string_view(each.get_string().data(), each.get_string().size()) == name) return true;
    }
    return false;
  }

  Expr text() { return g_.sequence({g_.marker(quote_), g_.through({quote_})}); }

  // Any value: a rule, for it may be in itself.
  Expr any() {
    if (any_) return g_.reference(*any_);
    any_ = g_.add_rule("gemma value");
    const Expr value = g_.reference(*any_);
    const Expr key = g_.repeat(g_.chars({{'-', '.'}, {'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}), 1, 64);
    const Expr member = g_.sequence({g_.choice({key, text()}), g_.text(":"), value});
    const auto list = [&](std::string_view open, Expr item, std::string_view close) {
      const Expr more = g_.repeat(g_.sequence({g_.text(","), item}), 0, grammar::kUnlimited);
      return g_.sequence({g_.text(open), g_.optional(g_.sequence({item, more})), g_.text(close)});
    };
    g_.define(*any_, g_.choice({text(), scalar("number"), g_.text("true"), g_.text("false"), g_.text("null"),
                                g_.text("None"), list("[", value, "]"), list("{", member, "}")}));
    return value;
  }

  Expr scalar(std::string_view type) {
    const json::value schema{{"type", json::string_view(type.data(), type.size())}};
    return grammar::add_json_schema(g_, schema, {}).value();
  }

  Result<Expr> constant(const json::value& value) {
    if (value.is_string())
      return g_.sequence(
          {g_.marker(quote_), g_.text({value.get_string().data(), value.get_string().size()}), g_.marker(quote_)});
    if (value.is_array() || value.is_object()) return any();
    return grammar::add_json_schema(g_, json::value{{"const", value}}, {});
  }

  Result<Expr> choice_of(const json::array& list, const std::string& path, int depth) {
    std::vector<Expr> out;
    for (const json::value& each : list) {
      QUERN_TRY(const Expr one, value(each, fmt::format("{}/{}", path, out.size()), depth + 1));
      out.push_back(one);
    }
    return out.empty() ? g_.nothing() : g_.choice(std::move(out));
  }

  Result<Expr> value(const json::value& schema, const std::string& path, int depth) {
    const json::object* const object = schema.if_object();
    if (object == nullptr || depth > kMaxDepth) return any();
    if (const auto* reference = object->if_contains("$ref"); reference != nullptr && reference->is_string()) {
      const auto& name = reference->get_string();
      const json::value* const found = find_reference(tool_.parameters, {name.data(), name.size()});
      return found != nullptr && depth < 8 ? value(*found, path, depth + 1) : any();
    }
    if (const auto* values = object->if_contains("enum"); values != nullptr && values->is_array()) {
      std::vector<Expr> out;
      for (const json::value& each : values->get_array()) {
        QUERN_TRY(const Expr one, constant(each));
        out.push_back(one);
      }
      return out.empty() ? g_.nothing() : g_.choice(std::move(out));
    }
    if (const auto* only = object->if_contains("const"); only != nullptr) return constant(*only);
    for (const char* const name : {"anyOf", "oneOf"}) {
      if (const auto* list = object->if_contains(name); list != nullptr && list->is_array())
        return choice_of(list->get_array(), path + "/" + name, depth);
    }
    const Kinds kinds = kinds_of(schema, tool_.parameters);
    if (kinds == kAnyKind) return any();
    return of_kinds(schema, kinds, path, depth);
  }

  Result<Expr> of_kinds(const json::value& schema, Kinds kinds, const std::string& path, int depth) {
    std::vector<Expr> out;
    if ((kinds & kString) != 0) {
      if (kinds == kString) {
        constexpr std::string_view kEnforced[] = {"type"};
        QUERN_CHECK(note_ignored(tool_, schema, path, kEnforced, rules_));
      }
      out.push_back(text());
    }
    if ((kinds & kNumber) != 0) {
      if (kinds == kNumber) {
        QUERN_TRY(const Expr number, add_schema(g_, tool_, schema, path, grammar::Notation::json, rules_));
        out.push_back(number);
      } else {
        out.push_back(scalar("number"));
      }
    }
    if ((kinds & kBoolean) != 0) out.insert(out.end(), {g_.text("true"), g_.text("false")});
    if ((kinds & kNull) != 0) out.insert(out.end(), {g_.text("null"), g_.text("None")});
    if ((kinds & kArray) != 0) {
      QUERN_TRY(const Expr list, array(schema, path, depth));
      out.push_back(list);
    }
    if ((kinds & kObject) != 0) {
      QUERN_TRY(const Expr members, this->object(schema, path, depth));
      out.push_back(members);
    }
    return g_.choice(std::move(out));
  }

  Result<Expr> array(const json::value& schema, const std::string& path, int depth) {
    const json::value* const items = schema.get_object().if_contains("items");
    Expr item = any();
    if (items != nullptr && items->is_object()) {
      QUERN_TRY(item, value(*items, path + "/items", depth + 1));
    }
    const Expr more = g_.repeat(g_.sequence({g_.text(","), item}), 0, grammar::kUnlimited);
    return g_.sequence({g_.text("["), g_.optional(g_.sequence({item, more})), g_.text("]")});
  }

  Grammar& g_;
  const std::string& quote_;
  const Tool& tool_;
  const CallRules& rules_;
  std::optional<grammar::Rule> any_;
};

}  // namespace

Result<Expr> add_quoted_arguments(Grammar& g, const ToolFormat& format, const Tool& tool, const CallRules& rules) {
  return QuotedGrammar(g, format, tool, rules).object(tool.parameters, "#", 0);
}

}  // namespace quern::engine::tools
