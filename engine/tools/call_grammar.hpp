// What an answer with tools may look like, as a grammar. Threads: pure functions.
//
// With `automatic` the text is free, but for the marks with which calls begin; what follows such a mark is a call of
// one of the tools, with arguments that are valid by its schema, written as the chat template writes calls. Formats
// without a mark (ToolFormat::bare): an answer that begins as a call does ({"name": " or [f( with the name of a tool)
// is one, and any other text is free, also if it is JSON. With `required` and `named` there is nothing but calls. A
// format with channels (gpt-oss) is described from the end of the prompt on, with its thoughts; the others from where
// thoughts are over.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/grammar.hpp"
#include "engine/grammar/json_schema.hpp"
#include "engine/tools/tool.hpp"
#include "engine/tools/tool_format.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

namespace quern::engine::tools {

enum class CallChoice : std::uint8_t {
  automatic,
  required,  // at least one call
  named,     // one call, of CallRules::name
};

struct CallRules {
  CallChoice choice = CallChoice::automatic;
  std::string name;
  bool parallel = true;  // several calls in one answer, where the format has them
  grammar::Whitespace whitespace = grammar::Whitespace::flexible;  // in arguments that are JSON
  std::function<std::string(double)> wide_digits = {};             // see grammar::SchemaOptions
  // What cannot be enforced of the schemas of tools that are not strict, as "name#/properties/a/pattern"; may be
  // nullptr.
  std::vector<std::string>* ignored = nullptr;
};

// Errors: bad_input naming the tool and, as its field, the path in the schema: a strict tool's schema cannot be
// enforced, a schema is none; no tool has the name.
Result<grammar::Expr> add_calls(grammar::Grammar& grammar, const ToolFormat& format, std::span<const Tool> tools,
                                const CallRules& rules);

// For formats with channels: thoughts, and the header of the message that is the answer. A grammar for that follows it.
grammar::Expr add_channels(grammar::Grammar& grammar);

// The arguments of a tool as a format writes them, with what ends them where that is one of its pieces.
struct ArgumentsGrammar {
  grammar::Expr expr;
  bool with_end = false;  // the last piece of the call is in it
};
Result<ArgumentsGrammar> add_arguments(grammar::Grammar& grammar, const ToolFormat& format, const Tool& tool,
                                       const CallRules& rules);
Result<grammar::Expr> add_quoted_arguments(grammar::Grammar& grammar, const ToolFormat& format, const Tool& tool,
                                           const CallRules& rules);

// A part of the tool's schema, at `path` in it.
Result<grammar::Expr> add_schema(grammar::Grammar& grammar, const Tool& tool, const boost::json::value& schema,
                                 const std::string& path, grammar::Notation notation, const CallRules& rules);
// A text of the format: its marks as markers.
grammar::Expr add_marked_text(grammar::Grammar& grammar, const ToolFormat& format, std::string_view text);
// Notes keywords that restrict values and are none of `enforced`. Errors: the tool is strict.
Status note_ignored(const Tool& tool, const boost::json::value& schema, std::string_view path,
                    std::span<const std::string_view> enforced, const CallRules& rules);

}  // namespace quern::engine::tools
