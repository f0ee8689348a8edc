// What operators, attributes and indexes do to values. Errors: type and undefined failures, worded as Python's.
// Threads, ownership: as value.hpp.
#pragma once

#include "engine/chat/jinja/ast.hpp"
#include "engine/chat/jinja/interpreter.hpp"

#include <string_view>

namespace quern::engine::chat::jinja {

Value binary(Interpreter& in, BinaryOp op, const Value& left, const Value& right);
Value unary(Interpreter& in, UnaryOp op, const Value& operand);
bool compare(Interpreter& in, CompareOp op, const Value& left, const Value& right);

// object.name: an attribute or method, else the item of that name. object[key]: the other way round. Where there is
// neither: undefined.
Value attribute_of(Interpreter& in, const Value& object, std::string_view name);
Value item_of(Interpreter& in, const Value& object, const Value& key);
// Absent ends are None.
Value slice_of(Interpreter& in, const Value& object, const Value& start, const Value& stop, const Value& step);

// "a.b.0": what `map(attribute=...)` and its like look up, item first.
Value dotted_item(Interpreter& in, const Value& object, const Value& path);

// "%s of %d" % values
std::string percent_format(Interpreter& in, std::string_view format, const Value& values, bool escape);

}  // namespace quern::engine::chat::jinja
