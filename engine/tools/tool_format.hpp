// How the models of one template family write calls of tools: what is found out from the chat template, and what the
// parser and the grammar of calls are made from. Threads: const after creation. Ownership: copies.
//
// Which calls are calls: whatever has the marks of the format, also with a name that is none of the request's tools
// (the client answers with an error, and the model learns of it). Formats without a mark (`bare`) are stricter: a
// call is one at the beginning of the answer only, with the name of a tool of the request and nothing but name and
// arguments; everything else is text, for it may be the JSON that was asked for.
#pragma once

#include "engine/chat/template.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quern::engine::tools {

enum class Syntax : std::uint8_t {
  json,        // {"name": "f", "arguments": {"a": 1}}, alone or in a list
  named_json,  // f, marks, {"a": 1}
  parameters,  // f, and for each parameter its name and value between marks
  pythonic,    // f(a=1)
  quoted,      // f{a:1,b:<|"|>text<|"|>}: Gemma's form, in which a mark quotes texts
  harmony,     // messages with channels and recipients: gpt-oss
};

struct ToolFormat {
  // A call as the template writes it.
  struct Piece {
    enum class Kind : std::uint8_t { text, name, id, counter, arguments };
    Kind kind = Kind::text;
    std::string text;
    friend bool operator==(const Piece&, const Piece&) = default;
  };
  // Syntax::parameters.
  struct Parameters {
    std::string begin, key_end, value_end;  // <parameter= key >\n value \n</parameter>
    std::string key_end_literal;            // behind the key of a value that is no string, where that differs
    std::string gap;                        // between two of them
    bool python_words = false;              // True, False, None
    bool python_values = false;             // lists and objects as Python's str() writes them
    // A line break on each side of a value belongs to the marks.
    bool own_lines() const noexcept { return key_end.ends_with('\n') && value_end.starts_with('\n'); }
    friend bool operator==(const Parameters&, const Parameters&) = default;
  };

  std::string family;
  Syntax syntax = Syntax::json;
  std::string section_begin, section_end;  // around all calls, with the blanks that the template writes; may be empty
  std::string between;                     // two calls
  std::vector<Piece> call;
  Parameters parameters;
  std::string json_open, json_close;  // Syntax::json: what stands before and behind it; either may be empty
  std::string quote;                  // Syntax::quoted: the mark
  bool array = false;                 // Syntax::json: the section is a list
  bool json_values = false;           // Syntax::pythonic: true and not True, as JSON has them
  bool name_is_key = false;           // Syntax::json: {"f": {"a": 1}}
  bool name_holds_id = false;         // Syntax::named_json: the name is written as functions.name:0, which is the id
  bool bare = false;                  // no mark: see above
  std::string optional_mark;          // that may stand before calls of a bare format, after which they are as others
  bool recipients = false;  // Syntax::named_json: text has a recipient too ("all"), and the first mark is the prompt's
  bool parallel = true;     // several calls in one answer
  chat::CallIds ids = chat::CallIds::any;  // what new ids must be
  // Texts of all marks, for those of them that are control tokens of the vocabulary, which must be shown to the parser.
  std::vector<std::string> marks;

  // Where calls begin in free text: the first of them for a grammar, any for the parser. None: harmony.
  struct Trigger {
    std::string text;
    enum class Part : std::uint8_t { section, call, list } part;  // which begins with it; list: ends with its bracket
  };
  std::vector<Trigger> triggers() const;
  friend bool operator==(const ToolFormat&, const ToolFormat&) = default;
};

// What the model of a template can be expected to write. nullopt: the template has no place for tools, nor for calls.
std::optional<ToolFormat> find_tool_format(const chat::Template& subject);

// From renderings alone; nullopt: it shows no calls, or in no form that is known.
std::optional<ToolFormat> probe_tool_format(const chat::Template& subject);

}  // namespace quern::engine::tools
