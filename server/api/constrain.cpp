#include "server/api/constrain.hpp"

#include "engine/grammar/gbnf.hpp"
#include "engine/grammar/json_schema.hpp"
#include "engine/grammar/regex.hpp"
#include "engine/tools/call_grammar.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace quern::server {
namespace {

namespace grammar = engine::grammar;
namespace tools = engine::tools;
using grammar::Expr;
using grammar::Grammar;

grammar::Whitespace whitespace_of(const AnswerForm& form) {
  return form.whitespace == "compact"  ? grammar::Whitespace::compact
         : form.whitespace == "single" ? grammar::Whitespace::single
                                       : grammar::Whitespace::flexible;
}

std::function<std::string(double)> digits_of(const WideIntegers& wide) {
  if (wide.empty()) return {};
  return [&wide](double value) {
    const auto index = wide_index(value);
    return index ? wide.at(*index) : std::string("0");
  };
}

// All that the work on a grammar needs; refers to the request.
struct Wish {
  const AnswerForm& form;
  const WideIntegers& wide;
  std::span<const tools::Tool> tools = {};
  const tools::ToolFormat* calls = nullptr;  // nullptr: the answer has none
  tools::CallRules rules = {};
  const tools::ReasoningFormat* reasoning = nullptr;  // nullptr: it does not think
  tools::ThinkingStart start = tools::ThinkingStart::closed;
};

Error in_field(Error error, const std::string& field) {
  std::string where = field;
  if (error.field.starts_with('#')) where += error.field.substr(1);  // a path in a schema
  if (error.detail.starts_with(error.field)) error.detail.erase(0, error.field.size() + (error.field.empty() ? 0 : 2));
  return fail_field(std::move(where), "{}", error.detail);
}

Result<Expr> add_form(Grammar& grammar, const Wish& wish, std::vector<std::string>& ignored) {
  const AnswerForm& form = wish.form;
  grammar::SchemaOptions options{.whitespace = whitespace_of(form), .ordered = form.ordered};
  options.wide_digits = digits_of(wish.wide);
  options.ignored = form.strict ? nullptr : &ignored;
  switch (form.kind) {
    case AnswerForm::Kind::json_object:
      return grammar::add_json_object(grammar, options);
    case AnswerForm::Kind::json_schema:
      return grammar::add_json_schema(grammar, form.schema, options);
    case AnswerForm::Kind::regex:
      return grammar::add_regex(grammar, form.text, grammar::Match::whole, grammar::Writing::plain);
    case AnswerForm::Kind::gbnf:
      return grammar::add_gbnf(grammar, form.text);
    case AnswerForm::Kind::choice: {
      std::vector<Expr> texts;
      for (const std::string& text : form.choices) texts.push_back(grammar.text(text));
      return grammar.choice(std::move(texts));
    }
    case AnswerForm::Kind::free:
      break;
  }
  return grammar.empty();
}

// Thoughts, where the model has any, before what the answer is held to.
Expr after_thoughts(Grammar& grammar, const Wish& wish, Expr answer) {
  if (wish.reasoning == nullptr || wish.reasoning->channels || wish.start == tools::ThinkingStart::closed)
    return answer;
  const grammar::CharSet blank{{'\t', '\n'}, {'\r', '\r'}, {' ', ' '}};
  const Expr blanks = grammar.repeat(grammar.chars(blank), 0, 8);
  const Expr rest = grammar.sequence({grammar.through({wish.reasoning->end}), blanks, answer});
  if (wish.start == tools::ThinkingStart::inside) return rest;
  return grammar.choice({grammar.sequence({blanks, grammar.marker(wish.reasoning->begin), rest}), answer});
}

Result<Expr> add_answer(Grammar& grammar, const Wish& wish, std::vector<std::string>& ignored) {
  const bool form = !wish.form.is_free();
  const bool channels = wish.reasoning != nullptr && wish.reasoning->channels;
  const bool forced = wish.rules.choice != tools::CallChoice::automatic;
  std::vector<Expr> ways;
  if (wish.calls != nullptr) {
    tools::CallRules rules = wish.rules;
    rules.ignored = &ignored;
    rules.wide_digits = digits_of(wish.wide);
    // Beside a form there is no free text: the answer is a call, or has the form.
    if (form && !forced) rules.choice = tools::CallChoice::required;
    Result<Expr> calls = tools::add_calls(grammar, *wish.calls, wish.tools, rules);
    if (!calls) return in_field(calls.error(), "tools");
    ways.push_back(*calls);
  }
  if (form && !(wish.calls != nullptr && forced)) {
    Result<Expr> answer = add_form(grammar, wish, ignored);
    if (!answer) return in_field(answer.error(), wish.form.field);
    ways.push_back(channels ? grammar.sequence({tools::add_channels(grammar), *answer}) : *answer);
  }
  return after_thoughts(grammar, wish, grammar.choice(std::move(ways)));
}

// Everything that the grammar depends on.
std::string key_of(const Wish& wish) {
  std::string out;
  const auto add = [&out](std::string_view part) {
    out += std::to_string(part.size());
    out += ':';
    out += part;
  };
  const AnswerForm& form = wish.form;
  add(std::to_string(static_cast<int>(form.kind)));
  add(form.kind == AnswerForm::Kind::json_schema ? json::serialize(form.schema) : form.text);
  for (const std::string& choice : form.choices) add(choice);
  add(form.whitespace);
  out += form.strict ? 's' : '-';
  out += form.ordered ? 'o' : '-';
  for (const std::string& digits : wish.wide) add(digits);
  out += wish.calls != nullptr ? 'c' : '-';
  if (wish.calls != nullptr) {
    out += std::to_string(static_cast<int>(wish.rules.choice));
    out += wish.rules.parallel ? 'p' : '-';
    add(wish.rules.name);
    for (const tools::Tool& tool : wish.tools) {
      add(tool.name);
      out += tool.strict ? 's' : '-';
      add(json::serialize(tool.parameters));
    }
  }
  out += std::to_string(wish.reasoning == nullptr ? 9 : static_cast<int>(wish.start));
  return out;
}

Status compile(const Wish& wish, Prepared& out, Effort& effort) {
  const std::string key = key_of(wish);
  models::Grammars& grammars = *effort.model().grammars;
  std::optional<models::KeptGrammar> kept = grammars.find(key);
  if (!kept) {
    QUERN_CHECK(effort.need_time());  // milliseconds, and more for a vocabulary's first
    Result<models::KeptGrammar> made = grammars.make(key, [&wish](Grammar& grammar, std::vector<std::string>& ignored) {
      return add_answer(grammar, wish, ignored);
    });
    if (!made) {
      Error error = made.error();
      if (error.field.empty()) error = in_field(std::move(error), wish.form.is_free() ? "tools" : wish.form.field);
      return error;
    }
    kept = std::move(*made);
  }
  for (const std::string& path : kept->ignored) effort.note_ignored(path);
  out.constraint.grammar = kept->grammar;
  return {};
}

std::vector<tools::Tool> tools_of(const Conversation& conversation) {
  std::vector<tools::Tool> out;
  for (const Tool& tool : conversation.tools) {
    tools::Tool one{.name = tool.name, .parameters = nullptr, .strict = tool.strict};
    const json::value* const function = tool.definition.if_contains("function");
    if (function != nullptr && function->is_object()) {
      if (const json::value* const parameters = function->get_object().if_contains("parameters")) {
        one.parameters = *parameters;
      }
    }
    out.push_back(std::move(one));
  }
  return out;
}

void show_marks(const std::vector<std::string>& marks, const engine::Tokenizer& tokenizer,
                std::vector<engine::TokenId>& out) {
  for (const std::string& mark : marks) {
    const auto tokens = tokenizer.encode(mark, {.add_special = false, .parse_special = true});
    if (!tokens) continue;
    for (const engine::TokenId token : *tokens) {
      const bool hidden = tokenizer.kind(token) == engine::TokenKind::control;
      if (hidden && std::find(out.begin(), out.end(), token) == out.end()) out.push_back(token);
    }
  }
}

Status set_budget(const tools::ReasoningFormat& format, tools::ThinkingStart start, std::uint32_t budget, Prepared& out,
                  const engine::Tokenizer& tokenizer) {
  if (format.channels || start == tools::ThinkingStart::closed) return {};
  const std::string closing = format.closing.empty() ? format.end : format.closing;
  QUERN_TRY(std::vector<engine::TokenId> close,
            tokenizer.encode(closing, {.add_special = false, .parse_special = true}));
  out.constraint.thoughts = grammar::ThoughtBudget{.max_tokens = budget,
                                                   .begin = format.begin,
                                                   .end = format.end,
                                                   .opened = start == tools::ThinkingStart::inside,
                                                   .close = std::move(close)};
  return {};
}

}  // namespace

Status constrain(const Conversation& conversation, std::string_view prompt, Prepared& out, Effort& effort) {
  const models::ServedModel& model = effort.model();
  const models::ServedModel::AnswerFormats& formats = model.formats(!conversation.tools.empty());
  const std::vector<tools::Tool> all = tools_of(conversation);
  Wish wish{.form = out.fields.form, .wide = conversation.wide, .tools = all};
  if (formats.reasoning != nullptr) {
    wish.reasoning = formats.reasoning.get();
    wish.start = formats.reasoning->start(prompt);
    if (out.fields.split_reasoning) out.format.reasoning = formats.reasoning;
    out.format.start = wish.start;
    show_marks(formats.reasoning->marks, model.tokenizer, out.shown_tokens);
    show_marks({formats.reasoning->begin, formats.reasoning->end}, model.tokenizer, out.shown_tokens);
    if (out.fields.thought_budget) {
      QUERN_CHECK(set_budget(*formats.reasoning, wish.start, *out.fields.thought_budget, out, model.tokenizer));
    }
  }
  if (!all.empty() && formats.calls != nullptr) {
    wish.calls = formats.calls.get();
    wish.rules.parallel = conversation.parallel_calls;
    wish.rules.whitespace = whitespace_of(out.fields.form);
    wish.rules.choice = conversation.calls == Conversation::Calls::automatic  ? tools::CallChoice::automatic
                        : conversation.calls == Conversation::Calls::required ? tools::CallChoice::required
                                                                              : tools::CallChoice::named;
    wish.rules.name = conversation.called_tool;
    out.format.calls = formats.calls;
    out.format.tools = std::make_shared<const tools::ToolTable>(all);
    show_marks(formats.calls->marks, model.tokenizer, out.shown_tokens);
    // What begins a call does not end the answer, as it would without tools.
    const auto begins_call = [&](std::string_view text) {
      return std::ranges::any_of(formats.calls->triggers(), [&](const auto& trigger) { return trigger.text == text; });
    };
    std::erase_if(out.template_stops, begins_call);
    std::erase_if(out.stop_tokens,
                  [&](engine::TokenId token) { return begins_call(model.tokenizer->token_text(token)); });
  }
  if (wish.calls == nullptr && conversation.calls != Conversation::Calls::automatic) {
    Error error = fail_field("tool_choice", "the chat template shows no form in which its model calls tools");
    error.code = Errc::unsupported;
    return error;
  }
  if (wish.calls == nullptr && wish.form.is_free()) return {};
  const Status compiled = compile(wish, out, effort);
  const bool may_go_without = wish.form.is_free() && wish.rules.choice == tools::CallChoice::automatic &&
                              std::none_of(all.begin(), all.end(), [](const tools::Tool& tool) { return tool.strict; });
  if (compiled || !may_go_without || compiled.error().code != Errc::bad_input || effort.exceeded()) return compiled;
  // Tools that no grammar can describe are still offered: their calls are read as they come.
  effort.note_ignored(compiled.error().detail);
  return {};
}

Status constrain(Prepared& out, Effort& effort) {
  if (out.fields.form.is_free()) return {};
  static const WideIntegers kNone;
  return compile({.form = out.fields.form, .wide = kNone}, out, effort);
}

}  // namespace quern::server
