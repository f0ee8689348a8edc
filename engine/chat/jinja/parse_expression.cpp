#include "engine/chat/jinja/parser.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace quern::engine::chat::jinja {

namespace {

template <class Op>
struct Spelling {
  std::string_view text;
  Op op;
};
constexpr Spelling<CompareOp> kComparisons[] = {
    {"==", CompareOp::equal},      {"!=", CompareOp::not_equal}, {"<", CompareOp::less},
    {"<=", CompareOp::less_equal}, {">", CompareOp::greater},    {">=", CompareOp::greater_equal},
};
constexpr Spelling<BinaryOp> kProducts[] = {
    {"*", BinaryOp::multiply},
    {"/", BinaryOp::divide},
    {"//", BinaryOp::floor_divide},
    {"%", BinaryOp::modulo},
};
constexpr Spelling<BinaryOp> kSums[] = {{"+", BinaryOp::add}, {"-", BinaryOp::subtract}};

template <class Op, std::size_t N>
std::optional<Op> spelled(const Token& token, const Spelling<Op> (&rows)[N]) {
  if (token.kind != TokenKind::op) return std::nullopt;
  for (const Spelling<Op>& row : rows)
    if (row.text == token.text) return row.op;
  return std::nullopt;
}

}  // namespace

bool Parser::begins_expression() const noexcept {
  switch (now().kind) {
    case TokenKind::string:
    case TokenKind::integer:
    case TokenKind::real:
      return true;
    case TokenKind::name:
      return !is_name("in") && !is_name("if") && !is_name("else") && !is_name("recursive");
    case TokenKind::op:
      return is_op("(") || is_op("[") || is_op("{") || is_op("-") || is_op("+");
    default:
      return false;
  }
}

ExpressionPtr Parser::tuple(bool with_condition) {
  const std::uint32_t line = now().line;
  ExpressionPtr first = with_condition ? expression() : or_expression();
  if (!is_op(",")) return first;
  auto out = make<ListLiteral>(line);
  out->is_tuple = true;
  inside(*out, first);
  out->items.push_back(std::move(first));
  while (skip_op(",") && begins_expression()) {
    out->items.push_back(with_condition ? expression() : or_expression());
    inside(*out, out->items.back());
  }
  return out;
}

ExpressionPtr Parser::expression() {
  const Nesting nesting(*this);
  ExpressionPtr value = or_expression();
  while (is_name("if")) {
    auto out = make<Conditional>(take().line);
    out->then = std::move(value);
    out->condition = or_expression();
    if (skip_name("else")) out->otherwise = expression();
    inside(*out, out->then);
    inside(*out, out->condition);
    inside(*out, out->otherwise);
    value = std::move(out);
  }
  return value;
}

ExpressionPtr Parser::or_expression() {
  ExpressionPtr first = and_expression();
  if (!is_name("or")) return first;
  auto out = make<Logical>(now().line);
  inside(*out, first);
  out->operands.push_back(std::move(first));
  while (skip_name("or")) {
    out->operands.push_back(and_expression());
    inside(*out, out->operands.back());
  }
  return out;
}

ExpressionPtr Parser::and_expression() {
  ExpressionPtr first = not_expression();
  if (!is_name("and")) return first;
  auto out = make<Logical>(now().line);
  out->is_and = true;
  inside(*out, first);
  out->operands.push_back(std::move(first));
  while (skip_name("and")) {
    out->operands.push_back(not_expression());
    inside(*out, out->operands.back());
  }
  return out;
}

ExpressionPtr Parser::not_expression() {
  if (!is_name("not")) return compare();
  const Nesting nesting(*this);
  auto out = make<Unary>(take().line);
  out->op = UnaryOp::logical_not;
  out->operand = not_expression();
  inside(*out, out->operand);
  return out;
}

ExpressionPtr Parser::compare() {
  ExpressionPtr first = sum();
  auto out = make<Compare>(now().line);
  for (;;) {
    CompareOp op{};
    if (const auto found = spelled(now(), kComparisons); found) {
      op = *found;
      ++at_;
    } else if (skip_name("in")) {
      op = CompareOp::in;
    } else if (is_name("not") && ahead().kind == TokenKind::name && ahead().text == "in") {
      at_ += 2;
      op = CompareOp::not_in;
    } else {
      break;
    }
    out->rest.emplace_back(op, sum());
    inside(*out, out->rest.back().second);
  }
  if (out->rest.empty()) return first;
  inside(*out, first);
  out->first = std::move(first);
  return out;
}

ExpressionPtr Parser::sum() {
  ExpressionPtr left = concat();
  for (auto op = spelled(now(), kSums); op; op = spelled(now(), kSums)) {
    auto out = make<Binary>(take().line);
    out->op = *op;
    out->left = std::move(left);
    out->right = concat();
    inside(*out, out->left);
    inside(*out, out->right);
    left = std::move(out);
  }
  return left;
}

ExpressionPtr Parser::concat() {
  ExpressionPtr first = product();
  if (!is_op("~")) return first;
  auto out = make<Concat>(now().line);
  inside(*out, first);
  out->operands.push_back(std::move(first));
  while (skip_op("~")) {
    out->operands.push_back(product());
    inside(*out, out->operands.back());
  }
  return out;
}

ExpressionPtr Parser::product() {
  ExpressionPtr left = power();
  for (auto op = spelled(now(), kProducts); op; op = spelled(now(), kProducts)) {
    auto out = make<Binary>(take().line);
    out->op = *op;
    out->left = std::move(left);
    out->right = power();
    inside(*out, out->left);
    inside(*out, out->right);
    left = std::move(out);
  }
  return left;
}

ExpressionPtr Parser::power() {
  ExpressionPtr left = unary(true);
  while (is_op("**")) {
    auto out = make<Binary>(take().line);
    out->op = BinaryOp::power;
    out->left = std::move(left);
    out->right = unary(true);
    inside(*out, out->left);
    inside(*out, out->right);
    left = std::move(out);
  }
  return left;
}

ExpressionPtr Parser::unary(bool with_filters) {
  const Nesting nesting(*this);
  ExpressionPtr value;
  if (is_op("-") || is_op("+")) {
    auto out = make<Unary>(now().line);
    out->op = take().text == "-" ? UnaryOp::negate : UnaryOp::plus;
    out->operand = unary(false);
    inside(*out, out->operand);
    value = std::move(out);
  } else {
    value = primary();
  }
  value = postfix(std::move(value));
  return with_filters ? filters_and_tests(std::move(value)) : std::move(value);
}

}  // namespace quern::engine::chat::jinja
