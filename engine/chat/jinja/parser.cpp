#include "engine/chat/jinja/parser.hpp"

#include <utility>

namespace quern::engine::chat::jinja {

Parser::Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

std::unique_ptr<const ProgramTree> Parser::run() {
  try {
    tree_->loop = symbol("loop");
    tree_->caller = symbol("caller");
    tree_->varargs = symbol("varargs");
    tree_->kwargs = symbol("kwargs");
    for (const Token& token : tokens_)
      if (token.kind == TokenKind::name || token.kind == TokenKind::string) tree_->words.insert(token.text);
    tree_->body = body({});
    return std::move(tree_);
  } catch (FailureException& e) {
    if (e.failure.line == 0) e.failure.line = now().line;
    throw;
  }
}

Parser::Nesting::Nesting(Parser& parser) : parser_(parser) {
  if (parser.depth_ >= kMaxHeight)
    throw_failure(FailureKind::syntax, "the template is nested deeper than {} levels", kMaxHeight);
  ++parser.depth_;
}

Token Parser::take() {
  Token token = tokens_[at_];
  if (token.kind != TokenKind::end) ++at_;
  return token;
}

bool Parser::skip_op(std::string_view op) {
  const bool found = is_op(op);
  if (found) ++at_;
  return found;
}

bool Parser::skip_name(std::string_view name) {
  const bool found = is_name(name);
  if (found) ++at_;
  return found;
}

void Parser::expect_op(std::string_view op) {
  if (!skip_op(op)) refuse(fmt::format("'{}'", op));
}

void Parser::expect_name(std::string_view name) {
  if (!skip_name(name)) refuse(fmt::format("'{}'", name));
}

std::string Parser::expect_any_name(std::string_view what) {
  if (now().kind != TokenKind::name) refuse(what);
  return take().text;
}

void Parser::expect_block_end() {
  if (now().kind != TokenKind::block_end) refuse("'%}'");
  ++at_;
}

void Parser::refuse(std::string_view expected) const {
  const auto found = [&]() -> std::string {
    switch (now().kind) {
      case TokenKind::end:
        return "the end of the template";
      case TokenKind::data:
        return "text";
      case TokenKind::output_begin:
        return "'{{'";
      case TokenKind::output_end:
        return "'}}'";
      case TokenKind::block_begin:
        return "'{%'";
      case TokenKind::block_end:
        return "'%}'";
      case TokenKind::string:
        return "a string";
      case TokenKind::integer:
      case TokenKind::real:
        return "a number";
      default:
        return fmt::format("'{}'", now().text);
    }
  };
  throw_failure(FailureKind::syntax, "found {}, expected {}", found(), expected);
}

Symbol Parser::symbol(const std::string& name) {
  const auto [found, is_new] = symbols_.emplace(name, static_cast<Symbol>(tree_->symbols.size()));
  if (is_new) tree_->symbols.push_back(name);
  return found->second;
}

void Parser::inside(Expression& node, std::uint32_t height) const {
  node.height = std::max(node.height, height + 1);
  if (node.height > kMaxHeight)
    throw_failure(FailureKind::syntax, "the expression is nested deeper than {} levels", kMaxHeight);
}

void Parser::inside(Expression& node, const ExpressionPtr& part) const {
  if (part != nullptr) inside(node, part->height);
}

}  // namespace quern::engine::chat::jinja
