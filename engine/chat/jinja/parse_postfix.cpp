// What follows an operand: .attribute, [index], (call), |filter, is test.
#include "engine/chat/jinja/parser.hpp"

#include <algorithm>
#include <utility>

namespace quern::engine::chat::jinja {

ExpressionPtr Parser::postfix(ExpressionPtr object) {
  for (;;) {
    if (is_op("."))
      object = dotted(std::move(object));
    else if (is_op("["))
      object = subscript(std::move(object));
    else if (is_op("("))
      object = call(std::move(object));
    else
      return object;
  }
}

ExpressionPtr Parser::dotted(ExpressionPtr object) {
  const std::uint32_t line = take().line;
  if (now().kind == TokenKind::integer) {
    ExpressionPtr index = primary();
    auto out = make<Item>(line);
    inside(*out, object);
    out->object = std::move(object);
    out->index = std::move(index);
    return out;
  }
  auto out = make<Attribute>(line);
  out->name = expect_any_name("the name of an attribute");
  inside(*out, object);
  out->object = std::move(object);
  return out;
}

ExpressionPtr Parser::subscript(ExpressionPtr object) {
  const std::uint32_t line = take().line;
  ExpressionPtr first;
  if (!is_op(":")) first = tuple();
  if (!is_op(":")) {
    expect_op("]");
    auto out = make<Item>(line);
    inside(*out, object);
    inside(*out, first);
    out->object = std::move(object);
    out->index = std::move(first);
    return out;
  }
  auto out = make<Slice>(line);
  inside(*out, object);
  inside(*out, first);
  out->object = std::move(object);
  out->start = std::move(first);
  ++at_;
  if (!is_op(":") && !is_op("]")) out->stop = expression();
  if (skip_op(":") && !is_op("]")) out->step = expression();
  expect_op("]");
  inside(*out, out->stop);
  inside(*out, out->step);
  return out;
}

ExpressionPtr Parser::call(ExpressionPtr callee) {
  auto out = make<Call>(take().line);
  inside(*out, callee);
  out->callee = std::move(callee);
  inside(*out, arguments(out->arguments));
  return out;
}

std::uint32_t Parser::arguments(ArgumentList& out) {
  std::uint32_t height = 0;
  const auto read = [&] {
    ExpressionPtr value = expression();
    height = std::max(height, value->height);
    return value;
  };
  for (bool first = true; !skip_op(")"); first = false) {
    if (!first) {
      expect_op(",");
      if (skip_op(")")) break;
    }
    if (skip_op("**")) {
      if (out.double_star != nullptr) refuse("one '**' only");
      out.double_star = read();
    } else if (skip_op("*")) {
      if (out.star != nullptr || out.double_star != nullptr) refuse("one '*' only, before '**'");
      out.star = read();
    } else if (now().kind == TokenKind::name && ahead().kind == TokenKind::op && ahead().text == "=") {
      std::string name = take().text;
      ++at_;
      const auto same = [&name](const auto& argument) { return argument.first == name; };
      if (std::any_of(out.keyword.begin(), out.keyword.end(), same))
        throw_failure(FailureKind::syntax, "the argument '{}' comes twice", name);
      ExpressionPtr value = read();
      out.keyword.emplace_back(std::move(name), std::move(value));
    } else {
      if (!out.keyword.empty() || out.star != nullptr || out.double_star != nullptr)
        refuse("positional arguments before all others");
      out.positional.push_back(read());
    }
  }
  return height;
}

ExpressionPtr Parser::filters_and_tests(ExpressionPtr subject) {
  for (;;) {
    if (skip_op("|"))
      subject = filter(std::move(subject));
    else if (skip_name("is"))
      subject = test(std::move(subject));
    else if (is_op("("))
      subject = call(std::move(subject));
    else
      return subject;
  }
}

// name, name.name, name(arguments); after "|".
ExpressionPtr Parser::filter(ExpressionPtr subject) {
  auto out = make<FilterCall>(now().line);
  out->name = expect_any_name("the name of a filter");
  while (skip_op(".")) out->name += "." + expect_any_name("the name of a filter");
  out->filter = find_filter(out->name);
  if (skip_op("(")) inside(*out, arguments(out->arguments));
  inside(*out, subject);
  out->subject = std::move(subject);
  return out;
}

ExpressionPtr Parser::filter_chain() {
  ExpressionPtr out = filter(nullptr);
  while (skip_op("|")) out = filter(std::move(out));
  return out;
}

// After "is": [not] name, name(arguments), or name argument.
ExpressionPtr Parser::test(ExpressionPtr subject) {
  auto out = make<TestCall>(now().line);
  out->negated = skip_name("not");
  out->name = expect_any_name("the name of a test");
  while (skip_op(".")) out->name += "." + expect_any_name("the name of a test");
  out->test = find_test(out->name);
  const bool is_argument = now().kind == TokenKind::name
                               ? !is_name("else") && !is_name("or") && !is_name("and") && !is_name("is") &&
                                     !is_name("if") && !is_name("in") && !is_name("not") && !is_name("recursive")
                               : begins_expression() && !is_op("-") && !is_op("+");
  if (skip_op("(")) {
    inside(*out, arguments(out->arguments));
  } else if (is_argument) {
    out->arguments.positional.push_back(postfix(primary()));
    inside(*out, out->arguments.positional.back());
  }
  inside(*out, subject);
  out->subject = std::move(subject);
  return out;
}

}  // namespace quern::engine::chat::jinja
