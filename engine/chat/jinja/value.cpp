#include "engine/chat/jinja/value.hpp"

#include "engine/chat/jinja/containers.hpp"
#include "engine/chat/jinja/object.hpp"
#include "engine/chat/jinja/text.hpp"

namespace quern::engine::chat::jinja {

namespace {

constexpr std::size_t kUncounted = static_cast<std::size_t>(-1);

// The message of using an undefined value.
class Undefined final : public Payload {
 public:
  Undefined(Heap& heap, std::string message)
      : Payload(heap, sizeof(*this) + message.size()), what(std::move(message)) {}
  const std::string what;
};

const std::string kPlainUndefined = "value is undefined";

}  // namespace

String::String(Heap& heap, std::string text, bool safe)
    : Payload(heap, sizeof(*this) + text.size()), text_(std::move(text)), n_chars_(kUncounted), safe_(safe) {
  heap.copy(text_.size());
}

std::size_t String::n_chars() const {
  if (n_chars_ == kUncounted) {
    heap().work(text_.size());
    n_chars_ = count_chars(text_);
  }
  return n_chars_;
}

Value Value::real(double d) noexcept {
  Value value(Kind::real, 0);
  value.data_.real = d;
  return value;
}

Value Value::string(Heap& heap, std::string text, bool safe) {
  return Value(Kind::string, *new String(heap, std::move(text), safe));
}

Value Value::undefined(Heap& heap, std::string what) {
  return Value(Kind::undefined, *new Undefined(heap, std::move(what)));
}

Value::Value(List& list) noexcept : Value(Kind::list, list) {}
Value::Value(Dict& dict) noexcept : Value(Kind::dict, dict) {}
Value::Value(Object& object) noexcept : Value(Kind::object, object) {}

List& Value::as_list() const noexcept {
  return static_cast<List&>(*data_.payload);
}
Dict& Value::as_dict() const noexcept {
  return static_cast<Dict&>(*data_.payload);
}
Object& Value::as_object() const noexcept {
  return static_cast<Object&>(*data_.payload);
}

const std::string& Value::why_undefined() const noexcept {
  return counted_ ? static_cast<const Undefined&>(*data_.payload).what : kPlainUndefined;
}

bool Value::same_as(const Value& other) const noexcept {
  if (kind_ != other.kind_ || counted_ != other.counted_) return false;
  if (!counted_) return data_.integer == other.data_.integer;
  if (kind_ == Kind::big) return same_wide(other);
  if (kind_ == Kind::string) return text() == other.text();  // Python shares equal short strings; be as generous
  return data_.payload == other.data_.payload;
}

std::string_view described(const Value& value) noexcept {
  switch (value.kind()) {
    case Kind::undefined:
      return "an undefined value";
    case Kind::none:
      return "none";
    case Kind::boolean:
      return "a boolean";
    case Kind::integer:
    case Kind::big:
      return "an integer";
    case Kind::real:
      return "a float";
    case Kind::string:
      return "a string";
    case Kind::list:
      switch (value.as_list().form()) {
        case ListForm::list:
          return "a list";
        case ListForm::tuple:
          return "a tuple";
        case ListForm::range:
          return "a range";
        case ListForm::bytes:
          return "bytes";
        case ListForm::keys:
        case ListForm::values:
        case ListForm::items:
          return "a view of a mapping";
        case ListForm::generator:
          return "a sequence that can be read once";
      }
      return "a list";
    case Kind::dict:
      return "a mapping";
    case Kind::object:
      return value.as_object().type();
  }
  return "an object";
}

bool truthy(const Value& value) noexcept {
  switch (value.kind()) {
    case Kind::undefined:
    case Kind::none:
      return false;
    case Kind::boolean:
    case Kind::integer:
      return value.as_int() != 0;
    case Kind::real:
      return value.as_real() != 0.0;
    case Kind::string:
      return !value.text().empty();
    case Kind::list:
      return value.as_list().form() == ListForm::generator || !value.as_list().items().empty();
    case Kind::dict:
      return value.as_dict().size() != 0;
    case Kind::big:
    case Kind::object:
      return true;
  }
  return true;
}

void throw_undefined(const Value& value) {
  throw FailureException(FailureKind::undefined, value.why_undefined());
}

}  // namespace quern::engine::chat::jinja
