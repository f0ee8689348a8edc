// Filters that look at each item. Their results are generators, as in Python.
#include "engine/chat/jinja/filters.hpp"
#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/operators.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

namespace {

// Takes the first positional argument, a name.
std::string take_name(std::string_view filter, Arguments& arguments) {
  if (arguments.positional.empty()) throw_type("{}() needs a name as its first argument", filter);
  const Value name = arguments.positional.front();
  if (!name.is(Kind::string)) throw_type("{}(): found {}, expected a name", filter, described(name));
  arguments.positional.erase(arguments.positional.begin());
  return name.text();
}

// None and its like have no items here, as nothing is looked for in what is false.
std::vector<Value> items_of(Interpreter& in, const Value& value) {
  return truthy(value) ? iterate(in.heap(), value) : std::vector<Value>();
}

Value map(Interpreter& in, const Value& value, Arguments& arguments) {
  std::vector<Value> out;
  std::vector<Value> items = items_of(in, value);
  if (arguments.positional.empty() && !arguments.keyword.empty()) {
    const Bound bound("map", arguments, {"attribute", "default"}, 1);
    for (const Value& item : items) {
      Value found = dotted_item(in, item, bound[0]);
      out.push_back(found.is(Kind::undefined) && bound.has(1) ? bound[1] : std::move(found));
    }
  } else {
    const std::string name = take_name("map", arguments);
    const Named<FilterFunction>* const filter = find_filter(name);
    if (filter == nullptr) throw_type("no filter named '{}'", name);
    const Interpreter::Depth depth(in);
    for (const Value& item : items) {
      Arguments copy = arguments;
      in.heap().step();
      out.push_back(filter->function(in, item, copy));
    }
  }
  return make_list(in.heap(), std::move(out), ListForm::generator);
}

// Without a test: what is true.
template <bool keeps, bool by_attribute>
Value select(Interpreter& in, const Value& value, Arguments& arguments) {
  Value attribute;
  if (by_attribute) {
    if (arguments.positional.empty()) throw_type("selectattr() needs an attribute");
    attribute = arguments.positional.front();
    arguments.positional.erase(arguments.positional.begin());
  }
  const bool has_test = !arguments.positional.empty();
  const std::string test = has_test ? take_name("select", arguments) : std::string();
  std::vector<Value> out;
  for (const Value& item : items_of(in, value)) {
    const Value subject = by_attribute ? dotted_item(in, item, attribute) : item;
    Arguments copy = arguments;
    if ((has_test ? in.passes(test, subject, copy) : truthy(subject)) == keeps) out.push_back(item);
  }
  return make_list(in.heap(), std::move(out), ListForm::generator);
}

constexpr Named<FilterFunction> kFilters[] = {
    {"map", &map},
    {"select", &select<true, false>},
    {"reject", &select<false, false>},
    {"selectattr", &select<true, true>},
    {"rejectattr", &select<false, true>},
};

}  // namespace

std::span<const Named<FilterFunction>> each_filters() noexcept {
  return kFilters;
}

}  // namespace quern::engine::chat::jinja
