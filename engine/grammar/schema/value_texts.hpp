// How the parts of a JSON value are written, or those of a Python literal: blanks, separators, strings, any value.
// Threads: one, that of the grammar.
#pragma once

#include "engine/grammar/grammar.hpp"
#include "engine/grammar/json_schema.hpp"

#include <string_view>
#include <vector>

namespace quern::engine::grammar {

class ValueTexts {
 public:
  static constexpr std::uint64_t kMaxBlanks = 40;  // at one place: a line break and a deep indentation

  ValueTexts(Grammar& grammar, const SchemaOptions& options);

  Expr blanks() const noexcept { return blanks_; }  // inside brackets
  Expr colon() const noexcept { return colon_; }    // with what may stand around it
  Expr comma() const noexcept { return comma_; }
  Expr null();
  Expr boolean(bool value);
  Expr string(std::string_view text);  // exactly this one
  Expr any_string() const noexcept { return string_; }
  Expr string_of(Expr body);                                 // a body of characters as written, in its quotes
  Expr character() const noexcept { return character_; }     // one of a string, in every way it can be written
  Expr plain_characters() const noexcept { return plain_; }  // any number of them, each in one way
  // Names, between their quotes, in every way they can be written that is not a way to write one of these.
  Expr other_names(const std::vector<std::string_view>& names);
  Expr list(char open, const std::vector<Expr>& parts, char close);  // exactly these
  Expr any_value();
  Expr any_object();

 private:
  Expr bracket(char open, Expr inside, char close);

  Grammar& grammar_;
  const bool python_;
  Expr blanks_, colon_, comma_, character_, plain_, string_;
  bool has_any_ = false;
  Rule any_{};
  Expr any_object_;
};

}  // namespace quern::engine::grammar
