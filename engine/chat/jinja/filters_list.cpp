#include "engine/chat/jinja/filters.hpp"
#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/operators.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

namespace {

Value length(Interpreter&, const Value& value, Arguments& arguments) {
  const Bound bound("length", arguments, {}, 0);
  return Value::integer(length_of(value));
}

Value list(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("list", arguments, {}, 0);
  return make_list(in.heap(), iterate(in.heap(), value));
}

Value first(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("first", arguments, {}, 0);
  std::vector<Value> items = iterate(in.heap(), value);
  return items.empty() ? Value::undefined(in.heap(), "there is no first item, the sequence is empty") : items.front();
}

Value last(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("last", arguments, {}, 0);
  std::vector<Value> items = iterate(in.heap(), value);
  return items.empty() ? Value::undefined(in.heap(), "there is no last item, the sequence is empty") : items.back();
}

Value join(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("join", arguments, {"d", "attribute"}, 0);
  const std::string separator = bound.has(0) ? to_text(in.heap(), bound[0]) : std::string();
  std::string out;
  bool is_first = true;
  for (const Value& item : iterate(in.heap(), value)) {
    if (!std::exchange(is_first, false)) out += separator;
    append_text(in.heap(), bound.has(1) ? dotted_item(in, item, bound[1]) : item, out);
    if (out.size() > in.heap().limits().max_bytes) throw_failure(FailureKind::limit, "the joined text is too long");
  }
  return Value::string(in.heap(), std::move(out));
}

Value reverse(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("reverse", arguments, {}, 0);
  std::vector<Value> items = iterate(in.heap(), value);
  std::reverse(items.begin(), items.end());
  if (!value.is(Kind::string)) return make_list(in.heap(), std::move(items), ListForm::generator);
  std::string out;
  for (const Value& item : items) out += item.text();
  return Value::string(in.heap(), std::move(out), value.as_string().safe());
}

// What items are compared by: an attribute of theirs, letters without their case.
Value sort_key(Interpreter& in, const Value& item, const Value* attribute, bool case_sensitive) {
  Value key = attribute == nullptr ? item : dotted_item(in, item, *attribute);
  if (!case_sensitive && key.is(Kind::string)) return Value::string(in.heap(), to_lower(key.text()));
  return key;
}

struct Keyed {
  std::vector<Value> keys;
  Value item;
};

bool before(Interpreter& in, const Keyed& a, const Keyed& b) {
  for (std::size_t i = 0; i < a.keys.size(); ++i) {
    if (!equal(in.heap(), a.keys[i], b.keys[i])) return less(in.heap(), a.keys[i], b.keys[i]);
  }
  return false;
}

std::vector<Value> sorted(Interpreter& in, std::vector<Keyed> items, bool reverse) {
  std::stable_sort(items.begin(), items.end(),
                   [&](const Keyed& a, const Keyed& b) { return reverse ? before(in, b, a) : before(in, a, b); });
  std::vector<Value> out;
  for (Keyed& item : items) out.push_back(std::move(item.item));
  return out;
}

// "a,b": first by a, then by b.
std::vector<Value> attributes_of(Interpreter& in, const Value& attribute) {
  if (!attribute.is(Kind::string)) return {attribute};
  std::vector<Value> out;
  std::string_view rest = attribute.text();
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    out.push_back(Value::string(in.heap(), std::string(rest.substr(0, comma))));
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  return out;
}

Value sort(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("sort", arguments, {"reverse", "case_sensitive", "attribute"}, 0);
  const bool case_sensitive = bound.boolean(1, false);
  std::vector<Value> attributes;
  if (bound.has(2) && !bound[2].is(Kind::none)) attributes = attributes_of(in, bound[2]);
  std::vector<Keyed> items;
  for (const Value& item : iterate(in.heap(), value)) {
    Keyed keyed{{}, item};
    for (const Value& attribute : attributes) keyed.keys.push_back(sort_key(in, item, &attribute, case_sensitive));
    if (attributes.empty()) keyed.keys.push_back(sort_key(in, item, nullptr, case_sensitive));
    items.push_back(std::move(keyed));
  }
  return make_list(in.heap(), sorted(in, std::move(items), bound.boolean(0, false)));
}

Value dictsort(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("dictsort", arguments, {"case_sensitive", "by", "reverse"}, 0);
  require_defined(value);
  if (!value.is(Kind::dict)) throw_type("dictsort() needs a mapping, found {}", described(value));
  const std::string_view by = bound.string(1).value_or("key");
  if (by != "key" && by != "value") throw_type("dictsort(): found by='{}', expected 'key' or 'value'", by);
  std::vector<Keyed> items;
  for (const Dict::Entry& entry : value.as_dict().entries())
    items.push_back({{sort_key(in, by == "key" ? entry.key : entry.value, nullptr, bound.boolean(0, false))},
                     make_list(in.heap(), {entry.key, entry.value}, ListForm::tuple)});
  return make_list(in.heap(), sorted(in, std::move(items), bound.boolean(2, false)));
}

Value unique(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("unique", arguments, {"case_sensitive", "attribute"}, 0);
  const Value* const attribute = bound.has(1) && !bound[1].is(Kind::none) ? &bound[1] : nullptr;
  Value seen(make_dict(in.heap()));
  std::vector<Value> out;
  for (const Value& item : iterate(in.heap(), value)) {
    Value key = sort_key(in, item, attribute, bound.boolean(0, false));
    if (seen.as_dict().find(key) != nullptr) continue;
    seen.as_dict().set(std::move(key), Value::none());
    out.push_back(item);
  }
  return make_list(in.heap(), std::move(out), ListForm::generator);
}

template <bool wants_less>
Value extreme(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound(wants_less ? "min" : "max", arguments, {"case_sensitive", "attribute"}, 0);
  const Value* const attribute = bound.has(1) && !bound[1].is(Kind::none) ? &bound[1] : nullptr;
  Value best = Value::undefined(in.heap(), "there is no such item, the sequence is empty"), best_key;
  bool found = false;
  for (const Value& item : iterate(in.heap(), value)) {
    Value key = sort_key(in, item, attribute, bound.boolean(0, false));
    if (found && !(wants_less ? less(in.heap(), key, best_key) : less(in.heap(), best_key, key))) continue;
    found = true;
    best = item;
    best_key = std::move(key);
  }
  return best;
}

Value sum(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("sum", arguments, {"attribute", "start"}, 0);
  Value total = bound.has(1) ? bound[1] : Value::integer(0);
  const bool by_attribute = bound.has(0) && !bound[0].is(Kind::none);
  for (const Value& item : iterate(in.heap(), value))
    total = binary(in, BinaryOp::add, total, by_attribute ? dotted_item(in, item, bound[0]) : item);
  return total;
}

Value batch(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("batch", arguments, {"linecount", "fill_with"}, 1);
  const std::int64_t wanted = bound.integer(0, 1);
  if (wanted < 1 || wanted > 1 << 20) throw_type("batch(): found {}, expected 1 to {} items", wanted, 1 << 20);
  const auto n = static_cast<std::size_t>(wanted);
  std::vector<Value> out, row;
  for (Value& item : iterate(in.heap(), value)) {
    row.push_back(std::move(item));
    if (row.size() == n) out.push_back(make_list(in.heap(), std::exchange(row, {})));
  }
  if (!row.empty()) {
    if (bound.has(1) && !bound[1].is(Kind::none)) row.resize(n, bound[1]);
    out.push_back(make_list(in.heap(), std::move(row)));
  }
  return make_list(in.heap(), std::move(out), ListForm::generator);
}

Value slice(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("slice", arguments, {"slices", "fill_with"}, 1);
  const std::int64_t wanted = bound.integer(0, 1);
  if (wanted < 1 || wanted > 1 << 20) throw_type("slice(): found {}, expected 1 to {} slices", wanted, 1 << 20);
  const std::vector<Value> items = iterate(in.heap(), value);
  const auto n = static_cast<std::size_t>(wanted);
  const std::size_t each = items.size() / n, n_longer = items.size() % n;
  std::vector<Value> out;
  for (std::size_t i = 0, begin = 0; i < n; ++i) {
    const std::size_t size = each + (i < n_longer ? 1 : 0);
    std::vector<Value> part(items.begin() + static_cast<std::ptrdiff_t>(begin),
                            items.begin() + static_cast<std::ptrdiff_t>(begin + size));
    if (bound.has(1) && !bound[1].is(Kind::none) && i >= n_longer) part.push_back(bound[1]);
    out.push_back(make_list(in.heap(), std::move(part)));
    begin += size;
  }
  return make_list(in.heap(), std::move(out), ListForm::generator);
}

constexpr std::string_view kGroupNames[] = {"grouper", "list"};

// Pairs of what the items have in common and the items, sorted by it. Where case is ignored, the first item of a group
// says how it is written.
Value groupby(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
  const bool case_sensitive = bound.boolean(2, false);
  const auto label_of = [&](const Value& item) {
    Value label = dotted_item(in, item, bound[0]);
    return label.is(Kind::undefined) && bound.has(1) ? bound[1] : label;
  };
  std::vector<Keyed> items;
  for (const Value& item : iterate(in.heap(), value)) {
    Value key = label_of(item);
    if (!case_sensitive && key.is(Kind::string)) key = Value::string(in.heap(), to_lower(key.text()));
    items.push_back({{key}, make_list(in.heap(), {key, item}, ListForm::tuple)});
  }
  std::vector<Value> out;
  Value last_key;
  std::vector<Value> group;
  const auto finish = [&] {
    if (group.empty()) return;
    Value label = case_sensitive ? last_key : label_of(group[0]);
    Value members = make_list(in.heap(), std::exchange(group, {}));
    out.emplace_back(*new List(in.heap(), {std::move(label), std::move(members)}, kGroupNames));
  };
  for (const Value& pair : sorted(in, std::move(items), false)) {
    const std::vector<Value>& parts = pair.as_list().items();
    if (!group.empty() && !equal(in.heap(), last_key, parts[0])) finish();
    last_key = parts[0];
    group.push_back(parts[1]);
  }
  finish();
  return make_list(in.heap(), std::move(out));
}

// Any item. The same request must give the same prompt, so the choice depends on nothing but the work done so far.
Value random_item(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("random", arguments, {}, 0);
  if (value.is(Kind::dict) || value.is(Kind::none) || value.is_number())
    throw_type("random(): found {}, expected a sequence", described(value));
  const std::vector<Value> items = iterate(in.heap(), value);
  if (items.empty()) return Value::undefined(in.heap(), "No random item, sequence was empty.");
  const std::uint64_t mixed = (in.heap().steps() + 1) * 0x9E3779B97F4A7C15u;  // 2^64 / golden ratio
  return items[static_cast<std::size_t>((mixed >> 32) % items.size())];
}

constexpr Named<FilterFunction> kFilters[] = {
    {"length", &length},     {"count", &length},       {"list", &list}, {"first", &first},   {"last", &last},
    {"join", &join},         {"reverse", &reverse},    {"sort", &sort}, {"unique", &unique}, {"dictsort", &dictsort},
    {"min", &extreme<true>}, {"max", &extreme<false>}, {"sum", &sum},   {"batch", &batch},   {"slice", &slice},
    {"groupby", &groupby},   {"random", &random_item},
};

}  // namespace

std::span<const Named<FilterFunction>> list_filters() noexcept {
  return kFilters;
}

}  // namespace quern::engine::chat::jinja
