// Blocks and the statements that are rare in chats; and what is assigned to.
#include "engine/chat/jinja/parser.hpp"

#include <algorithm>
#include <utility>

namespace quern::engine::chat::jinja {

// name [scoped] [required]. It is a function of its own: loops and macros around it do not reach into it.
std::unique_ptr<Statement> Parser::block_statement() {
  auto out = std::make_unique<Block>();
  out->name = expect_any_name("the name of a block");
  for (const Block* other : tree_->blocks)
    if (other->name == out->name) throw_failure(FailureKind::syntax, "the block '{}' comes twice", out->name);
  out->scoped = skip_name("scoped");
  out->required = skip_name("required");
  tree_->blocks.push_back(out.get());
  const int n_loops = std::exchange(n_loops_, 0);
  std::vector<MacroDefinition*> macros = std::exchange(macros_, {});
  out->body = inner_body("endblock");
  skip_name(out->name);
  n_loops_ = n_loops;
  macros_ = std::move(macros);
  return out;
}

std::unique_ptr<Statement> Parser::autoescape_statement() {
  auto out = std::make_unique<AutoEscape>();
  out->condition = expression();
  out->body = inner_body("endautoescape");
  return out;
}

std::unique_ptr<Statement> Parser::print_statement() {
  auto out = std::make_unique<Group>();
  while (now().kind != TokenKind::block_end) {
    if (!out->body.empty()) expect_op(",");
    auto output = make<Output>(now().line);
    output->expression = expression();
    out->body.push_back(std::move(output));
  }
  return out;
}

std::unique_ptr<Statement> Parser::other_template_statement(const std::string& name) {
  auto out = std::make_unique<OtherTemplate>();
  out->name = name;
  while (now().kind != TokenKind::block_end && now().kind != TokenKind::end) ++at_;
  return out;
}

// a | a, b | (a, b), c
Target Parser::target(bool may_be_attribute) {
  Target first = single_target(may_be_attribute);
  if (!is_op(",")) return first;
  Target out;
  out.parts.push_back(std::move(first));
  while (skip_op(",")) {
    if (is_name("in") || is_op("=")) break;
    out.parts.push_back(single_target(may_be_attribute));
  }
  return out;
}

Target Parser::single_target(bool may_be_attribute) {
  const Nesting nesting(*this);
  if (skip_op("(")) {
    Target out = target(may_be_attribute);
    expect_op(")");
    return out;
  }
  Target out;
  const std::string name = expect_any_name("the name of a variable");
  static constexpr std::string_view kReserved[] = {"true", "false", "none", "True", "False", "None", "and",
                                                   "or",   "not",   "if",   "else", "in",    "is"};
  if (std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved))
    throw_failure(FailureKind::syntax, "'{}' cannot be assigned to", name);
  out.symbol = symbol(name);
  if (may_be_attribute && skip_op(".")) out.attribute = expect_any_name("an attribute of a namespace");
  return out;
}

}  // namespace quern::engine::chat::jinja
