#include "engine/chat/jinja/containers.hpp"

#include "engine/chat/jinja/text.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

namespace {

// Dict keys may not change while they are keys.
void require_hashable(const Value& key) {
  const bool mutable_list = key.is(Kind::list) && key.as_list().form() == ListForm::list;
  if (key.is(Kind::dict) || mutable_list) throw_type("{} cannot be the key of a mapping", described(key));
  if (key.is(Kind::list))
    for (const Value& item : key.as_list().items()) require_hashable(item);  // tuples cannot form a cycle
}

}  // namespace

List::List(Heap& heap, std::vector<Value> items, ListForm form)
    : Payload(heap, cost(items.capacity())), items_(std::move(items)), form_(form) {
  heap.step(items_.size());
}

List::List(Heap& heap, std::vector<Value> items, std::span<const std::string_view> names)
    : Payload(heap, cost(items.capacity())), items_(std::move(items)), form_(ListForm::tuple), names_(names) {}

List::List(Heap& heap, std::vector<Value> items, const Bounds& bounds)
    : Payload(heap, cost(items.capacity())), items_(std::move(items)), form_(ListForm::range), bounds_(bounds) {
  heap.step(items_.size());
}

void List::append(Value value) {
  heap().step();
  items_.push_back(std::move(value));
  grown();
}

void List::insert(std::size_t index, Value value) {
  heap().step(1 + items_.size() / 8);
  items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(std::min(index, items_.size())), std::move(value));
  grown();
}

Value List::remove(std::size_t index) {
  heap().step(1 + items_.size() / 8);
  Value removed = std::move(items_[index]);
  items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(index));
  return removed;
}

void List::assign(std::vector<Value> items) {
  heap().step(items.size());
  items_ = std::move(items);
  grown();
}

Dict::Dict(Heap& heap) : Payload(heap, sizeof(*this)) {}

Value* Dict::find(std::string_view key) {
  if (entries_.size() <= kLinear) {
    for (Entry& entry : entries_)
      if (entry.key.is(Kind::string) && entry.key.text() == key) return &entry.value;
    return nullptr;
  }
  for (; n_indexed_ < entries_.size(); ++n_indexed_) {
    heap().step();
    if (entries_[n_indexed_].key.is(Kind::string)) index_.emplace(entries_[n_indexed_].key.text(), n_indexed_);
  }
  heap().work(key.size());
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &entries_[found->second].value;
}

Value* Dict::find(const Value& key) {
  if (key.is(Kind::string)) return find(key.text());
  require_hashable(key);
  for (Entry& entry : entries_)
    if (equal(heap(), entry.key, key)) return &entry.value;
  return nullptr;
}

void Dict::set(Value key, Value value) {
  if (Value* const found = find(key); found != nullptr) {
    *found = std::move(value);
    return;
  }
  entries_.push_back({std::move(key), std::move(value)});
  // With its place in the tree.
  recharge(sizeof(*this) + entries_.capacity() * (sizeof(Entry) + 64));
}

void Dict::set(std::string_view key, Value value) {
  if (Value* const found = find(key); found != nullptr) {
    *found = std::move(value);
    return;
  }
  set(Value::string(heap(), std::string(key)), std::move(value));
}

void Dict::erase(const Value* found) {
  heap().step(1 + entries_.size());
  const auto entry =
      std::find_if(entries_.begin(), entries_.end(), [found](const Entry& e) { return &e.value == found; });
  index_.clear();
  n_indexed_ = 0;
  const Entry keep = std::move(*entry);  // its end may end others: not in the middle of the vector's work
  entries_.erase(entry);
}

void Dict::clear() noexcept {
  index_.clear();
  n_indexed_ = 0;
  const std::vector<Entry> old = std::exchange(entries_, {});
}

Value make_list(Heap& heap, std::vector<Value> items, ListForm form) {
  return Value(*new List(heap, std::move(items), form));
}

Dict& make_dict(Heap& heap) {
  return *new Dict(heap);
}

std::vector<Value> iterate(Heap& heap, const Value& value) {
  std::vector<Value> out;
  switch (value.kind()) {
    case Kind::undefined:
      return out;
    case Kind::list:
      heap.step(value.as_list().items().size());
      if (value.as_list().form() == ListForm::generator) return value.as_list().take();
      return value.as_list().items();
    case Kind::dict:
      heap.step(value.as_dict().size());
      for (const Dict::Entry& entry : value.as_dict().entries()) out.push_back(entry.key);
      return out;
    case Kind::string: {
      const std::string& text = value.text();
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = char_at(text, at).size;
        out.push_back(Value::string(heap, text.substr(at, size)));
        at += size;
      }
      return out;
    }
    default:
      throw_type("{} has no items to go through", described(value));
  }
}

std::int64_t length_of(const Value& value) {
  switch (value.kind()) {
    case Kind::undefined:
      return 0;
    case Kind::string:
      return static_cast<std::int64_t>(value.as_string().n_chars());
    case Kind::dict:
      return static_cast<std::int64_t>(value.as_dict().size());
    case Kind::list:
      if (value.as_list().form() != ListForm::generator)
        return static_cast<std::int64_t>(value.as_list().items().size());
      break;
    default:
      break;
  }
  throw_type("{} has no length", described(value));
}

bool contains(Heap& heap, const Value& container, const Value& item) {
  switch (container.kind()) {
    case Kind::undefined:
      return false;
    case Kind::string:
      if (!item.is(Kind::string)) throw_type("'in' looks for a string in a string, found {}", described(item));
      heap.copy(container.text().size() + item.text().size());
      return find_text(container.text(), item.text()) != std::string_view::npos;
    case Kind::list:
      for (const Value& element : container.as_list().items())
        if (equal(heap, element, item)) return true;
      return false;
    case Kind::dict:
      return container.as_dict().find(item) != nullptr;
    default:
      throw_type("'in' cannot look into {}", described(container));
  }
}

}  // namespace quern::engine::chat::jinja
