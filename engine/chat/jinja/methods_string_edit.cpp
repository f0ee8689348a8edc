#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/methods.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

namespace {

constexpr std::int64_t kMaxWidth = 1 << 20;

Value like(Interpreter& in, const Value& self, std::string text) {
  return Value::string(in.heap(), std::move(text), self.as_string().safe());
}

// What goes into a safe string is escaped, unless it is safe itself.
std::string part_of(const Value& self, const Value& part) {
  const bool escapes = self.as_string().safe() && !part.as_string().safe();
  return escapes ? escape_html(part.text()) : part.text();
}

const Value& string_argument(const Bound& bound, std::size_t index) {
  (void)bound.string(index);
  if (!bound[index].is(Kind::string)) throw_type("expected a string, found {}", described(bound[index]));
  return bound[index];
}

template <bool left, bool right>
Value strip_sides(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("strip", arguments, {"chars"}, 0);
  const auto chars = bound.string(0);
  in.heap().work(self.text().size());
  return like(in, self, std::string(strip(self.text(), chars ? &*chars : nullptr, left, right)));
}

template <std::string (*change)(std::string_view)>
Value cased(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("method", arguments, {}, 0);
  return like(in, self, change(self.text()));
}

Value replace(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"}, 2);
  const std::string from = part_of(self, string_argument(bound, 0)), to = part_of(self, string_argument(bound, 1));
  return like(in, self, replace_text(self.text(), from, to, bound.place(2, -1), in.heap().limits().max_bytes));
}

Value join(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("join", arguments, {"iterable"}, 1);
  std::string out;
  std::size_t index = 0;
  require_defined(bound[0]);
  for (const Value& item : iterate(in.heap(), bound[0])) {
    if (!item.is(Kind::string)) throw_type("join(): item {} is {}, expected a string", index, described(item));
    if (index++ > 0) out += self.text();
    out += part_of(self, item);
    if (out.size() > in.heap().limits().max_bytes) throw_failure(FailureKind::limit, "the joined text is too long");
  }
  return like(in, self, std::move(out));
}

Value format(Interpreter& in, const Value& self, Arguments& arguments) {
  return like(in, self, brace_format(in, self.text(), arguments, self.as_string().safe()));
}

Value format_map(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("format_map", arguments, {"mapping"}, 1);
  if (!bound[0].is(Kind::dict)) throw_type("format_map() needs a mapping, found {}", described(bound[0]));
  Arguments named;
  for (const Dict::Entry& entry : bound[0].as_dict().entries())
    if (entry.key.is(Kind::string)) named.keyword.emplace_back(entry.key.text(), entry.value);
  return like(in, self, brace_format(in, self.text(), named, self.as_string().safe()));
}

// Blanks up to the next multiple of the size in its line.
Value expand_tabs(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("expandtabs", arguments, {"tabsize"}, 0);
  const std::int64_t size = std::min(bound.place(0, 8), kMaxWidth);
  const std::string& text = self.text();
  std::string out;
  std::int64_t column = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t n = char_at(text, at).size;
    if (text[at] == '\t') {
      const std::int64_t blanks = size > 0 ? size - column % size : 0;
      out.append(static_cast<std::size_t>(blanks), ' ');
      column += blanks;
      in.heap().copy(static_cast<std::size_t>(blanks));
      if (out.size() > in.heap().limits().max_bytes) throw_failure(FailureKind::limit, "the expanded text is too long");
    } else {
      out.append(text, at, n);
      column = text[at] == '\n' || text[at] == '\r' ? 0 : column + 1;
    }
    at += n;
  }
  return like(in, self, std::move(out));
}

Value remove_prefix(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("removeprefix", arguments, {"prefix"}, 1);
  std::string_view text = self.text();
  if (const std::string& part = string_argument(bound, 0).text(); text.starts_with(part))
    text.remove_prefix(part.size());
  return like(in, self, std::string(text));
}

Value remove_suffix(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("removesuffix", arguments, {"suffix"}, 1);
  std::string_view text = self.text();
  if (const std::string& part = string_argument(bound, 0).text(); text.ends_with(part)) text.remove_suffix(part.size());
  return like(in, self, std::string(text));
}

// What is missing to a width, as that many copies of `fill`.
std::string padding(std::int64_t n, std::string_view fill) {
  std::string out;
  for (; n > 0; --n) out += fill;
  return out;
}

enum class Side { left, center, right };

template <Side side>
Value justify(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("just", arguments, {"width", "fillchar"}, 1);
  const std::int64_t width = std::min(bound.integer(0, 0), kMaxWidth);
  const std::string_view fill = bound.has(1) ? std::string_view(string_argument(bound, 1).text()) : " ";
  if (count_chars(fill) != 1) throw_type("the fill must be one character, found {}", count_chars(fill));
  const std::int64_t missing = std::max<std::int64_t>(width - length_of(self), 0);
  const std::int64_t before = side == Side::left    ? 0
                              : side == Side::right ? missing
                                                    : missing / 2 + (missing & width & 1);
  return like(in, self, padding(before, fill) + self.text() + padding(missing - before, fill));
}

Value zfill(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("zfill", arguments, {"width"}, 1);
  const std::int64_t missing = std::min(bound.integer(0, 0), kMaxWidth) - length_of(self);
  std::string out = self.text();
  const bool has_sign = out.starts_with('-') || out.starts_with('+');
  if (missing > 0) out.insert(has_sign ? 1 : 0, static_cast<std::size_t>(missing), '0');
  return like(in, self, std::move(out));
}

constexpr Named<MethodFunction> kMethods[] = {
    {"strip", &strip_sides<true, true>},
    {"lstrip", &strip_sides<true, false>},
    {"rstrip", &strip_sides<false, true>},
    {"upper", &cased<&to_upper>},
    {"lower", &cased<&to_lower>},
    {"casefold", &cased<&fold_case>},
    {"capitalize", &cased<&capitalize>},
    {"title", &cased<&title_words>},
    {"swapcase", &cased<&swap_case>},
    {"replace", &replace},
    {"join", &join},
    {"format", &format},
    {"format_map", &format_map},
    {"expandtabs", &expand_tabs},
    {"removeprefix", &remove_prefix},
    {"removesuffix", &remove_suffix},
    {"ljust", &justify<Side::left>},
    {"center", &justify<Side::center>},
    {"rjust", &justify<Side::right>},
    {"zfill", &zfill},
};

}  // namespace

std::span<const Named<MethodFunction>> string_edit_methods() noexcept {
  return kMethods;
}

}  // namespace quern::engine::chat::jinja
