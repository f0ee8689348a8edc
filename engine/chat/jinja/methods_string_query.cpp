#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/methods.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

namespace {

// The part of a string between the optional start and end, in characters.
struct Window {
  std::string_view text;
  std::int64_t first = 0;  // the character that it begins with
  bool exists = true;      // the start lies inside of the string
};

Window window_of(Interpreter& in, const Value& self, const Bound& bound) {
  const std::int64_t n = length_of(self);
  const auto limit = [&](std::size_t index, std::int64_t absent) {
    if (!bound.has(index) || bound[index].is(Kind::none)) return absent;
    const std::int64_t i = bound.place(index, absent);
    return i < 0 ? std::max<std::int64_t>(i + n, 0) : i;
  };
  const std::int64_t first = limit(1, 0), last = std::min(limit(2, n), n);
  if (first > last) return {{}, first, false};
  in.heap().work(self.text().size());
  std::string_view text = self.text();
  text.remove_prefix(offset_of(text, static_cast<std::size_t>(first)));
  return {text.substr(0, offset_of(text, static_cast<std::size_t>(last - first))), first, true};
}

template <bool at_end>
Value has_side(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound(at_end ? "endswith" : "startswith", arguments, {"prefix", "start", "end"}, 1);
  const Window window = window_of(in, self, bound);
  const auto matches = [&](const Value& part) {
    if (!part.is(Kind::string))
      throw_type("{}(): expected a string or a tuple of strings, found {}", at_end ? "endswith" : "startswith",
                 described(part));
    return window.exists && (at_end ? window.text.ends_with(part.text()) : window.text.starts_with(part.text()));
  };
  const bool is_tuple = bound[0].is(Kind::list) && bound[0].as_list().form() == ListForm::tuple;
  if (!is_tuple) return Value::boolean(matches(bound[0]));
  const std::vector<Value>& parts = bound[0].as_list().items();
  return Value::boolean(std::any_of(parts.begin(), parts.end(), matches));
}

template <bool last, bool must_exist>
Value find(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("find", arguments, {"sub", "start", "end"}, 1);
  const std::string_view part = bound.string(0).value_or("");
  const Window window = window_of(in, self, bound);
  std::size_t at = std::string_view::npos;
  if (window.exists && last) {
    in.heap().step(window.text.size() / 32 * (1 + part.size() / 8));  // std::string_view::rfind is quadratic
    at = window.text.rfind(part);
  } else if (window.exists) {
    at = find_text(window.text, part);
  }
  if (at != std::string_view::npos)
    return Value::integer(window.first + static_cast<std::int64_t>(count_chars(window.text.substr(0, at))));
  if (must_exist) throw_type("the string does not contain '{}'", part);
  return Value::integer(-1);
}

Value count(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("count", arguments, {"sub", "start", "end"}, 1);
  const std::string_view part = bound.string(0).value_or("");
  const Window window = window_of(in, self, bound);
  if (part.empty()) return Value::integer(window.exists ? static_cast<std::int64_t>(count_chars(window.text)) + 1 : 0);
  std::int64_t n = 0;
  for (std::size_t at = find_text(window.text, part); at != std::string_view::npos;
       at = find_text(window.text, part, at + part.size()))
    ++n;
  return Value::integer(n);
}

// All characters are of that kind, and there is one.
template <bool (*wanted)(char32_t), bool of_nothing = false>
Value all_are(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("method", arguments, {}, 0);
  in.heap().work(self.text().size());
  const std::string& text = self.text();
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    if (!wanted(c.code)) return Value::boolean(false);
    at += c.size;
  }
  return Value::boolean(!text.empty() || of_nothing);
}

bool is_no_upper(char32_t c) noexcept {
  return is_lower(c) || is_title(c);
}
bool is_no_lower(char32_t c) noexcept {
  return is_upper(c) || is_title(c);
}

template <bool (*wanted)(char32_t), bool (*other)(char32_t)>
Value has_case(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("method", arguments, {}, 0);
  in.heap().work(self.text().size());
  const std::string& text = self.text();
  bool found = false;
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    if (other(c.code)) return Value::boolean(false);
    found = found || wanted(c.code);
    at += c.size;
  }
  return Value::boolean(found);
}

Value is_ascii(Interpreter&, const Value& self, Arguments& arguments) {
  const Bound bound("isascii", arguments, {}, 0);
  return Value::boolean(self.as_string().is_ascii());
}

// Capitals begin words, small letters go on with them.
Value has_title_case(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("istitle", arguments, {}, 0);
  in.heap().work(self.text().size());
  bool inside = false, found = false;
  for (std::size_t at = 0; at < self.text().size();) {
    const Char c = char_at(self.text(), at);
    const bool begins = is_upper(c.code) || is_title(c.code), goes_on = is_lower(c.code);
    if ((begins && inside) || (goes_on && !inside)) return Value::boolean(false);
    inside = begins || goes_on;
    found = found || inside;
    at += c.size;
  }
  return Value::boolean(found);
}

Value is_name(Interpreter&, const Value& self, Arguments& arguments) {
  const Bound bound("isidentifier", arguments, {}, 0);
  return Value::boolean(is_identifier(self.text()));
}

constexpr Named<MethodFunction> kMethods[] = {
    {"startswith", &has_side<false>},
    {"endswith", &has_side<true>},
    {"find", &find<false, false>},
    {"rfind", &find<true, false>},
    {"index", &find<false, true>},
    {"rindex", &find<true, true>},
    {"count", &count},
    {"isalpha", &all_are<&is_alpha>},
    {"isalnum", &all_are<&is_alnum>},
    {"isdigit", &all_are<&is_digit>},
    {"isdecimal", &all_are<&is_decimal>},
    {"isnumeric", &all_are<&is_numeric>},
    {"isspace", &all_are<&is_space>},
    {"isupper", &has_case<&is_upper, &is_no_upper>},
    {"islower", &has_case<&is_lower, &is_no_lower>},
    {"isascii", &is_ascii},
    {"isprintable", &all_are<&is_printable, true>},
    {"istitle", &has_title_case},
    {"isidentifier", &is_name},
};

}  // namespace

std::span<const Named<MethodFunction>> string_query_methods() noexcept {
  return kMethods;
}

const Named<MethodFunction>* find_string_method(std::string_view name) noexcept {
  for (const auto table :
       {string_edit_methods(), string_split_methods(), string_query_methods(), string_table_methods()})
    for (const Named<MethodFunction>& row : table)
      if (row.name == name) return &row;
  return nullptr;
}

}  // namespace quern::engine::chat::jinja
