// Values with behaviour: functions, macros, bound methods, namespaces, `loop`. Threads, ownership: as value.hpp.
#pragma once

#include "engine/chat/jinja/value.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::engine::chat::jinja {

class Interpreter;

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> keyword;
};

// Arguments by the names of parameters. Errors: type, as Python words them.
class Bound {
 public:
  Bound(std::string_view function, const Arguments& arguments, std::initializer_list<std::string_view> names,
        std::size_t n_required);
  bool has(std::size_t index) const noexcept { return values_[index] != nullptr; }
  const Value& operator[](std::size_t index) const noexcept { return *values_[index]; }
  // The argument or, where absent, the default. Errors: type where it has another type.
  std::int64_t integer(std::size_t index, std::int64_t absent) const;
  // A count or a place in a sequence: an integer beyond 64 bits is as good as the last that fits.
  std::int64_t place(std::size_t index, std::int64_t absent) const;
  bool boolean(std::size_t index, bool absent) const;
  std::optional<std::string_view> string(std::size_t index) const;  // None counts as absent

 private:
  static constexpr std::size_t kMax = 6;
  std::string_view function_;
  std::string_view names_[kMax];
  const Value* values_[kMax] = {};
};

class Object : public Payload {
 public:
  virtual std::string_view type() const noexcept = 0;  // what messages call it: "a function"
  virtual std::string describe() const = 0;            // repr()
  virtual std::optional<Value> attribute(Interpreter& in, std::string_view name);
  virtual bool callable() const noexcept { return false; }
  virtual Value call(Interpreter& in, Arguments& arguments);

 protected:
  Object(Heap& heap, std::size_t bytes) : Payload(heap, bytes) {}
};

using GlobalFunction = Value (*)(Interpreter& in, Arguments& arguments);
using MethodFunction = Value (*)(Interpreter& in, const Value& self, Arguments& arguments);
using FilterFunction = Value (*)(Interpreter& in, const Value& subject, Arguments& arguments);
using TestFunction = bool (*)(Interpreter& in, const Value& subject, Arguments& arguments);

template <class Function>
struct Named {
  std::string_view name;
  Function function;
};

class FunctionObject final : public Object {
 public:
  FunctionObject(Heap& heap, const Named<GlobalFunction>& row) : Object(heap, sizeof(*this)), row_(row) {}
  std::string_view type() const noexcept override { return "a function"; }
  std::string describe() const override { return fmt::format("<function {}>", row_.name); }
  bool callable() const noexcept override { return true; }
  Value call(Interpreter& in, Arguments& arguments) override { return row_.function(in, arguments); }

 private:
  const Named<GlobalFunction>& row_;
};

class BoundMethod final : public Object {
 public:
  BoundMethod(Heap& heap, const Named<MethodFunction>& row, Value self)
      : Object(heap, sizeof(*this)), row_(row), self_(std::move(self)) {}
  std::string_view type() const noexcept override { return "a method"; }
  std::string describe() const override { return fmt::format("<method {} of {}>", row_.name, described(self_)); }
  bool callable() const noexcept override { return true; }
  Value call(Interpreter& in, Arguments& arguments) override;

 private:
  void drop_references() noexcept override { self_ = Value(); }
  const Named<MethodFunction>& row_;
  Value self_;
};

// namespace(...): the only object whose attributes a template may set.
class Namespace final : public Object {
 public:
  explicit Namespace(Heap& heap);
  std::string_view type() const noexcept override { return "a namespace"; }
  std::string describe() const override { return "<Namespace>"; }
  std::optional<Value> attribute(Interpreter& in, std::string_view name) override;
  void set(std::string_view name, Value value);

 private:
  void drop_references() noexcept override { attributes_ = Value(); }
  Value attributes_;  // a dict
};

// The rows of the builtin tables; nullptr where there is none.
const Named<FilterFunction>* find_filter(std::string_view name) noexcept;
const Named<TestFunction>* find_test(std::string_view name) noexcept;
const Named<GlobalFunction>* find_global(std::string_view name) noexcept;
const Named<MethodFunction>* find_string_method(std::string_view name) noexcept;
const Named<MethodFunction>* find_list_method(std::string_view name) noexcept;
const Named<MethodFunction>* find_dict_method(std::string_view name) noexcept;
const Named<MethodFunction>* find_bytes_method(std::string_view name) noexcept;
const Named<MethodFunction>* find_number_method(const Value& number, std::string_view name) noexcept;
std::optional<Value> number_attribute(Interpreter& in, const Value& number, std::string_view name);  // x.real, ...

}  // namespace quern::engine::chat::jinja
