#include "server/api/json_document.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>

namespace quern::server {
namespace {

using Code = boost::system::error_code;

// All objects of a document together. The largest honest request is a chat of max_messages with a few keys each; a body
// made of nothing but keys would keep a thread for most of a second.
constexpr std::size_t kMaxKeys = 100'000;

constexpr std::uint64_t kNan = 0x7FF8'0000'0000'0000;  // a quiet NaN; the bits below are free

double wide_integer(std::size_t index) noexcept {
  return std::bit_cast<double>(kNan | static_cast<std::uint64_t>(index));
}

// Builds the value like Boost.JSON's own handler, and looks at keys and numbers on the way.
class StrictHandler {
 public:
  static constexpr std::size_t max_object_size = 1u << 20;
  static constexpr std::size_t max_array_size = 1u << 24;
  static constexpr std::size_t max_key_size = 1u << 12;
  static constexpr std::size_t max_string_size = 1u << 30;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) {
    keys_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t n, Code&) {
    keys_.pop_back();
    stack_.push_object(n);
    return true;
  }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t n, Code&) {
    stack_.push_array(n);
    return true;
  }
  bool on_key_part(json::string_view s, std::size_t, Code&) {
    key_.append(s.data(), s.size());
    stack_.push_chars(s);
    return true;
  }
  bool on_key(json::string_view s, std::size_t, Code& error) {
    key_.append(s.data(), s.size());
    stack_.push_key(s);
    if (++n_keys_ > kMaxKeys) return refuse(error, "more keys than any request has");
    if (!keys_.back().insert(std::exchange(key_, {})).second) return refuse(error, "a key that comes twice");
    return true;
  }
  bool on_string_part(json::string_view s, std::size_t, Code&) {
    stack_.push_chars(s);
    return true;
  }
  bool on_string(json::string_view s, std::size_t, Code&) {
    stack_.push_string(s);
    return true;
  }
  bool on_number_part(json::string_view s, Code&) {
    number_.append(s.data(), s.size());
    return true;
  }
  bool on_int64(std::int64_t i, json::string_view, Code&) {
    number_.clear();
    stack_.push_int64(i);
    return true;
  }
  bool on_uint64(std::uint64_t u, json::string_view, Code&) {
    number_.clear();
    stack_.push_uint64(u);
    return true;
  }
  // Boost.JSON's own conversion may be off in the last digit.
  bool on_double(double, json::string_view s, Code& error) {
    number_.append(s.data(), s.size());
    const std::string text = std::exchange(number_, {});
    if (wide_ != nullptr && text.find_first_of(".eE") == std::string::npos) {
      stack_.push_double(wide_integer(wide_->size()));
      wide_->push_back(text);
      return true;
    }
    const double d = std::strtod(text.c_str(), nullptr);
    if (!std::isfinite(d) && wide_ == nullptr) return refuse(error, "a number too large for a double");
    stack_.push_double(d);
    return true;
  }
  bool on_bool(bool b, Code&) {
    stack_.push_bool(b);
    return true;
  }
  bool on_null(Code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, Code&) { return true; }
  bool on_comment(json::string_view, Code&) { return true; }

  void reset(json::storage_ptr storage, WideIntegers* wide) {
    stack_.reset(std::move(storage));
    wide_ = wide;
  }
  json::value release() { return stack_.release(); }
  const char* refusal() const noexcept { return refusal_; }

 private:
  bool refuse(Code& error, const char* why) {
    refusal_ = why;
    error = json::error::syntax;
    return false;
  }

  json::value_stack stack_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
  std::string key_, number_;
  WideIntegers* wide_ = nullptr;
  std::size_t n_keys_ = 0;
  const char* refusal_ = nullptr;
};

const char* kind_name(const json::value& value) noexcept {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

}  // namespace

std::optional<std::size_t> wide_index(double value) noexcept {
  if (!std::isnan(value)) return std::nullopt;
  return static_cast<std::size_t>(std::bit_cast<std::uint64_t>(value) & ~kNan);
}

Result<json::value> parse_json(std::string_view text, std::size_t max_depth, WideIntegers* wide) {
  json::parse_options options;
  options.max_depth = max_depth;
  json::basic_parser<StrictHandler> parser(options);
  // A document goes as a whole: in blocks of its own it leaves no holes in the heap.
  parser.handler().reset(json::make_shared_resource<json::monotonic_resource>(), wide);
  Code error;
  const std::size_t n_parsed = parser.write_some(false, text.data(), text.size(), error);
  if (const char* refusal = parser.handler().refusal()) {
    return fail(Errc::bad_input, "JSON: {} before byte {}", refusal, n_parsed);
  }
  if (!error && n_parsed < text.size()) error = json::error::extra_data;
  if (error == json::error::too_deep) {
    return fail(Errc::bad_input, "JSON: nested more than {} levels deep at byte {}", max_depth, n_parsed);
  }
  if (error) return fail(Errc::bad_input, "JSON: {} at byte {}", error.message(), n_parsed);
  return parser.handler().release();
}

Result<json::object> parse_json_object(std::string_view text, std::size_t max_depth, WideIntegers* wide) {
  QUERN_TRY(json::value value, parse_json(text, max_depth, wide));
  if (!value.is_object()) return fail(Errc::bad_input, "request body: expected an object, found {}", kind_name(value));
  return std::move(value.get_object());
}

void append_json_string(std::string& out, std::string_view text) {
  out += json::serialize(json::string_view(text.data(), text.size()));
}

}  // namespace quern::server
