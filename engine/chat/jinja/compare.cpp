// Equality and order. Source: the Python language reference, "Value comparisons".
#include "engine/chat/jinja/containers.hpp"
#include "engine/chat/jinja/integers.hpp"

#include <algorithm>
#include <cmath>

namespace quern::engine::chat::jinja {

namespace {

constexpr int kMaxNesting = 100;

void check_nesting(int depth) {
  if (depth > kMaxNesting) throw_failure(FailureKind::limit, "values are nested too deeply to be compared");
}

int compare_numbers(const Value& a, const Value& b, bool& unordered) {
  if (a.is_whole() && b.is_whole()) return compare_whole(a, b);
  unordered = (a.is(Kind::real) && std::isnan(a.as_real())) || (b.is(Kind::real) && std::isnan(b.as_real()));
  if (unordered) return 1;
  if (a.is_whole()) return -compare_mixed(b.as_real(), a);
  if (b.is_whole()) return compare_mixed(a.as_real(), b);
  return a.as_real() < b.as_real() ? -1 : a.as_real() > b.as_real() ? 1 : 0;
}

bool equal_lists(Heap& heap, const List& a, const List& b, int depth) {
  if (a.form() != b.form() || a.items().size() != b.items().size()) return &a == &b;
  if (!a.is_sequence()) return &a == &b;
  for (std::size_t i = 0; i < a.items().size(); ++i)
    if (!equal(heap, a.items()[i], b.items()[i], depth + 1)) return false;
  return true;
}

bool equal_dicts(Heap& heap, Dict& a, Dict& b, int depth) {
  if (a.size() != b.size()) return false;
  for (const Dict::Entry& entry : a.entries()) {
    const Value* const other = b.find(entry.key);
    if (other == nullptr || !equal(heap, entry.value, *other, depth + 1)) return false;
  }
  return true;
}

}  // namespace

bool equal(Heap& heap, const Value& a, const Value& b, int depth) {
  check_nesting(depth);
  heap.step();
  if (a.is_number() && b.is_number()) {
    bool unordered = false;
    return compare_numbers(a, b, unordered) == 0;
  }
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::undefined:
    case Kind::none:
      return true;
    case Kind::string:
      if (a.text().size() != b.text().size()) return false;
      heap.copy(a.text().size());
      return a.text() == b.text();
    case Kind::list:
      return equal_lists(heap, a.as_list(), b.as_list(), depth);
    case Kind::dict:
      return equal_dicts(heap, a.as_dict(), b.as_dict(), depth);
    default:
      return a.same_as(b);
  }
}

int compare(Heap& heap, const Value& a, const Value& b, std::string_view op, bool& unordered, int depth) {
  check_nesting(depth);
  heap.step();
  require_defined(a);
  require_defined(b);
  unordered = false;
  if (a.is_number() && b.is_number()) return compare_numbers(a, b, unordered);
  if (a.is(Kind::string) && b.is(Kind::string)) {  // the order of UTF-8 is that of code points
    heap.copy(std::min(a.text().size(), b.text().size()));
    return a.text().compare(b.text());
  }
  if (a.is(Kind::list) && b.is(Kind::list) && a.as_list().form() == b.as_list().form() &&
      a.as_list().form() <= ListForm::tuple) {
    const std::vector<Value>&x = a.as_list().items(), &y = b.as_list().items();
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i)
      if (!equal(heap, x[i], y[i], depth + 1)) return compare(heap, x[i], y[i], op, unordered, depth + 1);
    return x.size() < y.size() ? -1 : x.size() > y.size() ? 1 : 0;
  }
  throw_type("'{}' cannot compare {} with {}", op, described(a), described(b));
}

bool less(Heap& heap, const Value& a, const Value& b) {
  bool unordered = false;
  const int order = compare(heap, a, b, "<", unordered);
  return !unordered && order < 0;
}

}  // namespace quern::engine::chat::jinja
