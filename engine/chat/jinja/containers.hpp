// Lists (also tuples, ranges, dict views and what lazy filters give) and dicts, with Python's order and equality.
// Threads, ownership: as value.hpp.
#pragma once

#include "engine/chat/jinja/value.hpp"

#include <map>
#include <span>
#include <string_view>
#include <vector>

namespace quern::engine::chat::jinja {

enum class ListForm : std::uint8_t {
  list,
  tuple,
  range,
  bytes,  // what encode() gives: integers from 0 to 255
  keys,   // views of a dict: a length, but no index
  values,
  items,
  generator,  // of map, select, ...: always true, no length, empty once it was read
};

struct Bounds {
  std::int64_t start = 0, stop = 0, step = 1;
};

class List final : public Payload {
 public:
  List(Heap& heap, std::vector<Value> items, ListForm form);
  // A tuple whose items have names too. REQUIRES: the names outlive the heap.
  List(Heap& heap, std::vector<Value> items, std::span<const std::string_view> names);
  // A range with its items.
  List(Heap& heap, std::vector<Value> items, const Bounds& bounds);
  const std::vector<Value>& items() const noexcept { return items_; }
  ListForm form() const noexcept { return form_; }
  bool is_sequence() const noexcept { return form_ <= ListForm::bytes; }
  std::span<const std::string_view> names() const noexcept { return names_; }
  const Bounds& bounds() const noexcept { return bounds_; }  // of a range
  // Errors: limit.
  void append(Value value);
  void insert(std::size_t index, Value value);
  Value remove(std::size_t index);
  void assign(std::vector<Value> items);
  std::vector<Value> take() { return std::exchange(items_, {}); }

 private:
  void drop_references() noexcept override { items_.clear(); }
  void grown() { recharge(cost(items_.capacity())); }
  static std::size_t cost(std::size_t n) noexcept { return sizeof(List) + n * sizeof(Value); }

  std::vector<Value> items_;
  const ListForm form_;
  const Bounds bounds_;
  const std::span<const std::string_view> names_;
};

class Dict final : public Payload {
 public:
  struct Entry {
    Value key, value;
  };
  explicit Dict(Heap& heap);
  const std::vector<Entry>& entries() const noexcept { return entries_; }  // in the order of insertion
  std::size_t size() const noexcept { return entries_.size(); }
  Value* find(std::string_view key);
  Value* find(const Value& key);  // errors: type for a key that cannot be hashed
  void set(Value key, Value value);
  void set(std::string_view key, Value value);
  void erase(const Value* found);  // what find() returned
  void clear() noexcept;

 private:
  static constexpr std::size_t kLinear = 8;  // below it, looking at all is quicker than a tree
  void drop_references() noexcept override { clear(); }

  std::vector<Entry> entries_;
  std::map<std::string_view, std::size_t> index_;  // of string keys; a tree: no input makes it slow
  std::size_t n_indexed_ = 0;                      // entries that index_ covers
};

Value make_list(Heap& heap, std::vector<Value> items, ListForm form = ListForm::list);
Dict& make_dict(Heap& heap);  // keep it in a Value

// The items that a loop over the value sees: of a dict its keys, of a string its characters; an undefined value has
// none. A generator is empty afterwards. Errors: type.
std::vector<Value> iterate(Heap& heap, const Value& value);
// len(). Errors: type.
std::int64_t length_of(const Value& value);
// `item in container`. Errors: type.
bool contains(Heap& heap, const Value& container, const Value& item);

}  // namespace quern::engine::chat::jinja
