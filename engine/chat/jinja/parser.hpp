// Tokens -> tree. Recursive descent; statements in parse_statement.cpp, operators in parse_expression.cpp,
// operands in parse_primary.cpp, what follows them in parse_postfix.cpp.
// Threads: one. Limits: nesting, see kMaxHeight. Source: the Jinja documentation for the language; the order of
// operators follows what Jinja does, which is not Python's in all details (unary minus binds before a filter, `~`
// before
// `+`).
#pragma once

#include "engine/chat/jinja/ast.hpp"
#include "engine/chat/jinja/lexer.hpp"

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace quern::engine::chat::jinja {

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens);
  // Errors: syntax, with the line.
  std::unique_ptr<const ProgramTree> run();

 private:
  // ---- tokens
  const Token& now() const noexcept { return tokens_[at_]; }
  const Token& ahead() const noexcept { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  Token take();
  bool is_op(std::string_view op) const noexcept { return now().kind == TokenKind::op && now().text == op; }
  bool is_name(std::string_view name) const noexcept { return now().kind == TokenKind::name && now().text == name; }
  bool skip_op(std::string_view op);
  bool skip_name(std::string_view name);
  void expect_op(std::string_view op);
  void expect_name(std::string_view name);
  std::string expect_any_name(std::string_view what);
  void expect_block_end();
  [[noreturn]] void refuse(std::string_view expected) const;

  Symbol symbol(const std::string& name);
  class Nesting;

  // ---- statements
  Body body(std::initializer_list<std::string_view> ends);  // stops at a block that begins with one of these names
  std::unique_ptr<const Statement> statement();
  std::unique_ptr<Statement> if_statement();
  std::unique_ptr<Statement> for_statement();
  std::unique_ptr<Statement> set_statement();
  std::unique_ptr<Statement> macro_statement();
  std::unique_ptr<Statement> call_statement();
  std::unique_ptr<Statement> filter_statement();
  std::unique_ptr<Statement> with_statement();
  std::unique_ptr<Statement> generation_statement();
  std::unique_ptr<Statement> leave_statement(Flow flow);
  std::unique_ptr<Statement> block_statement();
  std::unique_ptr<Statement> autoescape_statement();
  std::unique_ptr<Statement> print_statement();
  std::unique_ptr<Statement> other_template_statement(const std::string& name);
  void parameters(MacroDefinition& macro);
  Body macro_body(MacroDefinition& macro, std::string_view end);
  Body inner_body(std::string_view end);
  Target target(bool may_be_attribute);
  Target single_target(bool may_be_attribute);

  // ---- expressions
  ExpressionPtr tuple(bool with_condition = true);  // a, b: a tuple; a: just a
  ExpressionPtr expression();                       // with `a if b else c`
  ExpressionPtr or_expression();
  ExpressionPtr and_expression();
  ExpressionPtr not_expression();
  ExpressionPtr compare();
  ExpressionPtr sum();
  ExpressionPtr concat();
  ExpressionPtr product();
  ExpressionPtr power();
  ExpressionPtr unary(bool with_filters);
  ExpressionPtr primary();
  ExpressionPtr name_or_constant();
  ExpressionPtr string_literal();
  ExpressionPtr parenthesized();
  ExpressionPtr list_literal();
  ExpressionPtr dict_literal();
  ExpressionPtr postfix(ExpressionPtr object);
  ExpressionPtr dotted(ExpressionPtr object);
  ExpressionPtr subscript(ExpressionPtr object);
  ExpressionPtr call(ExpressionPtr callee);
  ExpressionPtr filters_and_tests(ExpressionPtr subject);
  ExpressionPtr filter(ExpressionPtr subject);
  ExpressionPtr filter_chain();  // name(args)|name of a block: its subject is the captured text
  ExpressionPtr test(ExpressionPtr subject);
  std::uint32_t arguments(ArgumentList& out);  // after "(", up to and with ")"; the height of the highest
  bool begins_expression() const noexcept;

  // ---- making nodes
  template <class Node>
  std::unique_ptr<Node> make(std::uint32_t line);
  // Notes that `part` stands inside `node`. Errors: syntax beyond kMaxHeight.
  void inside(Expression& node, const ExpressionPtr& part) const;
  void inside(Expression& node, std::uint32_t height) const;

  const std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::unique_ptr<ProgramTree> tree_ = std::make_unique<ProgramTree>();
  std::unordered_map<std::string, Symbol> symbols_;
  std::uint32_t depth_ = 0;
  int n_loops_ = 0;                       // around the current statement, inside its macro
  std::vector<MacroDefinition*> macros_;  // around the current statement
};

template <class Node>
std::unique_ptr<Node> Parser::make(std::uint32_t line) {
  auto node = std::make_unique<Node>();
  node->line = line;
  return node;
}

// Counts how deep the parser has gone into the source.
class Parser::Nesting {
 public:
  explicit Nesting(Parser& parser);
  ~Nesting() { --parser_.depth_; }

 private:
  Parser& parser_;
};

}  // namespace quern::engine::chat::jinja
