// {% block %}, `self`, and statements that are rare in chats. Source: the Jinja documentation, "Template Inheritance"
// and "Autoescape Overrides".
#include "engine/chat/jinja/block.hpp"

#include "engine/chat/jinja/interpreter.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

namespace {

Flow run_block(Interpreter& in, const Block& block, const Ref<Scope>& around) {
  if (block.required) throw_type("the block '{}' is required, but there is no template that fills it", block.name);
  const Interpreter::Inner inner(in, Ref<Scope>(new Scope(in.heap(), around)));
  return in.run(block.body);
}

// self.name: calling it renders the block once more.
class BlockFunction final : public Object {
 public:
  BlockFunction(Heap& heap, const Block& block) : Object(heap, sizeof(*this)), block_(block) {}
  std::string_view type() const noexcept override { return "a block"; }
  std::string describe() const override { return fmt::format("<block {}>", block_.name); }
  bool callable() const noexcept override { return true; }
  Value call(Interpreter& in, Arguments& arguments) override {
    const Bound bound(block_.name, arguments, {}, 0);
    Interpreter::Capture capture(in);
    run_block(in, block_, in.root());
    return Value::string(in.heap(), capture.take(), in.escapes());
  }

 private:
  const Block& block_;
};

class Self final : public Object {
 public:
  explicit Self(Heap& heap) : Object(heap, sizeof(*this)) {}
  std::string_view type() const noexcept override { return "the template itself"; }
  std::string describe() const override { return "<TemplateReference None>"; }
  std::optional<Value> attribute(Interpreter& in, std::string_view name) override {
    for (const Block* block : in.tree().blocks)
      if (block->name == name) return Value(*new BlockFunction(in.heap(), *block));
    return std::nullopt;
  }
};

}  // namespace

Value make_self(Heap& heap) {
  return Value(*new Self(heap));
}

Flow Block::run(Interpreter& in) const {
  return run_block(in, *this, scoped ? in.scope() : in.root());
}

Flow AutoEscape::run(Interpreter& in) const {
  const bool outer = in.set_escapes(truthy(in.value_of(*condition)));
  const Interpreter::Inner inner(in);
  const Flow flow = in.run(body);
  in.set_escapes(outer);
  return flow;
}

Flow OtherTemplate::run(Interpreter&) const {
  throw_type("'{}' needs another template, and there is none", name);
}

}  // namespace quern::engine::chat::jinja
