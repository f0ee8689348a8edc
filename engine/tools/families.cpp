#include "engine/tools/families.hpp"

#include "engine/tools/probe_marks.hpp"

#include <string_view>

namespace quern::engine::tools {
namespace {

using Piece = ToolFormat::Piece;
using Kind = Piece::Kind;

// {"name": "f", "arguments": {...}} between marks, or in a list.
ToolFormat json_format(std::string_view open, std::string_view close, bool array, std::string_view arguments_key) {
  ToolFormat out{.syntax = Syntax::json};
  const std::string object = "{\"name\": \"";
  const std::string middle = "\", \"" + std::string(arguments_key) + "\": ";
  out.array = array;
  out.json_open = open;
  out.json_close = close;
  if (array) {
    out.section_begin = std::string(open) + "[";
    out.section_end = "]" + std::string(close);
    out.between = ", ";
  } else {
    out.between = "\n";
  }
  out.call = {{Kind::text, (array ? "" : std::string(open)) + object},
              {Kind::name, {}},
              {Kind::text, middle},
              {Kind::arguments, {}},
              {Kind::text, "}" + (array ? "" : std::string(close))}};
  return out;
}

ToolFormat named(std::string family, ToolFormat format, std::vector<std::string> marks) {
  format.family = std::move(family);
  format.marks = std::move(marks);
  return format;
}

// Source: the template of moonshotai/Kimi-K2-Instruct, whose ids hold the names.
ToolFormat kimi() {
  ToolFormat out{.syntax = Syntax::named_json,
                 .section_begin = "<|tool_calls_section_begin|>",
                 .section_end = "<|tool_calls_section_end|>",
                 .call = {{Kind::text, "<|tool_call_begin|>functions."},
                          {Kind::name, {}},
                          {Kind::text, ":"},
                          {Kind::counter, {}},
                          {Kind::text, "<|tool_call_argument_begin|>"},
                          {Kind::arguments, {}},
                          {Kind::text, "<|tool_call_end|>"}},
                 .name_holds_id = true,
                 .ids = chat::CallIds::counted};
  return named("kimi-k2", std::move(out),
               {"<|tool_calls_section_begin|>", "<|tool_calls_section_end|>", "<|tool_call_begin|>",
                "<|tool_call_argument_begin|>", "<|tool_call_end|>"});
}

// Source: the templates of google/gemma-4 and google/functiongemma.
ToolFormat gemma(std::string_view begin, std::string_view end, std::string_view quote) {
  ToolFormat out{.syntax = Syntax::quoted,
                 .call = {{Kind::text, std::string(begin) + "call:"},
                          {Kind::name, {}},
                          {Kind::arguments, {}},
                          {Kind::text, std::string(end)}},
                 .quote = std::string(quote)};
  return named("gemma", std::move(out), {std::string(begin), std::string(end), std::string(quote)});
}

// Source: openai/harmony, docs/format.md.
ToolFormat harmony() {
  return named("gpt-oss", {.syntax = Syntax::harmony, .parallel = false},
               {"<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|constrain|>", "<|call|>", "<|return|>"});
}

// Source: Meta's prompt formats for Llama 3.1 to 3.3: JSON of one call, which may follow <|python_tag|>.
ToolFormat llama3() {
  ToolFormat out = json_format("", "", false, "parameters");
  out.bare = true;
  out.parallel = false;
  out.between = "; ";
  out.optional_mark = "<|python_tag|>";
  return named("llama-3", std::move(out), {"<|python_tag|>"});
}

// Source: Meta's prompt format for Llama 4 and 3.2: [f(a=1), g(b="x")].
ToolFormat llama_pythonic(std::string optional_mark) {
  ToolFormat out{.syntax = Syntax::pythonic, .section_begin = "[", .section_end = "]", .between = ", "};
  out.call = {{Kind::name, {}}, {Kind::text, "("}, {Kind::arguments, {}}, {Kind::text, ")"}};
  out.array = true;
  out.bare = true;
  out.optional_mark = optional_mark;
  return named("llama-pythonic", std::move(out), {std::move(optional_mark), "<|python_end|>"});
}

// Source: docs.liquid.ai on tool use of LFM2; the template of allenai/Olmo-3.
ToolFormat pythonic(std::string family, std::string begin, std::string end, bool array, std::string between) {
  ToolFormat out{.syntax = Syntax::pythonic, .between = std::move(between), .array = array};
  out.section_begin = begin + (array ? "[" : "\n");
  out.section_end = (array ? "]" : "\n") + end;
  out.call = {{Kind::name, {}}, {Kind::text, "("}, {Kind::arguments, {}}, {Kind::text, ")"}};
  return named(std::move(family), std::move(out), {std::move(begin), std::move(end)});
}

// Source: meetkai/functionary, the prompt format v3.llama3: each part of an answer begins with who it is for.
ToolFormat functionary32() {
  ToolFormat out{.syntax = Syntax::named_json,
                 .call = {{Kind::text, ">>>"}, {Kind::name, {}}, {Kind::text, "\n"}, {Kind::arguments, {}}},
                 .recipients = true};
  return named("functionary-3.2", std::move(out), {">>>"});
}

}  // namespace

std::optional<ToolFormat> find_family(const chat::Template& subject) {
  const std::string& source = subject.source();
  const auto has = [&](std::string_view mark) { return source.find(mark) != std::string::npos; };
  if (!subject.mentions("tools") && !has("tools")) return std::nullopt;
  if (has("<|channel|>") && has("<|message|>") && has("functions")) return harmony();
  if (has("<|tool_call>call:")) return gemma("<|tool_call>", "<tool_call|>", "<|\"|>");
  if (has("<start_function_call>")) return gemma("<start_function_call>", "<end_function_call>", "<escape>");
  if (has("<|tool_call_argument_begin|>")) return kimi();
  if (has(">>>all")) return functionary32();
  if (has("<|start_header_id|>") && has("\"parameters\": ") && has("Respond in the format {\"name\"")) return llama3();
  return std::nullopt;
}

std::optional<ToolFormat> find_fallback(const chat::Template& subject) {
  const std::string& source = subject.source();
  const auto has = [&](std::string_view mark) { return source.find(mark) != std::string::npos; };
  if (!subject.mentions("tools")) return std::nullopt;
  if (has("<|tool_call|>")) {  // Granite 3, Phi-4-mini: a list behind one mark
    const bool closed = has("<|/tool_call|>");
    return named(closed ? "phi-4-mini" : "granite-3",
                 json_format("<|tool_call|>", closed ? "<|/tool_call|>" : "", true, "arguments"),
                 {"<|tool_call|>", "<|/tool_call|>"});
  }
  if (has("<TOOLCALL>"))
    return named("nemotron", json_format("<TOOLCALL>", "</TOOLCALL>", true, "arguments"),
                 {"<TOOLCALL>", "</TOOLCALL>"});
  if (has("[TOOL_CALLS]"))
    return named("mistral", json_format("[TOOL_CALLS] ", "", true, "arguments"), {"[TOOL_CALLS]"});
  if (has("[func_name1(")) return llama_pythonic(has("<|header_start|>") ? "<|python_start|>" : "<|python_tag|>");
  if (has("<function_calls>") && !has("<invoke"))
    return pythonic("olmo-3", "<function_calls>", "</function_calls>", false, "\n");
  if (has("<|tool_list_start|>") || has("<|tool_call_start|>") || has("List of tools: ["))
    return pythonic("lfm2", "<|tool_call_start|>", "<|tool_call_end|>", true, ", ");
  // What most models have seen: the form of Hermes.
  return named("hermes", json_format("<tool_call>\n", "\n</tool_call>", false, "arguments"),
               {"<tool_call>", "</tool_call>"});
}

}  // namespace quern::engine::tools
