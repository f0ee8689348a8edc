// Attributes, indexes and slices. Source: the Jinja documentation, "Implementation" under "Variables".
#include "engine/chat/jinja/integers.hpp"
#include "engine/chat/jinja/literals.hpp"
#include "engine/chat/jinja/operators.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>
#include <optional>

namespace quern::engine::chat::jinja {

namespace {

// Of an integer of any length.
std::string shown(Heap& heap, const Value& key) {
  if (!key.is_number()) return std::string(described(key));
  std::string text = repr(heap, key);
  if (text.size() > 40) text = text.substr(0, 40) + "...";
  return text;
}

// What Python's getattr finds.
std::optional<Value> own_attribute(Interpreter& in, const Value& object, std::string_view name) {
  const Named<MethodFunction>* method = nullptr;
  if (object.is(Kind::string)) method = find_string_method(name);
  if (object.is(Kind::dict)) method = find_dict_method(name);
  if (object.is(Kind::list) && object.as_list().is_sequence()) {
    const List& list = object.as_list();
    for (std::size_t i = 0; i < list.names().size(); ++i)
      if (list.names()[i] == name) return list.items()[i];
    method = list.form() == ListForm::bytes ? find_bytes_method(name) : find_list_method(name);
    const bool is_reader = name == "index" || name == "count";
    if (list.form() != ListForm::list && list.form() != ListForm::bytes && !is_reader) method = nullptr;
  }
  if (object.is_number()) {
    if (auto part = number_attribute(in, object, name); part) return part;
    method = find_number_method(object, name);
  }
  if (method != nullptr) return Value(*new BoundMethod(in.heap(), *method, object));
  if (object.is(Kind::object)) return object.as_object().attribute(in, name);
  return std::nullopt;
}

std::optional<Value> character(Interpreter& in, const String& text, std::int64_t index) {
  const auto n = static_cast<std::int64_t>(text.n_chars());
  if (index < 0) index += n;
  if (index < 0 || index >= n) return std::nullopt;
  const std::string& bytes = text.text();
  if (text.is_ascii()) return Value::string(in.heap(), bytes.substr(static_cast<std::size_t>(index), 1), text.safe());
  in.heap().work(bytes.size());
  const std::size_t at = offset_of(bytes, static_cast<std::size_t>(index));
  return Value::string(in.heap(), bytes.substr(at, char_at(bytes, at).size), text.safe());
}

// What Python's [] finds.
std::optional<Value> own_item(Interpreter& in, const Value& object, const Value& key) {
  if (object.is(Kind::dict)) {
    const bool hashable = !key.is(Kind::dict) && !(key.is(Kind::list) && key.as_list().form() == ListForm::list);
    if (!hashable || key.is(Kind::undefined)) return std::nullopt;
    if (const Value* const found = object.as_dict().find(key); found != nullptr) return *found;
    return std::nullopt;
  }
  if (!key.is_int()) return std::nullopt;
  std::int64_t index = key.as_int();
  if (object.is(Kind::string)) return character(in, object.as_string(), index);
  if (!object.is(Kind::list) || !object.as_list().is_sequence()) return std::nullopt;
  const std::vector<Value>& items = object.as_list().items();
  if (index < 0) index += static_cast<std::int64_t>(items.size());
  if (index < 0 || index >= static_cast<std::int64_t>(items.size())) return std::nullopt;
  return items[static_cast<std::size_t>(index)];
}

// The indexes that start:stop:step visits in a sequence of n items.
struct Range {
  std::int64_t start, stop, step;
};
Range resolve(const Value& start, const Value& stop, const Value& step, std::int64_t n) {
  const auto whole = [](const Value& value) {
    require_defined(value);
    if (!value.is_whole()) throw_type("a slice needs integers, found {}", described(value));
    return clamped(value);
  };
  Range range{0, 0, step.is(Kind::none) ? 1 : whole(step)};
  if (range.step == 0) throw_type("the step of a slice is zero");
  const bool backwards = range.step < 0;
  const std::int64_t lowest = backwards ? -1 : 0, highest = backwards ? n - 1 : n;
  const auto end = [&](const Value& value, std::int64_t absent) {
    if (value.is(Kind::none)) return absent;
    const std::int64_t i = whole(value);
    return std::clamp(i < 0 ? i + n : i, lowest, highest);
  };
  range.start = end(start, backwards ? highest : 0);
  range.stop = end(stop, backwards ? lowest : highest);
  return range;
}

template <class Visit>
void visit(const Range& range, Visit visit_one) {
  if (range.step > 0)
    for (std::int64_t i = range.start; i<range.stop; i = range.step> range.stop - i ? range.stop : i + range.step)
      visit_one(static_cast<std::size_t>(i));
  else
    for (std::int64_t i = range.start; i > range.stop; i = range.step < range.stop - i ? range.stop : i + range.step)
      visit_one(static_cast<std::size_t>(i));
}

Value slice_string(Interpreter& in, const String& text, const Range& range) {
  const std::string& bytes = text.text();
  in.heap().work(bytes.size());
  if (range.step == 1) {
    const auto n = static_cast<std::size_t>(std::max<std::int64_t>(range.stop - range.start, 0));
    const auto first = static_cast<std::size_t>(range.start);
    const std::size_t begin = text.is_ascii() ? first : offset_of(bytes, first);
    const std::string_view rest = std::string_view(bytes).substr(begin);
    return Value::string(in.heap(), std::string(rest.substr(0, text.is_ascii() ? n : offset_of(rest, n))), text.safe());
  }
  std::vector<std::uint32_t> offsets;
  in.heap().step(text.n_chars());
  for (std::size_t at = 0; at < bytes.size(); at += char_at(bytes, at).size)
    offsets.push_back(static_cast<std::uint32_t>(at));
  std::string out;
  visit(range, [&](std::size_t i) { out.append(bytes, offsets[i], char_at(bytes, offsets[i]).size); });
  return Value::string(in.heap(), std::move(out), text.safe());
}

}  // namespace

Value attribute_of(Interpreter& in, const Value& object, std::string_view name) {
  require_defined(object);
  if (auto own = own_attribute(in, object, name); own) return *own;
  if (object.is(Kind::dict))
    if (const Value* const found = object.as_dict().find(name); found != nullptr) return *found;
  return Value::undefined(in.heap(), fmt::format("{} has nothing called '{}'", described(object), name));
}

Value item_of(Interpreter& in, const Value& object, const Value& key) {
  require_defined(object);
  if (auto own = own_item(in, object, key); own) return *own;
  if (key.is(Kind::string)) {
    if (auto own = own_attribute(in, object, key.text()); own) return *own;
    return Value::undefined(in.heap(), fmt::format("{} has nothing called '{}'", described(object), key.text()));
  }
  return Value::undefined(in.heap(), fmt::format("{} has no item {}", described(object), shown(in.heap(), key)));
}

Value slice_of(Interpreter& in, const Value& object, const Value& start, const Value& stop, const Value& step) {
  require_defined(object);
  if (object.is(Kind::string)) {
    const auto n = static_cast<std::int64_t>(object.as_string().n_chars());
    return slice_string(in, object.as_string(), resolve(start, stop, step, n));
  }
  if (!object.is(Kind::list) || !object.as_list().is_sequence())
    throw_type("no part can be taken of {}", described(object));
  const std::vector<Value>& items = object.as_list().items();
  const Range range = resolve(start, stop, step, static_cast<std::int64_t>(items.size()));
  std::vector<Value> out;
  in.heap().step(items.size());
  visit(range, [&](std::size_t i) { out.push_back(items[i]); });
  if (object.as_list().form() == ListForm::range) {
    const Bounds& all = object.as_list().bounds();
    // Ends beyond 64 bits are only printed: they may wrap.
    const auto scaled = [&all](std::int64_t i) {
      return static_cast<std::uint64_t>(i) * static_cast<std::uint64_t>(all.step);
    };
    const auto at = [&](std::int64_t i) {
      return static_cast<std::int64_t>(static_cast<std::uint64_t>(all.start) + scaled(i));
    };
    const Bounds bounds{at(range.start), at(range.stop), static_cast<std::int64_t>(scaled(range.step))};
    return Value(*new List(in.heap(), std::move(out), bounds));
  }
  return make_list(in.heap(), std::move(out), object.as_list().form());
}

Value dotted_item(Interpreter& in, const Value& object, const Value& path) {
  if (!path.is(Kind::string)) return item_of(in, object, path);
  Value value = object;
  std::string_view rest = path.text();
  for (bool more = true; more;) {
    const std::size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    more = dot != std::string_view::npos;
    if (more) rest.remove_prefix(dot + 1);
    const bool is_index = !part.empty() && part.find_first_not_of("0123456789") == std::string_view::npos;
    const auto index = is_index ? parse_integer(part, 10) : std::nullopt;
    value = item_of(in, value, index ? Value::integer(*index) : Value::string(in.heap(), std::string(part)));
  }
  return value;
}

}  // namespace quern::engine::chat::jinja
