// What a template is made of. Each node knows how to do itself: expressions.cpp and statements.cpp.
// Threads: const after parsing. Ownership: a node owns its parts. Limits: kMaxHeight nodes inside each other.
#pragma once

#include "engine/chat/jinja/object.hpp"
#include "engine/chat/jinja/value.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace quern::engine::chat::jinja {

inline constexpr std::uint32_t kMaxHeight = 200;

using Symbol = std::uint32_t;  // index of a variable's name in ProgramTree::symbols

class Expression {
 public:
  virtual ~Expression() = default;
  virtual Value evaluate(Interpreter& in) const = 0;
  std::uint32_t line = 0, height = 1;
};
using ExpressionPtr = std::unique_ptr<const Expression>;

enum class Flow : std::uint8_t { next, breaks, continues };

class Statement {
 public:
  virtual ~Statement() = default;
  virtual Flow run(Interpreter& in) const = 0;
  std::uint32_t line = 0;
};
using Body = std::vector<std::unique_ptr<const Statement>>;

// What is assigned to: x, ns.x, or (a, b).
struct Target {
  Symbol symbol = 0;
  std::string attribute;      // of the namespace `symbol`; empty: the variable itself
  std::vector<Target> parts;  // not empty: the value is unpacked
};

// ---- expressions

struct Literal final : Expression {
  Kind kind = Kind::none;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;  // of a string its value, of an integer beyond 64 bits its digits
  Value evaluate(Interpreter& in) const override;
};

struct Name final : Expression {
  Symbol symbol = 0;
  Value evaluate(Interpreter& in) const override;
};

struct ListLiteral final : Expression {
  std::vector<ExpressionPtr> items;
  bool is_tuple = false;
  Value evaluate(Interpreter& in) const override;
};

struct DictLiteral final : Expression {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
  Value evaluate(Interpreter& in) const override;
};

enum class UnaryOp : std::uint8_t { negate, plus, logical_not };
struct Unary final : Expression {
  UnaryOp op = UnaryOp::negate;
  ExpressionPtr operand;
  Value evaluate(Interpreter& in) const override;
};

enum class BinaryOp : std::uint8_t { add, subtract, multiply, divide, floor_divide, modulo, power };
struct Binary final : Expression {
  BinaryOp op = BinaryOp::add;
  ExpressionPtr left, right;
  Value evaluate(Interpreter& in) const override;
};

struct Logical final : Expression {  // a and b and c, or with or
  bool is_and = false;
  std::vector<ExpressionPtr> operands;
  Value evaluate(Interpreter& in) const override;
};

struct Concat final : Expression {  // a ~ b ~ c
  std::vector<ExpressionPtr> operands;
  Value evaluate(Interpreter& in) const override;
};

enum class CompareOp : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };
struct Compare final : Expression {  // a < b < c
  ExpressionPtr first;
  std::vector<std::pair<CompareOp, ExpressionPtr>> rest;
  Value evaluate(Interpreter& in) const override;
};

struct Conditional final : Expression {
  ExpressionPtr condition, then, otherwise;  // otherwise: may be null
  Value evaluate(Interpreter& in) const override;
};

struct Attribute final : Expression {  // object.name
  ExpressionPtr object;
  std::string name;
  Value evaluate(Interpreter& in) const override;
};

struct Item final : Expression {  // object[index]
  ExpressionPtr object, index;
  Value evaluate(Interpreter& in) const override;
};

struct Slice final : Expression {           // object[start:stop:step]
  ExpressionPtr object, start, stop, step;  // all but object may be null
  Value evaluate(Interpreter& in) const override;
};

struct ArgumentList {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> keyword;
  ExpressionPtr star, double_star;  // *items, **entries; may be null
};

struct Call final : Expression {
  ExpressionPtr callee;
  ArgumentList arguments;
  Value evaluate(Interpreter& in) const override;
};

struct FilterCall final : Expression {
  ExpressionPtr subject;  // null in the chain of a filter block: the captured text, Interpreter::filtered
  std::string name;
  const Named<FilterFunction>* filter = nullptr;  // null: unknown, a failure when it is reached
  ArgumentList arguments;
  Value evaluate(Interpreter& in) const override;
};

struct TestCall final : Expression {
  ExpressionPtr subject;
  std::string name;
  const Named<TestFunction>* test = nullptr;  // as above
  bool negated = false;
  ArgumentList arguments;
  Value evaluate(Interpreter& in) const override;
};

// ---- statements

struct Text final : Statement {
  std::string text;
  Flow run(Interpreter& in) const override;
};

struct Output final : Statement {
  ExpressionPtr expression;
  Flow run(Interpreter& in) const override;
};

struct If final : Statement {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
  Flow run(Interpreter& in) const override;
};

struct For final : Statement {
  Target target;
  ExpressionPtr iterable, filter;  // filter: may be null
  Body body, otherwise;
  bool recursive = false;
  Flow run(Interpreter& in) const override;
  // One level of the loop; a recursive loop calls it for the next with depth + 1.
  void run_over(Interpreter& in, const Value& items, std::int64_t depth) const;
};

struct Set final : Statement {
  Target target;
  ExpressionPtr value;
  Flow run(Interpreter& in) const override;
};

struct SetBlock final : Statement {
  Target target;
  ExpressionPtr filters;  // may be null
  Body body;
  Flow run(Interpreter& in) const override;
};

struct MacroDefinition final : Statement {
  Symbol symbol = 0;
  std::string name;
  struct Parameter {
    Symbol symbol = 0;
    std::string name;
    ExpressionPtr absent;  // its default; may be null
  };
  std::vector<Parameter> parameters;
  Body body;
  bool uses_caller = false, uses_varargs = false, uses_kwargs = false;
  Flow run(Interpreter& in) const override;
};

struct CallBlock final : Statement {
  MacroDefinition caller;
  ExpressionPtr call;  // a Call
  Flow run(Interpreter& in) const override;
};

struct FilterBlock final : Statement {
  ExpressionPtr filters;
  Body body;
  Flow run(Interpreter& in) const override;
};

struct With final : Statement {
  std::vector<std::pair<Target, ExpressionPtr>> values;
  Body body;
  Flow run(Interpreter& in) const override;
};

struct Group final : Statement {  // {% generation %}: only marks its text
  Body body;
  Flow run(Interpreter& in) const override;
};

struct Block final : Statement {  // {% block %}: no template is extended, so it stands for itself
  std::string name;
  Body body;
  bool scoped = false;    // sees the variables around it, not only the template's own
  bool required = false;  // has to be filled by another template
  Flow run(Interpreter& in) const override;
};

struct AutoEscape final : Statement {
  ExpressionPtr condition;
  Body body;
  Flow run(Interpreter& in) const override;
};

struct OtherTemplate final : Statement {  // extends, include, import, from: there is none
  std::string name;
  Flow run(Interpreter& in) const override;
};

struct Do final : Statement {
  ExpressionPtr expression;
  Flow run(Interpreter& in) const override;
};

struct Leave final : Statement {  // break, continue
  Flow flow = Flow::breaks;
  Flow run(Interpreter& in) const override;
};

struct ProgramTree {
  Body body;
  std::vector<std::string> symbols;
  std::vector<const Block*> blocks;
  std::set<std::string, std::less<>> words;              // names and strings that stand in the template
  Symbol loop = 0, caller = 0, varargs = 0, kwargs = 0;  // names that statements set
};

}  // namespace quern::engine::chat::jinja
