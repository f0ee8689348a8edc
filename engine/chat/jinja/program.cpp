#include "engine/chat/jinja/program.hpp"

#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/parser.hpp"

#include <algorithm>
#include <new>

namespace quern::engine::chat::jinja {

Program::Program(std::unique_ptr<const ProgramTree> tree) : tree_(std::move(tree)) {}
Program::~Program() = default;

Outcome<std::shared_ptr<const Program>> Program::parse(std::string_view source) {
  try {
    Parser parser(tokenize(source));
    return std::shared_ptr<const Program>(new Program(parser.run()));
  } catch (const FailureException& e) {
    return e.failure;
  } catch (const std::bad_alloc&) {
    return Failure{FailureKind::limit, "out of memory", 0};
  }
}

Outcome<std::string> Program::render(Heap& heap, const Variables& variables, const Moment& now) const {
  std::uint32_t line = 0;
  try {
    Interpreter in(heap, *tree_, now);
    try {
      for (Symbol symbol = 0; symbol < tree_->symbols.size(); ++symbol) {
        const auto given = std::find_if(variables.rbegin(), variables.rend(),
                                        [&](const auto& v) { return v.first == tree_->symbols[symbol]; });
        if (given != variables.rend()) in.set(symbol, given->second);
      }
      Interpreter::Capture output(in);
      in.run(tree_->body);
      return output.take();
    } catch (...) {
      line = in.line();
      throw;
    }
  } catch (FailureException& e) {
    e.failure.line = line;
    return e.failure;
  } catch (const std::bad_alloc&) {
    return Failure{FailureKind::limit, "out of memory", line};
  }
}

bool Program::mentions(std::string_view name) const noexcept {
  return std::find(tree_->symbols.begin(), tree_->symbols.end(), name) != tree_->symbols.end();
}

bool Program::has_word(std::string_view word) const noexcept {
  return tree_->words.find(word) != tree_->words.end();
}

}  // namespace quern::engine::chat::jinja
