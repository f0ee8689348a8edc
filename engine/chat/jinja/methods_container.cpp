#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/methods.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

namespace {

Value list_append(Interpreter&, const Value& self, Arguments& arguments) {
  const Bound bound("append", arguments, {"object"}, 1);
  self.as_list().append(bound[0]);
  return Value::none();
}

Value list_extend(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("extend", arguments, {"iterable"}, 1);
  for (Value& item : iterate(in.heap(), bound[0])) self.as_list().append(std::move(item));
  return Value::none();
}

Value list_insert(Interpreter&, const Value& self, Arguments& arguments) {
  const Bound bound("insert", arguments, {"index", "object"}, 2);
  const auto n = static_cast<std::int64_t>(self.as_list().items().size());
  std::int64_t index = bound.place(0, 0);
  if (index < 0) index += n;
  self.as_list().insert(static_cast<std::size_t>(std::clamp<std::int64_t>(index, 0, n)), bound[1]);
  return Value::none();
}

Value list_pop(Interpreter&, const Value& self, Arguments& arguments) {
  const Bound bound("pop", arguments, {"index"}, 0);
  const auto n = static_cast<std::int64_t>(self.as_list().items().size());
  std::int64_t index = bound.place(0, -1);
  if (index < 0) index += n;
  if (n == 0) throw_type("pop(): the list is empty");
  if (index < 0 || index >= n) throw_type("pop(): the list has no item {}", bound.place(0, -1));
  return self.as_list().remove(static_cast<std::size_t>(index));
}

// Between two places that may be negative; counted from the begin.
std::size_t place_of(Interpreter& in, const Value& self, const Value& item, std::int64_t from = 0,
                     std::int64_t to = INT64_MAX) {
  const std::vector<Value>& items = self.as_list().items();
  const auto n = static_cast<std::int64_t>(items.size());
  const auto limit = [n](std::int64_t i) {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(i < 0 ? i + n : i, 0, n));
  };
  for (std::size_t i = limit(from); i < limit(to); ++i)
    if (equal(in.heap(), items[i], item)) return i;
  throw_type("the list has no such item");
}

Value list_remove(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("remove", arguments, {"value"}, 1);
  self.as_list().remove(place_of(in, self, bound[0]));
  return Value::none();
}

Value list_index(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("index", arguments, {"value", "start", "stop"}, 1);
  return Value::integer(
      static_cast<std::int64_t>(place_of(in, self, bound[0], bound.place(1, 0), bound.place(2, INT64_MAX))));
}

Value list_count(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("count", arguments, {"value"}, 1);
  const std::vector<Value>& items = self.as_list().items();
  return Value::integer(
      std::count_if(items.begin(), items.end(), [&](const Value& item) { return equal(in.heap(), item, bound[0]); }));
}

Value list_reverse(Interpreter&, const Value& self, Arguments& arguments) {
  const Bound bound("reverse", arguments, {}, 0);
  std::vector<Value> items = self.as_list().items();
  std::reverse(items.begin(), items.end());
  self.as_list().assign(std::move(items));
  return Value::none();
}

Value list_sort(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("sort", arguments, {"reverse"}, 0);
  const bool reverse = bound.boolean(0, false);
  std::vector<Value> items = self.as_list().items();
  std::stable_sort(items.begin(), items.end(), [&](const Value& a, const Value& b) {
    return reverse ? less(in.heap(), b, a) : less(in.heap(), a, b);
  });
  self.as_list().assign(std::move(items));
  return Value::none();
}

Value list_copy(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("copy", arguments, {}, 0);
  return make_list(in.heap(), self.as_list().items());
}

Value list_clear(Interpreter&, const Value& self, Arguments& arguments) {
  const Bound bound("clear", arguments, {}, 0);
  self.as_list().assign({});
  return Value::none();
}

template <ListForm view>
Value dict_view(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("view", arguments, {}, 0);
  std::vector<Value> out;
  for (const Dict::Entry& entry : self.as_dict().entries())
    out.push_back(view == ListForm::keys     ? entry.key
                  : view == ListForm::values ? entry.value
                                             : make_list(in.heap(), {entry.key, entry.value}, ListForm::tuple));
  return make_list(in.heap(), std::move(out), view);
}

Value dict_get(Interpreter&, const Value& self, Arguments& arguments) {
  const Bound bound("get", arguments, {"key", "default"}, 1);
  if (const Value* const found = self.as_dict().find(bound[0]); found != nullptr) return *found;
  return bound.has(1) ? bound[1] : Value::none();
}

Value dict_pop(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("pop", arguments, {"key", "default"}, 1);
  const Value* const found = self.as_dict().find(bound[0]);
  if (found == nullptr && !bound.has(1)) throw_type("the dict has no key {}", repr(in.heap(), bound[0]));
  if (found == nullptr) return bound[1];
  Value out = *found;
  self.as_dict().erase(found);
  return out;
}

Value dict_popitem(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("popitem", arguments, {}, 0);
  if (self.as_dict().size() == 0) throw_type("popitem(): the mapping is empty");
  const Dict::Entry& last = self.as_dict().entries().back();
  Value out = make_list(in.heap(), {last.key, last.value}, ListForm::tuple);
  self.as_dict().erase(&last.value);
  return out;
}

Value dict_fromkeys(Interpreter& in, const Value&, Arguments& arguments) {
  const Bound bound("fromkeys", arguments, {"iterable", "value"}, 1);
  Value out(make_dict(in.heap()));
  for (Value& key : iterate(in.heap(), bound[0]))
    out.as_dict().set(std::move(key), bound.has(1) ? bound[1] : Value::none());
  return out;
}

Value dict_setdefault(Interpreter&, const Value& self, Arguments& arguments) {
  const Bound bound("setdefault", arguments, {"key", "default"}, 1);
  if (const Value* const found = self.as_dict().find(bound[0]); found != nullptr) return *found;
  const Value value = bound.has(1) ? bound[1] : Value::none();
  self.as_dict().set(bound[0], value);
  return value;
}

Value dict_update(Interpreter&, const Value& self, Arguments& arguments) {
  if (arguments.positional.size() > 1) throw_type("update() takes at most one positional argument");
  if (!arguments.positional.empty()) {
    const Value& other = arguments.positional[0];
    require_defined(other);
    if (!other.is(Kind::dict)) throw_type("update() needs a mapping, found {}", described(other));
    if (!other.same_as(self))
      for (const Dict::Entry& entry : other.as_dict().entries()) self.as_dict().set(entry.key, entry.value);
  }
  for (const auto& [name, value] : arguments.keyword) self.as_dict().set(name, value);
  return Value::none();
}

Value dict_copy(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("copy", arguments, {}, 0);
  Value out(make_dict(in.heap()));
  for (const Dict::Entry& entry : self.as_dict().entries()) out.as_dict().set(entry.key, entry.value);
  return out;
}

Value dict_clear(Interpreter&, const Value& self, Arguments& arguments) {
  const Bound bound("clear", arguments, {}, 0);
  self.as_dict().clear();
  return Value::none();
}

constexpr Named<MethodFunction> kListMethods[] = {
    {"append", &list_append}, {"extend", &list_extend}, {"insert", &list_insert}, {"pop", &list_pop},
    {"remove", &list_remove}, {"index", &list_index},   {"count", &list_count},   {"reverse", &list_reverse},
    {"sort", &list_sort},     {"copy", &list_copy},     {"clear", &list_clear},
};

constexpr Named<MethodFunction> kDictMethods[] = {
    {"items", &dict_view<ListForm::items>},
    {"keys", &dict_view<ListForm::keys>},
    {"values", &dict_view<ListForm::values>},
    {"get", &dict_get},
    {"pop", &dict_pop},
    {"popitem", &dict_popitem},
    {"setdefault", &dict_setdefault},
    {"fromkeys", &dict_fromkeys},
    {"update", &dict_update},
    {"copy", &dict_copy},
    {"clear", &dict_clear},
};

const Named<MethodFunction>* find_row(std::span<const Named<MethodFunction>> table, std::string_view name) noexcept {
  const auto row = std::find_if(table.begin(), table.end(), [name](const auto& r) { return r.name == name; });
  return row == table.end() ? nullptr : &*row;
}

}  // namespace

const Named<MethodFunction>* find_list_method(std::string_view name) noexcept {
  return find_row(kListMethods, name);
}

const Named<MethodFunction>* find_dict_method(std::string_view name) noexcept {
  return find_row(kDictMethods, name);
}

}  // namespace quern::engine::chat::jinja
