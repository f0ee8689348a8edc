#include "engine/tools/call_grammar.hpp"

#include "engine/tools/json_copy.hpp"
#include "engine/tools/marks.hpp"

#include <map>
#include <memory>
#include <optional>

namespace quern::engine::tools {
namespace {

using grammar::CharSet;
using grammar::Expr;
using grammar::Grammar;
using Piece = ToolFormat::Piece;

Expr blanks(Grammar& g, std::uint64_t most) {
  return g.repeat(g.chars({{' ', ' '}, {'\n', '\n'}}), 0, most);
}

std::vector<std::string> trigger_texts(const ToolFormat& format) {
  std::vector<std::string> out;
  for (const ToolFormat::Trigger& trigger : format.triggers()) out.push_back(trigger.text);
  return out;
}

std::string escaped_name(const ToolFormat& format, const std::string& name) {
  if (format.syntax != Syntax::json) return name;
  std::string out;
  append_json_string(out, name);
  return out;
}

// One call of one tool. skipped: bytes of the first piece that have come already.
Result<Expr> add_call(Grammar& g, const ToolFormat& format, const Tool& tool, const CallRules& rules,
                      std::size_t skipped) {
  std::vector<Expr> parts;
  for (std::size_t i = 0; i < format.call.size(); ++i) {
    const Piece& piece = format.call[i];
    switch (piece.kind) {
      case Piece::Kind::text:
        parts.push_back(add_marked_text(g, format, std::string_view(piece.text).substr(i == 0 ? skipped : 0)));
        break;
      case Piece::Kind::name:
        parts.push_back(g.text(escaped_name(format, tool.name)));
        break;
      case Piece::Kind::id: {
        const CharSet letters{{'0', '9'}, {'A', 'Z'}, {'a', 'z'}};
        const bool nine = format.ids == chat::CallIds::nine;
        parts.push_back(g.repeat(g.chars(letters), nine ? 9 : 1, nine ? 9 : 40));
        break;
      }
      case Piece::Kind::counter:
        parts.push_back(g.repeat(g.chars({{'0', '9'}}), 1, 6));
        break;
      case Piece::Kind::arguments: {
        QUERN_TRY(const ArgumentsGrammar arguments, add_arguments(g, format, tool, rules));
        parts.push_back(arguments.expr);
        if (arguments.with_end) ++i;
        break;
      }
    }
  }
  return g.sequence(std::move(parts));
}

Result<Expr> add_any_call(Grammar& g, const ToolFormat& format, std::span<const Tool> tools, const CallRules& rules,
                          std::size_t skipped) {
  std::vector<Expr> calls;
  for (const Tool& tool : tools) {
    if (rules.choice == CallChoice::named && tool.name != rules.name) continue;
    QUERN_TRY(const Expr call, add_call(g, format, tool, rules, skipped));
    calls.push_back(call);
  }
  if (calls.empty()) return fail_field("tool_choice", "no tool is called '{}'", rules.name);
  return g.choice(std::move(calls));
}

// All that belongs together: a section with its calls, or one call, or, where `again`, calls one after the other.
// skipped: bytes of its first text that have come already.
Result<Expr> add_section(Grammar& g, const ToolFormat& format, std::span<const Tool> tools, const CallRules& rules,
                         std::size_t skipped, bool again) {
  const bool parallel = rules.parallel && format.parallel && rules.choice != CallChoice::named;
  const bool has_section = !format.section_begin.empty();
  QUERN_TRY(const Expr first, add_any_call(g, format, tools, rules, has_section ? 0 : skipped));
  std::vector<Expr> parts;
  if (has_section) parts.push_back(add_marked_text(g, format, std::string_view(format.section_begin).substr(skipped)));
  parts.push_back(first);
  if (parallel && (has_section || again)) {
    Expr next = first;
    if (!has_section && skipped > 0) {
      QUERN_TRY(next, add_any_call(g, format, tools, rules, 0));
    }
    parts.push_back(g.repeat(g.sequence({add_marked_text(g, format, format.between), next}), 0, grammar::kUnlimited));
  }
  if (has_section) parts.push_back(add_marked_text(g, format, format.section_end));
  return g.sequence(std::move(parts));
}

// Prefixes as a tree, of ASCII.
struct Tree {
  std::map<char, std::unique_ptr<Tree>> next;
  bool ends = false;
};

// Texts that begin with none of the prefixes; `rest` is what may follow.
Expr outside(Grammar& g, const Tree& tree, Expr rest) {
  if (tree.ends) return g.nothing();
  CharSet others;
  for (const auto& [c, below] : tree.next) others.add({static_cast<std::uint32_t>(c), static_cast<std::uint32_t>(c)});
  std::vector<Expr> out{g.empty(), g.sequence({g.chars(others.complement()), rest})};
  for (const auto& [c, below] : tree.next)
    out.push_back(g.sequence({g.text(std::string_view(&c, 1)), outside(g, *below, rest)}));
  return g.choice(std::move(out));
}

bool is_ascii(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) return false;
  }
  return true;
}

// How a call of a format without a mark begins.
std::vector<std::string> bare_beginnings(const ToolFormat& format, std::span<const Tool> tools) {
  std::vector<std::string> out;
  if (format.syntax == Syntax::json) return {format.call.front().text};
  for (const Tool& tool : tools) {
    std::string begin = format.section_begin;
    for (const Piece& piece : format.call) {
      if (piece.kind == Piece::Kind::arguments) break;
      begin += piece.kind == Piece::Kind::name ? tool.name : piece.text;
    }
    if (is_ascii(begin)) out.push_back(std::move(begin));
  }
  return out;
}

Result<Expr> add_bare(Grammar& g, const ToolFormat& format, std::span<const Tool> tools, const CallRules& rules) {
  QUERN_TRY(const Expr calls, add_section(g, format, tools, rules, 0, true));
  std::vector<Expr> call{calls};
  if (!format.optional_mark.empty()) call.insert(call.begin(), g.optional(g.marker(format.optional_mark)));
  const Expr all = g.sequence(std::move(call));
  if (rules.choice != CallChoice::automatic) return all;
  Tree root;
  for (const std::string& begin : bare_beginnings(format, tools)) {
    Tree* at = &root;
    for (const char c : begin) {
      auto& next = at->next[c];
      if (next == nullptr) next = std::make_unique<Tree>();
      at = next.get();
    }
    at->ends = true;
  }
  const std::vector<std::string> stops = trigger_texts(format);
  const Expr rest = stops.empty() ? g.repeat(g.chars(CharSet::all()), 0, grammar::kUnlimited) : g.without(stops);
  return g.choice({all, outside(g, root, rest)});
}

// Messages to functions, in a channel of their own. Source: openai/harmony, docs/format.md.
Result<Expr> add_harmony(Grammar& g, std::span<const Tool> tools, const CallRules& rules) {
  const auto message = [&](std::string_view channel) {
    return g.sequence({g.marker("<|channel|>"), g.text(channel), g.marker("<|message|>"), g.through({"<|end|>"}),
                       g.marker("<|start|>"), g.text("assistant")});
  };
  const Expr json = g.choice({g.empty(), g.text(" json"), g.text("json"),
                              g.sequence({g.text(" "), g.marker("<|constrain|>"), g.text("json")}),
                              g.sequence({g.marker("<|constrain|>"), g.text("json")})});
  std::vector<Expr> calls;
  for (const Tool& tool : tools) {
    if (rules.choice == CallChoice::named && tool.name != rules.name) continue;
    QUERN_TRY(const ArgumentsGrammar arguments, add_arguments(g, {.syntax = Syntax::harmony}, tool, rules));
    const Expr to = g.text(" to=functions." + tool.name);
    calls.push_back(g.sequence({g.choice({g.sequence({to, g.marker("<|channel|>"), g.text("commentary")}),
                                          g.sequence({g.marker("<|channel|>"), g.text("commentary"), to})}),
                                json, g.marker("<|message|>"), arguments.expr}));
  }
  if (calls.empty()) return fail_field("tool_choice", "no tool is called '{}'", rules.name);
  const Expr call = g.choice(std::move(calls));
  const Expr thoughts = g.repeat(message("analysis"), 0, grammar::kUnlimited);
  if (rules.choice != CallChoice::automatic) return g.sequence({thoughts, call});
  const Expr before = g.repeat(g.choice({message("analysis"), message("commentary")}), 0, grammar::kUnlimited);
  const Expr answer = g.sequence({g.marker("<|channel|>"), g.text("final"), g.marker("<|message|>"),
                                  g.without({"<|channel|>", "<|message|>", "<|start|>", "<|call|>"})});
  return g.sequence({before, g.choice({call, answer})});
}

// Parts with a recipient each, the first of which the prompt has begun.
Result<Expr> add_recipients(Grammar& g, const ToolFormat& format, std::span<const Tool> tools, const CallRules& rules) {
  const std::string& mark = format.call.front().text;
  QUERN_TRY(const Expr call, add_any_call(g, format, tools, rules, mark.size()));
  const bool parallel = rules.parallel && rules.choice != CallChoice::named;
  const Expr calls =
      g.sequence({call, g.repeat(g.sequence({g.marker(mark), call}), 0, parallel ? grammar::kUnlimited : 0)});
  if (rules.choice != CallChoice::automatic) return calls;
  const Expr text = g.text("all\n");
  return g.choice({calls, g.sequence({text, g.without({mark})}), g.sequence({text, g.through({mark}, true), calls})});
}

}  // namespace

Expr add_channels(Grammar& g) {
  const Expr thought = g.sequence({g.marker("<|channel|>"), g.text("analysis"), g.marker("<|message|>"),
                                   g.through({"<|end|>"}), g.marker("<|start|>"), g.text("assistant")});
  return g.sequence(
      {g.repeat(thought, 0, grammar::kUnlimited), g.marker("<|channel|>"), g.text("final"), g.marker("<|message|>")});
}

Expr add_marked_text(Grammar& g, const ToolFormat& format, std::string_view text) {
  std::vector<Expr> parts;
  std::string plain;
  while (!text.empty()) {
    const std::string* longest = nullptr;
    for (const std::string& mark : format.marks) {
      if (!mark.empty() && text.starts_with(mark) && (longest == nullptr || mark.size() > longest->size()))
        longest = &mark;
    }
    if (longest == nullptr) {
      plain += text.front();
      text.remove_prefix(1);
      continue;
    }
    if (!plain.empty()) parts.push_back(g.text(std::exchange(plain, {})));
    parts.push_back(g.marker(*longest));
    text.remove_prefix(longest->size());
  }
  if (!plain.empty()) parts.push_back(g.text(plain));
  return parts.empty() ? g.empty() : parts.size() == 1 ? parts.front() : g.sequence(std::move(parts));
}

Result<Expr> add_calls(Grammar& g, const ToolFormat& format, std::span<const Tool> tools, const CallRules& rules) {
  if (format.syntax == Syntax::harmony) return add_harmony(g, tools, rules);
  if (format.bare) return add_bare(g, format, tools, rules);
  if (format.recipients) return add_recipients(g, format, tools, rules);
  if (rules.choice != CallChoice::automatic) {
    QUERN_TRY(const Expr calls, add_section(g, format, tools, rules, 0, true));
    return g.sequence({blanks(g, 2), calls, blanks(g, 2)});
  }
  const std::vector<std::string> triggers = trigger_texts(format);
  if (triggers.empty()) return fail(Errc::unsupported, "the calls of '{}' have no mark", format.family);
  const std::string& first = format.section_begin.empty() ? format.call.front().text : format.section_begin;
  const std::size_t skipped = std::string_view(first).starts_with(triggers.front()) ? triggers.front().size() : 0;
  QUERN_TRY(const Expr section, add_section(g, format, tools, rules, skipped, false));
  // Up to the mark; the other ones with which calls may begin are no text either.
  const Expr begin = triggers.size() == 1 ? g.through({triggers.front()}, true)
                                          : g.sequence({g.without(triggers), g.marker(triggers.front())});
  const bool parallel = rules.parallel && format.parallel;
  const Expr calls = g.repeat(g.sequence({begin, section}), 0, parallel ? grammar::kUnlimited : 1);
  return g.sequence({calls, g.without(triggers)});
}

}  // namespace quern::engine::tools
