// The filters, one table per kind; find_filter() looks through all. Source: the Jinja documentation, "List of Builtin
// Filters"; tojson as Hugging Face's transformers define it; from_json of llama.cpp's templates. Threads: any.
#pragma once

#include "engine/chat/jinja/object.hpp"

#include <span>

namespace quern::engine::chat::jinja {

std::span<const Named<FilterFunction>> text_filters() noexcept;   // of strings
std::span<const Named<FilterFunction>> list_filters() noexcept;   // of whole lists: order, parts, sums
std::span<const Named<FilterFunction>> each_filters() noexcept;   // item by item: map, select, ...
std::span<const Named<FilterFunction>> value_filters() noexcept;  // conversions, numbers, defaults, JSON
std::span<const Named<FilterFunction>> html_filters() noexcept;   // links, attributes, tags
std::span<const Named<FilterFunction>> print_filters() noexcept;  // pprint

// do_trim and its like call this: str(value), which keeps a safe string safe.
Value as_text(Interpreter& in, const Value& value);

}  // namespace quern::engine::chat::jinja
