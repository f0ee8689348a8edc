// Alternatives of values -> the texts in which they are written. Threads: one. Ownership: refers to grammar and
// document.
#pragma once

#include "base/result.hpp"
#include "engine/grammar/grammar.hpp"
#include "engine/grammar/schema/document.hpp"
#include "engine/grammar/schema/expander.hpp"
#include "engine/grammar/schema/value_texts.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace quern::engine::grammar {

class SchemaWriter {
 public:
  SchemaWriter(Grammar& grammar, const SchemaDocument& document);

  Result<Expr> write();

 private:
  // What matches all the schemas, as a rule: defined by and by, so that schemas may refer to each other.
  Expr value(const Items& items);
  Result<Expr> write_items(const Items& items);
  Result<Expr> write_shape(const Shape& shape);
  Result<Expr> write_values(const Shape& shape);
  Expr write_value(const json::value& value);
  Result<Expr> write_number(const Shape& shape);
  Result<Expr> write_string(const StringBounds& bounds);
  Result<std::optional<Expr>> string_body(const StringBounds& bounds);  // nullopt: any
  Result<Expr> write_array(const ArrayBounds& bounds);
  Result<std::optional<Expr>> write_unique(const ArrayBounds& bounds, const Items& rest);
  Result<Expr> write_object(const ObjectBounds& bounds);
  Result<Members> members_of(const ObjectBounds& bounds);
  Status add_others(const ObjectBounds& bounds, const std::vector<std::string_view>& names, bool closed, Members& out);

  // The schemas that hold for a member, and for one that no part speaks of. nullopt: there may be none.
  Result<std::optional<Items>> member_items(const ObjectBounds& bounds, std::string_view name);
  Result<std::optional<Items>> other_items(const ObjectBounds& bounds, const std::vector<bool>& matched);
  Result<Expr> name_body(const ObjectBounds& bounds);
  Result<bool> name_allowed(const ObjectBounds& bounds, std::string_view name);

  Result<std::shared_ptr<const ByteDfa>> automaton(const StringBounds::Pattern& pattern);
  Result<bool> accepts(const Items& items, const json::value& value, int depth);
  Result<bool> accepts(const Shape& shape, const json::value& value, int depth);
  Result<bool> accepts_string(const StringBounds& bounds, std::string_view text);
  Result<bool> accepts_array(const ArrayBounds& bounds, const json::array& array, int depth);
  Result<bool> accepts_object(const ObjectBounds& bounds, const json::object& object, int depth);

  struct Waiting {
    Items items;
    Rule rule;
  };

  Grammar& grammar_;
  const SchemaDocument& document_;
  SchemaExpander expander_;
  ValueTexts texts_;
  std::map<Items, Rule> rules_;
  std::vector<Waiting> waiting_;
  std::map<std::pair<std::string_view, std::string_view>, std::shared_ptr<const ByteDfa>> automata_;
};

}  // namespace quern::engine::grammar
