// Methods of strings, lists and dicts; find_*_method() of object.hpp looks them up. Lists and dicts can be changed, the
// caller's too, as their values live for one rendering only. Threads: one, that of the Heap. Source: the Python library
// reference, "Built-in Types".
#pragma once

#include "engine/chat/jinja/object.hpp"

#include <span>
#include <string>
#include <string_view>

namespace quern::engine::chat::jinja {

std::span<const Named<MethodFunction>> string_edit_methods() noexcept;   // a string to another string
std::span<const Named<MethodFunction>> string_split_methods() noexcept;  // to its parts
std::span<const Named<MethodFunction>> string_query_methods() noexcept;  // to a number or a truth
std::span<const Named<MethodFunction>> string_table_methods() noexcept;  // character by character: translate, encode

// A format specification such as ">8.2f" applied to a value. Errors: type.
std::string format_value(Interpreter& in, const Value& value, std::string_view spec);
// What goes into a safe text: escaped, unless it is safe itself.
Value escaped_if(Interpreter& in, const Value& value, bool escape);
// "{} {name}".format(...)
std::string brace_format(Interpreter& in, std::string_view format, const Arguments& arguments, bool escape);

}  // namespace quern::engine::chat::jinja
