// Operands: names, constants, literals and parentheses.
#include "engine/chat/jinja/parser.hpp"

#include <utility>

namespace quern::engine::chat::jinja {

namespace {

struct Constant {
  std::string_view text;
  Kind kind;
  bool value;
};
constexpr Constant kConstants[] = {{"none", Kind::none, false},     {"None", Kind::none, false},
                                   {"true", Kind::boolean, true},   {"True", Kind::boolean, true},
                                   {"false", Kind::boolean, false}, {"False", Kind::boolean, false}};

}  // namespace

ExpressionPtr Parser::primary() {
  switch (now().kind) {
    case TokenKind::name:
      return name_or_constant();
    case TokenKind::string:
      return string_literal();
    case TokenKind::integer:
    case TokenKind::real: {
      auto out = make<Literal>(now().line);
      out->kind = now().kind == TokenKind::real ? Kind::real : now().text.empty() ? Kind::integer : Kind::big;
      out->integer = now().integer;
      out->text = now().text;
      out->real = now().real;
      ++at_;
      return out;
    }
    default:
      if (is_op("(")) return parenthesized();
      if (is_op("[")) return list_literal();
      if (is_op("{")) return dict_literal();
      refuse("an expression");
  }
}

ExpressionPtr Parser::name_or_constant() {
  const Token token = take();
  for (const Constant& row : kConstants) {
    if (row.text != token.text) continue;
    auto out = make<Literal>(token.line);
    out->kind = row.kind;
    out->integer = row.value ? 1 : 0;
    return out;
  }
  auto out = make<Name>(token.line);
  out->symbol = symbol(token.text);
  if (!macros_.empty()) {
    MacroDefinition& macro = *macros_.back();
    macro.uses_caller = macro.uses_caller || out->symbol == tree_->caller;
    macro.uses_varargs = macro.uses_varargs || out->symbol == tree_->varargs;
    macro.uses_kwargs = macro.uses_kwargs || out->symbol == tree_->kwargs;
  }
  return out;
}

ExpressionPtr Parser::string_literal() {
  auto out = make<Literal>(now().line);
  out->kind = Kind::string;
  while (now().kind == TokenKind::string) out->text += take().text;  // neighbours are one
  return out;
}

ExpressionPtr Parser::parenthesized() {
  const std::uint32_t line = take().line;
  if (skip_op(")")) {
    auto out = make<ListLiteral>(line);
    out->is_tuple = true;
    return out;
  }
  ExpressionPtr out = tuple();
  expect_op(")");
  return out;
}

ExpressionPtr Parser::list_literal() {
  auto out = make<ListLiteral>(take().line);
  while (!skip_op("]")) {
    if (!out->items.empty()) {
      expect_op(",");
      if (skip_op("]")) break;
    }
    out->items.push_back(expression());
    inside(*out, out->items.back());
  }
  return out;
}

ExpressionPtr Parser::dict_literal() {
  auto out = make<DictLiteral>(take().line);
  while (!skip_op("}")) {
    if (!out->entries.empty()) {
      expect_op(",");
      if (skip_op("}")) break;
    }
    ExpressionPtr key = expression();
    expect_op(":");
    ExpressionPtr value = expression();
    inside(*out, key);
    inside(*out, value);
    out->entries.emplace_back(std::move(key), std::move(value));
  }
  return out;
}

}  // namespace quern::engine::chat::jinja
