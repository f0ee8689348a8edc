#include "engine/chat/jinja/filters.hpp"
#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/operators.hpp"
#include "engine/chat/jinja/text.hpp"
#include "engine/chat/jinja/word_wrap.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

Value as_text(Interpreter& in, const Value& value) {
  return value.is(Kind::string) ? value : Value::string(in.heap(), to_text(in.heap(), value));
}

namespace {

Value like(Interpreter& in, const Value& text, std::string changed) {
  return Value::string(in.heap(), std::move(changed), text.as_string().safe());
}

template <std::string (*change)(std::string_view)>
Value cased(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("filter", arguments, {}, 0);
  const Value text = as_text(in, value);
  return like(in, text, change(text.text()));
}

// Words begin after white space, hyphens and opening brackets.
Value title(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("title", arguments, {}, 0);
  const Value subject = as_text(in, value);
  const std::string& text = subject.text();
  std::string out;
  std::size_t word = 0;
  const auto finish = [&](std::size_t end) {
    if (word == end) return;
    const std::size_t first = char_at(text, word).size;  // in upper, not in title case, as Jinja has it
    out += to_upper(std::string_view(text).substr(word, first));
    out += to_lower(std::string_view(text).substr(word + first, end - word - first));
  };
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    if (is_space(c.code) ||
        (c.code < 0x80 && std::string_view("-({[<").find(static_cast<char>(c.code)) != std::string_view::npos)) {
      finish(at);
      out.append(text, at, c.size);
      word = at + c.size;
    }
    at += c.size;
  }
  finish(text.size());
  return like(in, subject, std::move(out));
}

Value trim(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("trim", arguments, {"chars"}, 0);
  const auto chars = bound.string(0);
  const Value text = as_text(in, value);
  return like(in, text, std::string(strip(text.text(), chars ? &*chars : nullptr, true, true)));
}

Value replace(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("replace", arguments, {"old", "new", "count"}, 2);
  const std::string from = to_text(in.heap(), bound[0]), to = to_text(in.heap(), bound[1]);
  const std::int64_t count = bound.has(2) && !bound[2].is(Kind::none) ? bound.integer(2, -1) : -1;
  const std::string text = to_text(in.heap(), value);
  return Value::string(in.heap(), replace_text(text, from, to, count, in.heap().limits().max_bytes));
}

Value indent(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("indent", arguments, {"width", "first", "blank"}, 0);
  std::string pad;
  if (bound.has(0) && bound[0].is(Kind::string)) {
    pad = bound[0].text();
  } else {
    const std::int64_t width = std::max<std::int64_t>(bound.integer(0, 4), 0);
    if (width > 10'000) throw_failure(FailureKind::limit, "indent() by {}, at most 10000 is allowed", width);
    pad.assign(static_cast<std::size_t>(width), ' ');
  }
  const bool first = bound.boolean(1, false), blank = bound.boolean(2, false);
  const Value subject = as_text(in, value);
  const std::string text = subject.text() + "\n";  // so that a line break at the end keeps an empty line after it
  std::string out;
  const std::vector<std::string_view> lines = split_lines(text, false);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    if (i == 0 ? first : blank || !lines[i].empty()) out += pad;
    out += lines[i];
    if (out.size() > in.heap().limits().max_bytes) throw_failure(FailureKind::limit, "the indented text is too long");
  }
  return like(in, subject, std::move(out));
}

Value center(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("center", arguments, {"width"}, 0);
  const Value subject = as_text(in, value);
  const std::int64_t width = std::min<std::int64_t>(bound.integer(0, 80), 1 << 20);
  const std::int64_t n = length_of(subject), missing = std::max<std::int64_t>(width - n, 0);
  const std::int64_t left = missing / 2 + (missing & width & 1);
  std::string out(static_cast<std::size_t>(left), ' ');
  out += subject.text();
  out.append(static_cast<std::size_t>(missing - left), ' ');
  return like(in, subject, std::move(out));
}

Value truncate(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("truncate", arguments, {"length", "killwords", "end", "leeway"}, 0);
  const std::int64_t length = bound.integer(0, 255), leeway = bound.integer(3, 5);
  const std::string end(bound.string(2).value_or("..."));
  const auto n_end = static_cast<std::int64_t>(count_chars(end));
  if (length < n_end || leeway < 0) throw_type("truncate(): the length must be at least that of '{}'", end);
  if (!value.is(Kind::string)) {
    // A short list stays one; what would have to be cut must be text.
    if (length_of(value) - leeway <= length) return value;
    throw_type("truncate(): expected a string, found {}", described(value));
  }
  const Value& subject = value;
  if (length_of(subject) - leeway <= length) return subject;
  std::string_view kept = subject.text();
  kept = kept.substr(0, offset_of(kept, static_cast<std::size_t>(length - n_end)));
  if (!bound.boolean(1, false)) kept = kept.substr(0, kept.rfind(' '));
  return like(in, subject, std::string(kept) + end);
}

Value wordcount(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("wordcount", arguments, {}, 0);
  const std::string text = to_text(in.heap(), value);
  std::int64_t n = 0;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    const bool is_word = is_alpha(c.code) || is_numeric(c.code) || c.code == '_';
    if (is_word && !inside) ++n;
    inside = is_word;
    at += c.size;
  }
  return Value::integer(n);
}

Value format(Interpreter& in, const Value& value, Arguments& arguments) {
  Value values;
  if (!arguments.keyword.empty()) {
    if (!arguments.positional.empty()) throw_type("format() takes positional or keyword arguments, not both");
    values = Value(make_dict(in.heap()));
    for (const auto& [name, argument] : arguments.keyword) values.as_dict().set(name, argument);
  } else {
    values = make_list(in.heap(), std::move(arguments.positional), ListForm::tuple);
  }
  const Value subject = as_text(in, value);
  return like(in, subject, percent_format(in, subject.text(), values, subject.as_string().safe()));
}

Value escape(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("escape", arguments, {}, 0);
  if (value.is(Kind::string) && value.as_string().safe()) return value;
  return Value::string(in.heap(), escape_html(to_text(in.heap(), value)), true);
}

Value force_escape(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("forceescape", arguments, {}, 0);
  return Value::string(in.heap(), escape_html(to_text(in.heap(), value)), true);
}

Value safe(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("safe", arguments, {}, 0);
  return Value::string(in.heap(), to_text(in.heap(), value), true);
}

Value string(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("string", arguments, {}, 0);
  return as_text(in, value);
}

std::string quoted(std::string_view text, bool is_form) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("_.-~/").find(c) != std::string_view::npos;
    if (plain && !(is_form && c == '/'))
      out += c;
    else if (is_form && c == ' ')
      out += '+';
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Value urlencode(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("urlencode", arguments, {}, 0);
  if (!value.is(Kind::dict) && !value.is(Kind::list))
    return Value::string(in.heap(), quoted(to_text(in.heap(), value), false));
  std::string out;
  const auto add = [&](const Value& name, const Value& part) {
    if (!out.empty()) out += '&';
    out += quoted(to_text(in.heap(), name), true) + "=" + quoted(to_text(in.heap(), part), true);
  };
  if (value.is(Kind::dict))
    for (const Dict::Entry& entry : value.as_dict().entries()) add(entry.key, entry.value);
  else
    for (const Value& item : iterate(in.heap(), value)) {
      const std::vector<Value> pair = iterate(in.heap(), item);
      if (pair.size() != 2) throw_type("urlencode() needs pairs of a name and a value, found {}", described(item));
      add(pair[0], pair[1]);
    }
  return Value::string(in.heap(), std::move(out));
}

Value wordwrap(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("wordwrap", arguments, {"width", "break_long_words", "wrapstring", "break_on_hyphens"}, 0);
  const std::int64_t width = bound.integer(0, 79);
  if (width < 1) throw_type("wordwrap(): found the width {}, expected at least 1", width);
  const bool has_end = bound.has(2) && !bound[2].is(Kind::none);
  const std::string end(has_end ? bound.string(2).value_or("\n") : "\n");
  const WrapStyle style{static_cast<std::size_t>(width), bound.boolean(1, true), bound.boolean(3, true)};
  const std::string text = to_text(in.heap(), value);
  in.heap().work(text.size() * 4);
  std::string out;
  bool first = true;
  for (const std::string_view line : split_lines(text, false)) {
    const std::vector<std::string> parts = wrap_line(line, style);
    for (std::size_t i = 0; i < std::max<std::size_t>(parts.size(), 1); ++i) {
      if (!first) out += end;
      first = false;
      if (i < parts.size()) out += parts[i];
      if (out.size() > in.heap().limits().max_bytes) throw_failure(FailureKind::limit, "the wrapped text is too long");
    }
  }
  return Value::string(in.heap(), std::move(out));
}

constexpr Named<FilterFunction> kFilters[] = {
    {"trim", &trim},
    {"string", &string},
    {"upper", &cased<&to_upper>},
    {"lower", &cased<&to_lower>},
    {"capitalize", &cased<&capitalize>},
    {"title", &title},
    {"replace", &replace},
    {"indent", &indent},
    {"safe", &safe},
    {"escape", &escape},
    {"e", &escape},
    {"forceescape", &force_escape},
    {"format", &format},
    {"center", &center},
    {"truncate", &truncate},
    {"wordcount", &wordcount},
    {"urlencode", &urlencode},
    {"wordwrap", &wordwrap},
};

}  // namespace

std::span<const Named<FilterFunction>> text_filters() noexcept {
  return kFilters;
}

}  // namespace quern::engine::chat::jinja
