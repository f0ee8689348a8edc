// One rendering: variables in their scopes, output, limits. Threads: one. Ownership: refers to the tree and the heap,
// which must outlive it.
#pragma once

#include "engine/chat/jinja/ast.hpp"
#include "engine/chat/jinja/containers.hpp"
#include "engine/chat/jinja/moment.hpp"
#include "engine/chat/jinja/object.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::engine::chat::jinja {

// Variables of a template, a macro call, or one round of a loop. Macros keep the scope that they were defined in.
class Scope final : public Payload {
 public:
  Scope(Heap& heap, Ref<Scope> parent) : Payload(heap, sizeof(*this)), parent_(std::move(parent)) {}
  const Value* find(Symbol symbol) const noexcept;  // here or in a parent
  void set(Symbol symbol, Value value);
  void clear() noexcept { variables_.clear(); }
  const Ref<Scope>& parent() const noexcept { return parent_; }

 private:
  void drop_references() noexcept override;
  Ref<Scope> parent_;
  std::vector<std::pair<Symbol, Value>> variables_;
};

class Interpreter {
 public:
  Interpreter(Heap& heap, const ProgramTree& tree, const Moment& now);

  Heap& heap() noexcept { return heap_; }
  const Moment& now() const noexcept { return now_; }
  const ProgramTree& tree() const noexcept { return tree_; }
  std::uint32_t line() const noexcept { return line_; }

  Value value_of(const Expression& expression);
  Flow run(const Body& body);

  // ---- variables
  const Value* find(Symbol symbol) const noexcept { return scope_->find(symbol); }
  void set(Symbol symbol, Value value) { scope_->set(symbol, std::move(value)); }
  void assign(const Target& target, Value value);
  const Ref<Scope>& scope() const noexcept { return scope_; }
  const Ref<Scope>& root() const noexcept { return root_; }  // that of the template itself
  class Inner;                                               // makes a scope the current one

  // ---- output
  class Capture;
  void write(std::string_view text);
  Value capture(const Body& body);                    // what it writes, as a string: a safe one where output is escaped
  bool escapes() const noexcept { return escapes_; }  // inside {% autoescape true %}
  bool set_escapes(bool on) noexcept { return std::exchange(escapes_, on); }
  Value filtered;  // the subject of a filter block's chain

  // ---- calls
  Value call(const Value& callee, Arguments& arguments);
  // The values of an argument list. `keep` holds what the names of keywords point into.
  Arguments evaluate(const ArgumentList& list, std::vector<Value>& keep);
  bool passes(std::string_view test, const Value& subject, Arguments& arguments);

  // Counts how deep the rendering is. Errors: limit.
  class Depth;

 private:
  Heap& heap_;
  const ProgramTree& tree_;
  const Moment& now_;
  Ref<Scope> scope_;
  const Ref<Scope> root_;
  bool escapes_ = false;
  Capture* output_ = nullptr;
  std::uint32_t depth_ = 0, line_ = 0;
};

class Interpreter::Inner {
 public:
  Inner(Interpreter& in, Ref<Scope> scope) : in_(in), outer_(std::exchange(in.scope_, std::move(scope))) {}
  explicit Inner(Interpreter& in) : Inner(in, Ref<Scope>(new Scope(in.heap_, in.scope_))) {}
  ~Inner() { in_.scope_ = std::move(outer_); }
  Inner(const Inner&) = delete;
  Inner& operator=(const Inner&) = delete;

 private:
  Interpreter& in_;
  Ref<Scope> outer_;
};

class Interpreter::Depth {
 public:
  explicit Depth(Interpreter& in) : in_(in) {
    if (in.depth_ >= in.heap_.limits().max_depth)
      throw_failure(FailureKind::limit, "the template is deeper than {} levels", in.heap_.limits().max_depth);
    ++in.depth_;
  }
  ~Depth() { --in_.depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  Interpreter& in_;
};

// Catches what is written while it lives; its bytes count as memory.
class Interpreter::Capture {
 public:
  explicit Capture(Interpreter& in) : in_(in), outer_(std::exchange(in.output_, this)) {}
  ~Capture() {
    take();
    in_.output_ = outer_;
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // Errors: limit.
  void append(std::string_view text);
  std::string take() noexcept {
    in_.heap_.uncharge(text_.size());
    return std::exchange(text_, {});
  }

 private:
  Interpreter& in_;
  Capture* const outer_;
  std::string text_;
};

class Macro final : public Object {
 public:
  Macro(Heap& heap, const MacroDefinition& definition, Ref<Scope> scope)
      : Object(heap, sizeof(*this)), definition_(definition), scope_(std::move(scope)) {}
  std::string_view type() const noexcept override { return "a macro"; }
  std::string describe() const override { return fmt::format("<Macro '{}'>", definition_.name); }
  std::optional<Value> attribute(Interpreter& in, std::string_view name) override;
  bool callable() const noexcept override { return true; }
  Value call(Interpreter& in, Arguments& arguments) override;

 private:
  void drop_references() noexcept override { scope_ = Ref<Scope>(); }
  void bind(Interpreter& in, Arguments& arguments) const;
  const MacroDefinition& definition_;
  Ref<Scope> scope_;
};

}  // namespace quern::engine::chat::jinja
