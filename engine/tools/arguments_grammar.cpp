// The arguments of one tool: its schema in the notation of the format.
#include "engine/tools/call_grammar.hpp"
#include "engine/tools/json_copy.hpp"
#include "engine/tools/marks.hpp"

#include <algorithm>

namespace quern::engine::tools {
namespace {

namespace json = boost::json;
using grammar::Expr;
using grammar::Grammar;

// Of a tool's schema what its parameters are; an empty one: any.
struct Properties {
  const json::object* properties = nullptr;
  std::vector<std::string> required;
  bool others = false;  // further ones are allowed by the schema's own words
};
Properties properties_of(const Tool& tool) {
  Properties out;
  const json::object* const schema = tool.parameters.if_object();
  if (schema == nullptr) return {.others = true};
  if (const auto* found = schema->if_contains("properties"); found != nullptr) out.properties = found->if_object();
  if (const auto* found = schema->if_contains("required"); found != nullptr && found->is_array()) {
    for (const json::value& name : found->get_array()) {
      if (name.is_string()) out.required.emplace_back(name.get_string().data(), name.get_string().size());
    }
  }
  const auto* const more = schema->if_contains("additionalProperties");
  out.others = more != nullptr ? !more->is_bool() || more->get_bool() : out.properties == nullptr;
  return out;
}

bool is_required(const Properties& all, std::string_view name) {
  return std::find(all.required.begin(), all.required.end(), name) != all.required.end();
}

// A schema of a property, in which "#" still means the tool's.
json::value with_definitions(const Tool& tool, const json::value& schema) {
  if (!schema.is_object()) return schema;
  json::value out = schema;
  for (const char* const name : {"$defs", "definitions"}) {
    const json::value* const found = tool.parameters.get_object().if_contains(name);
    if (found != nullptr && !out.get_object().contains(name)) out.get_object()[name] = *found;
  }
  return out;
}

Error named(const Tool& tool, Error error) {
  error.detail = fmt::format("tool '{}': {}", tool.name, error.detail);
  return error;
}

// Values that are written as they are, up to the mark behind them.
class ParameterGrammar {
 public:
  ParameterGrammar(Grammar& g, const ToolFormat& format, const Tool& tool, const CallRules& rules)
      : g_(g), format_(format), marks_(format.parameters), tool_(tool), rules_(rules) {}

  Result<Expr> arguments() {
    const Properties all = properties_of(tool_);
    grammar::Members members;
    members.separator = between();
    if (all.properties != nullptr) {
      for (const auto& [name, schema] : *all.properties) {
        const std::string key(name.data(), name.size());
        QUERN_TRY(const Expr rest, value(key, schema));
        members.members.push_back(
            {(begins_with_mark() ? "" : marks_.begin) + key + shared_key_end(), rest, is_required(all, key)});
      }
    }
    if (all.others) {
      const Expr key = g_.repeat(g_.chars({{'-', '.'}, {'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}), 1, 64);
      const Expr begin = begins_with_mark() ? g_.empty() : g_.text(marks_.begin);
      members.others.push_back({g_.sequence({begin, key, g_.text(shared_key_end())}), free_value()});
    }
    const Expr end = add_marked_text(g_, format_, format_.call.back().text);
    const bool none_needed = std::none_of(members.members.begin(), members.members.end(),
                                          [](const grammar::Member& member) { return member.required; });
    const bool none_possible = members.members.empty() && members.others.empty();
    members.min_count = 1;
    std::vector<Expr> out;
    if (!none_possible) {
      const Expr first = begins_with_mark() ? add_marked_text(g_, format_, marks_.begin) : g_.empty();
      out.push_back(g_.sequence({first, g_.members(std::move(members)), end}));
    }
    // Without any, the line break before the end is the one behind the name.
    if (none_needed) {
      std::string_view text = format_.call.back().text;
      const std::size_t before = format_.call.size() - 2;
      const bool broken = before > 0 && format_.call[before - 1].text.ends_with('\n');
      if (broken && text.starts_with('\n')) text.remove_prefix(1);
      out.push_back(add_marked_text(g_, format_, text));
      out.push_back(end);
    }
    return g_.choice(std::move(out));
  }

 private:
  // <arg_key>, which may be a token, and not <parameter=.
  bool begins_with_mark() const { return marks_.begin.ends_with('>'); }
  Expr between() {
    return begins_with_mark() ? add_marked_text(g_, format_, marks_.gap + marks_.begin) : g_.text(marks_.gap);
  }
  // What is behind a key in any case: all that cannot be a token.
  std::string shared_key_end() const {
    if (begins_with_mark()) return {};
    if (marks_.key_end_literal.empty()) return marks_.key_end;
    std::size_t n = 0;
    while (n < marks_.key_end.size() && marks_.key_end[n] == marks_.key_end_literal[n]) ++n;
    return marks_.key_end.substr(0, n);
  }
  Expr key_end(bool literal) {
    const std::string& all = literal && !marks_.key_end_literal.empty() ? marks_.key_end_literal : marks_.key_end;
    return add_marked_text(g_, format_, std::string_view(all).substr(shared_key_end().size()));
  }
  Expr value_end() { return add_marked_text(g_, format_, marks_.value_end); }
  Expr any_text() { return g_.sequence({key_end(false), g_.through({std::string(trimmed(marks_.value_end))})}); }

  Expr free_value() {
    if (marks_.key_end_literal.empty()) return any_text();
    const Expr value = grammar::add_json_value(g_, {.whitespace = rules_.whitespace});
    return g_.choice({any_text(), g_.sequence({key_end(true), value, value_end()})});
  }

  Result<Expr> value(const std::string& name, const json::value& schema) {
    const Kinds kinds = kinds_of(schema, tool_.parameters);
    const std::string path = "#/properties/" + name;
    if (kinds == kString) return text_value(schema, path);
    if (kinds == kAnyKind) return free_value();
    QUERN_TRY(const Expr literal,
              add_schema(g_, tool_, with_definitions(tool_, schema), path, grammar::Notation::json, rules_));
    std::vector<Expr> values{literal};
    if (marks_.python_words && schema.is_object() && !schema.get_object().contains("enum") &&
        !schema.get_object().contains("const")) {
      if ((kinds & kBoolean) != 0) values.insert(values.end(), {g_.text("True"), g_.text("False")});
      if ((kinds & kNull) != 0) values.push_back(g_.text("None"));
    }
    if (marks_.python_values && (kinds & (kArray | kObject)) != 0) {
      QUERN_TRY(const Expr python,
                add_schema(g_, tool_, with_definitions(tool_, schema), path, grammar::Notation::python, rules_));
      values.push_back(python);
    }
    const Expr other = g_.sequence({key_end(true), g_.choice(std::move(values)), value_end()});
    if ((kinds & kString) == 0) return other;
    // A text among others is written without quotes, so that anything may come.
    return marks_.key_end_literal.empty() ? any_text() : g_.choice({any_text(), other});
  }

  Result<Expr> text_value(const json::value& schema, const std::string& path) {
    constexpr std::string_view kEnforced[] = {"type", "enum", "const"};
    QUERN_CHECK(note_ignored(tool_, schema, path, kEnforced, rules_));
    const json::object& object = schema.get_object();
    std::vector<Expr> texts;
    const auto add = [&](const json::value& value) {
      if (value.is_string()) texts.push_back(g_.text({value.get_string().data(), value.get_string().size()}));
    };
    if (const auto* values = object.if_contains("enum"); values != nullptr && values->is_array()) {
      for (const json::value& value : values->get_array()) add(value);
    } else if (const auto* only = object.if_contains("const"); only != nullptr) {
      add(*only);
    }
    if (texts.empty()) return any_text();
    return g_.sequence({key_end(false), g_.choice(std::move(texts)), value_end()});
  }

  Grammar& g_;
  const ToolFormat& format_;
  const ToolFormat::Parameters& marks_;
  const Tool& tool_;
  const CallRules& rules_;
};

// f(a=1, b="x"): what stands between the brackets.
Result<Expr> add_keyword_arguments(Grammar& g, const ToolFormat& format, const Tool& tool, const CallRules& rules) {
  const grammar::Notation notation = format.json_values ? grammar::Notation::json : grammar::Notation::python;
  const Properties all = properties_of(tool);
  grammar::Members members;
  members.separator = g.text(", ");
  if (all.properties != nullptr) {
    for (const auto& [name, schema] : *all.properties) {
      const std::string key(name.data(), name.size());
      QUERN_TRY(const Expr value,
                add_schema(g, tool, with_definitions(tool, schema), "#/properties/" + key, notation, rules));
      members.members.push_back({key + "=", value, is_required(all, key)});
    }
  }
  if (all.others) {
    const Expr key =
        g.sequence({g.chars({{'A', 'Z'}, {'_', '_'}, {'a', 'z'}}),
                    g.repeat(g.chars({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}), 0, 63), g.text("=")});
    members.others.push_back({key, grammar::add_json_value(g, {.notation = notation})});
  }
  if (members.members.empty() && members.others.empty()) return g.empty();
  return g.members(std::move(members));
}

// An object, whatever the schema says of other kinds of values.
Result<Expr> add_object(Grammar& g, const Tool& tool, const CallRules& rules) {
  const json::object* const schema = tool.parameters.if_object();
  if (schema == nullptr || schema->empty()) return grammar::add_json_object(g, {.whitespace = rules.whitespace});
  json::value object = tool.parameters;
  if (!schema->contains("type")) object.get_object()["type"] = "object";
  return add_schema(g, tool, object, "#", grammar::Notation::json, rules);
}

}  // namespace

Result<Expr> add_schema(Grammar& g, const Tool& tool, const json::value& schema, const std::string& path,
                        grammar::Notation notation, const CallRules& rules) {
  std::vector<std::string> ignored;
  grammar::SchemaOptions options;
  options.whitespace = rules.whitespace;
  options.notation = notation;
  options.wide_digits = rules.wide_digits;
  options.ignored = tool.strict ? nullptr : &ignored;
  const auto in_tool = [&](const std::string& inner) {
    return inner.starts_with('#') ? path + inner.substr(1) : inner;
  };
  auto out = grammar::add_json_schema(g, schema, options);
  if (!out) {
    Error error = named(tool, out.error());
    error.field = in_tool(error.field);
    return error;
  }
  if (rules.ignored != nullptr)
    for (const std::string& keyword : ignored) rules.ignored->push_back(tool.name + in_tool(keyword));
  return *out;
}

Status note_ignored(const Tool& tool, const json::value& schema, std::string_view path,
                    std::span<const std::string_view> enforced, const CallRules& rules) {
  constexpr std::string_view kSilent[] = {"title",    "description", "default", "examples",    "$comment", "deprecated",
                                          "readOnly", "writeOnly",   "$defs",   "definitions", "$schema",  "$id"};
  if (!schema.is_object()) return {};
  for (const auto& member : schema.get_object()) {
    const std::string_view keyword(member.key().data(), member.key().size());
    const auto is_keyword = [&](std::string_view known) { return known == keyword; };
    if (std::any_of(enforced.begin(), enforced.end(), is_keyword)) continue;
    if (std::any_of(std::begin(kSilent), std::end(kSilent), is_keyword)) continue;
    const std::string where = fmt::format("{}/{}", path, keyword);
    if (tool.strict)
      return named(tool, fail_field(where, "cannot be enforced in the form in which this model writes calls"));
    if (rules.ignored != nullptr) rules.ignored->push_back(tool.name + where);
  }
  return {};
}

Result<ArgumentsGrammar> add_arguments(Grammar& g, const ToolFormat& format, const Tool& tool, const CallRules& rules) {
  const auto alone = [](Result<Expr> expr) -> Result<ArgumentsGrammar> {
    if (!expr) return expr.error();
    return ArgumentsGrammar{*expr, false};
  };
  switch (format.syntax) {
    case Syntax::parameters: {
      QUERN_TRY(const Expr all, ParameterGrammar(g, format, tool, rules).arguments());
      return ArgumentsGrammar{all, true};
    }
    case Syntax::pythonic:
      return alone(add_keyword_arguments(g, format, tool, rules));
    case Syntax::quoted:
      return alone(add_quoted_arguments(g, format, tool, rules));
    default:
      return alone(add_object(g, tool, rules));
  }
}

}  // namespace quern::engine::tools
