// The values that templates compute with, with Python's meaning: what is true, equal, smaller, and how it prints.
// Threads: one, that of the Heap. Ownership: a Value is a number or a counted pointer into its Heap.
// Limits: integers, see integers.hpp. Source: the Python language reference, "Data model".
#pragma once

#include "engine/chat/jinja/heap.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::chat::jinja {

class Big;
class Dict;
class List;
class Object;

enum class Kind : std::uint8_t { undefined, none, boolean, integer, big, real, string, list, dict, object };

class String final : public Payload {
 public:
  String(Heap& heap, std::string text, bool safe);
  const std::string& text() const noexcept { return text_; }
  bool safe() const noexcept { return safe_; }  // marked by `safe` or `escape`: what is added to it gets escaped
  std::size_t n_chars() const;                  // code points
  bool is_ascii() const { return n_chars() == text_.size(); }

 private:
  const std::string text_;
  mutable std::size_t n_chars_;  // counted when first asked for
  const bool safe_;
};

class Value {
 public:
  Value() noexcept = default;  // undefined
  static Value none() noexcept { return Value(Kind::none, 0); }
  static Value boolean(bool b) noexcept { return Value(Kind::boolean, b ? 1 : 0); }
  static Value integer(std::int64_t i) noexcept { return Value(Kind::integer, i); }
  static Value real(double d) noexcept;
  static Value string(Heap& heap, std::string text, bool safe = false);
  static Value undefined(Heap& heap, std::string what);  // what: the message of using it
  explicit Value(Big& big) noexcept;                     // a whole number outside of int64: integers.hpp
  explicit Value(List& list) noexcept;
  explicit Value(Dict& dict) noexcept;
  explicit Value(Object& object) noexcept;

  Value(const Value& other) noexcept : kind_(other.kind_), counted_(other.counted_), data_(other.data_) {
    if (counted_) data_.payload->retain();
  }
  Value(Value&& other) noexcept : Value() { swap(other); }
  Value& operator=(Value other) noexcept {
    swap(other);
    return *this;
  }
  ~Value() {
    if (counted_) data_.payload->release();
  }
  void swap(Value& other) noexcept {
    std::swap(kind_, other.kind_);
    std::swap(counted_, other.counted_);
    std::swap(data_, other.data_);
  }

  Kind kind() const noexcept { return kind_; }
  bool is(Kind kind) const noexcept { return kind_ == kind; }
  bool is_number() const noexcept { return is_whole() || is(Kind::real); }
  bool is_whole() const noexcept { return is_int() || is(Kind::big); }
  bool is_int() const noexcept { return is(Kind::integer) || is(Kind::boolean); }  // of 64 bits; bool is an int

  // The following need the right kind.
  bool as_bool() const noexcept { return data_.integer != 0; }
  std::int64_t as_int() const noexcept { return data_.integer; }
  double as_real() const {  // of any number; errors: type (an integer too large for a float)
    if (is(Kind::big)) return wide_real();
    return is(Kind::real) ? data_.real : static_cast<double>(data_.integer);
  }
  const String& as_string() const noexcept { return static_cast<const String&>(*data_.payload); }
  const std::string& text() const noexcept { return as_string().text(); }
  List& as_list() const noexcept;
  Dict& as_dict() const noexcept;
  Object& as_object() const noexcept;
  const Payload& payload() const noexcept { return *data_.payload; }

  const std::string& why_undefined() const noexcept;  // of an undefined value: the message of using it
  bool same_as(const Value& other) const noexcept;    // Python's `is`

 private:
  double wide_real() const;
  bool same_wide(const Value& other) const noexcept;
  union Data {
    std::int64_t integer;
    double real;
    Payload* payload;
  };
  Value(Kind kind, std::int64_t i) noexcept : kind_(kind) { data_.integer = i; }
  Value(Kind kind, Payload& payload) noexcept : kind_(kind), counted_(true) {
    data_.payload = &payload;
    payload.retain();
  }

  Kind kind_ = Kind::undefined;
  bool counted_ = false;
  Data data_{.integer = 0};
};

// "a string", "an integer", "a mapping", ...: what messages call the value.
std::string_view described(const Value& value) noexcept;
bool truthy(const Value& value) noexcept;

// Errors: limit (deep nesting, work).
bool equal(Heap& heap, const Value& a, const Value& b, int depth = 0);
// Negative, 0 or positive; NaN compares false with everything, which `unordered` says. Errors: type.
int compare(Heap& heap, const Value& a, const Value& b, std::string_view op, bool& unordered, int depth = 0);
bool less(Heap& heap, const Value& a, const Value& b);

// str() and repr(). Errors: limit.
std::string to_text(Heap& heap, const Value& value);
void append_text(Heap& heap, const Value& value, std::string& out);
std::string repr(Heap& heap, const Value& value);
std::string repr_real(double value);

// Throws the failure of using an undefined value.
[[noreturn]] void throw_undefined(const Value& value);
inline void require_defined(const Value& value) {
  if (value.is(Kind::undefined)) throw_undefined(value);
}

}  // namespace quern::engine::chat::jinja
