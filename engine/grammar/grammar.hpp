// What an answer may look like, as a tree of expressions over bytes: what JSON schemas, regular expressions, GBNF and
// the tool formats are read into, and what compile() makes an automaton from. Expressions are numbers that belong to
// their Grammar and may be used in it any number of times. Threads: one at a time. Limits: GrammarLimits, when it is
// compiled; add() functions only take memory in proportion to what they are given.
#pragma once

#include "engine/grammar/char_set.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace quern::engine::grammar {

struct ByteDfa;

struct Expr {
  std::uint32_t index = 0;
  friend bool operator==(Expr, Expr) = default;
};
struct Rule {
  std::uint32_t index = 0;
  friend bool operator==(Rule, Rule) = default;
};

inline constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

// One member of an object, or any other named thing of which each comes at most once.
struct Member {
  std::string key;  // as it is written, with its quotes and escapes
  Expr rest;        // what follows the key: colon and value
  bool required = false;
};

// Members in any order or in theirs, with separators between them.
struct Members {
  std::vector<Member> members;
  // Further keys, each of which may come any number of times: what matches one of the automata and is none of the keys
  // above. Each is a regular expression (no references to rules); one of several that match is enough.
  struct Others {
    Expr key, rest;
  };
  std::vector<Others> others;
  Expr separator;                                       // between two of them
  std::uint64_t min_count = 0, max_count = kUnlimited;  // how many there are
  bool ordered = false;                                 // in the order above, then the others
};

class Grammar {
 public:
  Grammar();

  Expr empty() const noexcept { return {0}; }    // the empty text
  Expr nothing() const noexcept { return {1}; }  // no text at all, not even the empty one
  Expr text(std::string_view bytes);             // exactly these bytes
  // A mark of a chat format: the control token that has this text where the vocabulary has one, or the text itself.
  Expr marker(std::string_view text);
  Expr chars(const CharSet& set);  // one code point
  Expr sequence(std::vector<Expr> parts);
  Expr choice(std::vector<Expr> alternatives);
  Expr repeat(Expr body, std::uint64_t min, std::uint64_t max);  // max: kUnlimited for no end
  Expr optional(Expr body) { return repeat(body, 0, 1); }
  // Any text, control tokens included, in which none of these occurs (nor a control token of such a text). Texts that
  // end with the beginning of one of them are in it.
  Expr without(std::vector<std::string> stops);
  // Any text up to the first occurrence of one of these, which is part of it; with other control tokens in it, or not.
  Expr through(std::vector<std::string> stops, bool control_tokens = false);
  Expr members(Members members);
  // Whatever both or not the first match: of regular expressions (no references to rules, no members()).
  Expr both(Expr a, Expr b);
  Expr except(Expr a, Expr b);  // what matches a and not b
  // A text of characters as above, min to max of them, that also matches `body`, where each character of body is
  // one code point of a JSON string as it is written: an escape counts as one.
  Expr counted(Expr body, std::uint64_t min, std::uint64_t max);

  // The same, but always an automaton of its own: what many grammars have in common is then found once for all of them.
  Expr atom(Expr body) { return add(Atom{body}); }
  Expr automaton(std::shared_ptr<const ByteDfa> dfa) { return add(Automaton{std::move(dfa)}); }

  Rule add_rule(std::string name);  // to be defined later: rules may refer to each other
  void define(Rule rule, Expr expr);
  Expr reference(Rule rule);

  void set_root(Expr expr) noexcept { root_ = expr; }
  Expr root() const noexcept { return root_; }

  // For compile().
  struct Text {
    std::string bytes;
  };
  struct Marker {
    std::string text;
  };
  struct Chars {
    CharSet set;
  };
  struct Sequence {
    std::vector<Expr> parts;
  };
  struct Choice {
    std::vector<Expr> parts;
  };
  struct Repeat {
    Expr body;
    std::uint64_t min, max;
  };
  struct Without {
    std::vector<std::string> stops;
  };
  struct Through {
    std::vector<std::string> stops;
    bool control_tokens;
  };
  struct Both {
    Expr a, b;
    bool negated;
  };
  struct Counted {
    Expr body;
    std::uint64_t min, max;
  };
  struct Atom {
    Expr body;
  };
  struct Automaton {
    std::shared_ptr<const ByteDfa> dfa;
  };
  struct Reference {
    Rule rule;
  };
  using Node = std::variant<Text, Marker, Chars, Sequence, Choice, Repeat, Without, Through, Both, Counted, Reference,
                            Members, Atom, Automaton>;
  struct RuleEntry {
    std::string name;
    Expr expr;
    bool defined = false;
  };
  const Node& node(Expr expr) const { return nodes_[expr.index]; }
  const std::vector<Node>& nodes() const noexcept { return nodes_; }
  const std::vector<RuleEntry>& rules() const noexcept { return rules_; }

 private:
  Expr add(Node node);

  std::vector<Node> nodes_;
  std::vector<RuleEntry> rules_;
  Expr root_;
};

}  // namespace quern::engine::grammar
