#include "engine/chat/jinja/object.hpp"

#include "engine/chat/jinja/containers.hpp"
#include "engine/chat/jinja/integers.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

Bound::Bound(std::string_view function, const Arguments& arguments, std::initializer_list<std::string_view> names,
             std::size_t n_required)
    : function_(function) {
  std::copy(names.begin(), names.end(), names_);
  const std::size_t n = names.size();
  if (arguments.positional.size() > n)
    throw_type("{}() takes at most {} argument(s), {} were given", function, n, arguments.positional.size());
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
  for (const auto& [name, value] : arguments.keyword) {
    const auto i = static_cast<std::size_t>(std::find(names_, names_ + n, name) - names_);
    if (i == n) throw_type("{}() knows no argument '{}'", function, name);
    if (values_[i] != nullptr) throw_type("{}() was given the argument '{}' twice", function, name);
    values_[i] = &value;
  }
  for (std::size_t i = 0; i < n_required; ++i)
    if (values_[i] == nullptr) throw_type("{}() misses the argument '{}'", function, names_[i]);
}

std::int64_t Bound::integer(std::size_t index, std::int64_t absent) const {
  if (!has(index)) return absent;
  require_defined(*values_[index]);
  if (values_[index]->is(Kind::big))
    throw_type("{}(): '{}' is an integer of more than 64 bits", function_, names_[index]);
  if (!values_[index]->is_int())
    throw_type("{}(): '{}' must be an integer, found {}", function_, names_[index], described(*values_[index]));
  return values_[index]->as_int();
}

std::int64_t Bound::place(std::size_t index, std::int64_t absent) const {
  return has(index) && values_[index]->is(Kind::big) ? clamped(*values_[index]) : integer(index, absent);
}

bool Bound::boolean(std::size_t index, bool absent) const {
  return has(index) ? truthy(*values_[index]) : absent;
}

std::optional<std::string_view> Bound::string(std::size_t index) const {
  if (!has(index) || values_[index]->is(Kind::none)) return std::nullopt;
  require_defined(*values_[index]);
  if (!values_[index]->is(Kind::string))
    throw_type("{}(): '{}' must be a string, found {}", function_, names_[index], described(*values_[index]));
  return values_[index]->text();
}

std::optional<Value> Object::attribute(Interpreter&, std::string_view) {
  return std::nullopt;
}

Value Object::call(Interpreter&, Arguments&) {
  throw_type("{} cannot be called", type());
}

Value BoundMethod::call(Interpreter& in, Arguments& arguments) {
  const Value self = self_;
  return row_.function(in, self, arguments);
}

Namespace::Namespace(Heap& heap) : Object(heap, sizeof(*this)), attributes_(make_dict(heap)) {}

std::optional<Value> Namespace::attribute(Interpreter&, std::string_view name) {
  if (const Value* const found = attributes_.as_dict().find(name); found != nullptr) return *found;
  return std::nullopt;
}

void Namespace::set(std::string_view name, Value value) {
  attributes_.as_dict().set(name, std::move(value));
}

}  // namespace quern::engine::chat::jinja
