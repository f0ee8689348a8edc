#include "engine/chat/jinja/parser.hpp"

#include <algorithm>
#include <utility>

namespace quern::engine::chat::jinja {

Body Parser::body(std::initializer_list<std::string_view> ends) {
  const Nesting nesting(*this);
  Body out;
  for (;;) {
    switch (now().kind) {
      case TokenKind::data: {
        auto text = make<Text>(now().line);
        text->text = take().text;
        out.push_back(std::move(text));
        break;
      }
      case TokenKind::output_begin: {
        auto output = make<Output>(take().line);
        output->expression = tuple();
        if (now().kind != TokenKind::output_end) refuse("'}}'");
        ++at_;
        out.push_back(std::move(output));
        break;
      }
      case TokenKind::block_begin:
        if (std::find(ends.begin(), ends.end(), ahead().text) != ends.end() && ahead().kind == TokenKind::name) {
          ++at_;
          return out;
        }
        out.push_back(statement());
        break;
      default:
        if (ends.size() == 0 && now().kind == TokenKind::end) return out;
        refuse(fmt::format("'{{% {} %}}'", ends.size() == 0 ? "..." : *(ends.end() - 1)));
    }
  }
}

// The body of a block and its end tag.
Body Parser::inner_body(std::string_view end) {
  expect_block_end();
  Body out = body({end});
  ++at_;
  return out;
}

std::unique_ptr<const Statement> Parser::statement() {
  const std::uint32_t line = take().line;
  const std::string name = expect_any_name("the name of a statement");
  std::unique_ptr<Statement> out;
  if (name == "if") {
    out = if_statement();
  } else if (name == "for") {
    out = for_statement();
  } else if (name == "set") {
    out = set_statement();
  } else if (name == "macro") {
    out = macro_statement();
  } else if (name == "call") {
    out = call_statement();
  } else if (name == "filter") {
    out = filter_statement();
  } else if (name == "with") {
    out = with_statement();
  } else if (name == "generation") {
    out = generation_statement();
  } else if (name == "break" || name == "continue") {
    out = leave_statement(name == "break" ? Flow::breaks : Flow::continues);
  } else if (name == "block") {
    out = block_statement();
  } else if (name == "autoescape") {
    out = autoescape_statement();
  } else if (name == "print") {
    out = print_statement();
  } else if (name == "extends" || name == "include" || name == "import" || name == "from") {
    out = other_template_statement(name);
  } else if (name == "do") {
    auto statement = make<Do>(line);
    statement->expression = tuple();
    out = std::move(statement);
  } else {
    throw_failure(FailureKind::syntax, "'{}' is no statement that is known or expected here", name);
  }
  out->line = line;
  expect_block_end();
  return out;
}

std::unique_ptr<Statement> Parser::if_statement() {
  auto out = std::make_unique<If>();
  for (;;) {
    ExpressionPtr condition = tuple(false);
    expect_block_end();
    Body then = body({"elif", "else", "endif"});
    out->branches.emplace_back(std::move(condition), std::move(then));
    const Token next = take();
    if (next.text == "elif") continue;
    if (next.text == "else") out->otherwise = inner_body("endif");
    return out;
  }
}

std::unique_ptr<Statement> Parser::for_statement() {
  auto out = std::make_unique<For>();
  out->target = target(false);
  expect_name("in");
  out->iterable = tuple(false);
  if (skip_name("if")) out->filter = expression();
  out->recursive = skip_name("recursive");
  expect_block_end();
  ++n_loops_;
  out->body = body({"else", "endfor"});
  --n_loops_;
  if (take().text == "else") out->otherwise = inner_body("endfor");
  return out;
}

std::unique_ptr<Statement> Parser::set_statement() {
  Target to = target(true);
  if (skip_op("=")) {
    auto out = std::make_unique<Set>();
    out->target = std::move(to);
    out->value = tuple();
    return out;
  }
  auto out = std::make_unique<SetBlock>();
  out->target = std::move(to);
  if (skip_op("|")) out->filters = filter_chain();
  if (now().kind != TokenKind::block_end) refuse("'=' or '%}'");
  out->body = inner_body("endset");
  return out;
}

void Parser::parameters(MacroDefinition& macro) {
  expect_op("(");
  while (!skip_op(")")) {
    if (!macro.parameters.empty()) {
      expect_op(",");
      if (skip_op(")")) return;
    }
    MacroDefinition::Parameter parameter;
    parameter.name = expect_any_name("a parameter's name");
    parameter.symbol = symbol(parameter.name);
    if (skip_op("=")) {
      parameter.absent = expression();
    } else if (!macro.parameters.empty() && macro.parameters.back().absent != nullptr) {
      throw_failure(FailureKind::syntax, "parameter '{}' needs a default, as the one before it has one",
                    parameter.name);
    }
    macro.parameters.push_back(std::move(parameter));
  }
}

// A body of its own: loops around it cannot be left from inside.
Body Parser::macro_body(MacroDefinition& macro, std::string_view end) {
  const int n_loops = std::exchange(n_loops_, 0);
  macros_.push_back(&macro);
  Body out = inner_body(end);
  macros_.pop_back();
  n_loops_ = n_loops;
  return out;
}

std::unique_ptr<Statement> Parser::macro_statement() {
  auto out = std::make_unique<MacroDefinition>();
  out->name = expect_any_name("the macro's name");
  out->symbol = symbol(out->name);
  parameters(*out);
  out->body = macro_body(*out, "endmacro");
  skip_name(out->name);
  return out;
}

std::unique_ptr<Statement> Parser::call_statement() {
  auto out = std::make_unique<CallBlock>();
  out->caller.name = "caller";
  out->caller.symbol = tree_->caller;
  out->caller.line = now().line;
  if (is_op("(")) parameters(out->caller);
  out->call = postfix(primary());
  if (dynamic_cast<const Call*>(out->call.get()) == nullptr) refuse("the call of a macro");
  out->caller.body = macro_body(out->caller, "endcall");
  return out;
}

std::unique_ptr<Statement> Parser::filter_statement() {
  auto out = std::make_unique<FilterBlock>();
  out->filters = filter_chain();
  out->body = inner_body("endfilter");
  return out;
}

std::unique_ptr<Statement> Parser::with_statement() {
  auto out = std::make_unique<With>();
  while (now().kind != TokenKind::block_end) {
    if (!out->values.empty()) expect_op(",");
    Target to = single_target(false);
    expect_op("=");
    ExpressionPtr value = expression();
    out->values.emplace_back(std::move(to), std::move(value));
  }
  out->body = inner_body("endwith");
  return out;
}

std::unique_ptr<Statement> Parser::generation_statement() {
  auto out = std::make_unique<Group>();
  out->body = inner_body("endgeneration");
  return out;
}

std::unique_ptr<Statement> Parser::leave_statement(Flow flow) {
  if (n_loops_ == 0) throw_failure(FailureKind::syntax, "break and continue stand only inside of loops");
  auto out = std::make_unique<Leave>();
  out->flow = flow;
  return out;
}

}  // namespace quern::engine::chat::jinja
