// Texts with values in them: "%s" % value and "{}".format(value). Source: the Python library reference, "printf-style
// String Formatting" and "Format String Syntax".
#include "engine/chat/jinja/literals.hpp"
#include "engine/chat/jinja/methods.hpp"
#include "engine/chat/jinja/operators.hpp"
#include "engine/chat/jinja/text.hpp"

namespace quern::engine::chat::jinja {

namespace {

void check_size(Interpreter& in, const std::string& out) {
  if (out.size() > in.heap().limits().max_bytes) throw_failure(FailureKind::limit, "the formatted text is too long");
}

// Escaped where it goes into a safe string and is not safe itself.
Value escaped_if(Interpreter& in, const Value& value, bool escape) {
  if (!escape || value.is_number() || (value.is(Kind::string) && value.as_string().safe())) return value;
  return Value::string(in.heap(), escape_html(to_text(in.heap(), value)));
}

// The arguments of a % format, one after the other or by name.
class PercentValues {
 public:
  explicit PercentValues(const Value& values) : values_(values) {}

  const Value& next() {
    if (!is_tuple()) {
      if (at_++ > 0) throw_type("not enough arguments for format string");
      return values_;
    }
    const std::vector<Value>& items = values_.as_list().items();
    if (at_ >= items.size()) throw_type("not enough arguments for format string");
    return items[at_++];
  }
  const Value& named(std::string_view name) const {
    if (!values_.is(Kind::dict)) throw_type("format requires a mapping");
    const Value* const found = values_.as_dict().find(name);
    if (found == nullptr) throw_type("the format has no value '{}'", name);
    return *found;
  }
  void check_all_used() const {
    const bool all = is_tuple() ? at_ == values_.as_list().items().size() : at_ > 0 || values_.is(Kind::dict);
    if (!all) throw_type("not all arguments converted during string formatting");
  }

 private:
  bool is_tuple() const { return values_.is(Kind::list) && values_.as_list().form() == ListForm::tuple; }
  const Value& values_;
  std::size_t at_ = 0;
};

// One conversion as a format specification.
std::string percent_value(Interpreter& in, const Value& value, char type, std::string_view flags,
                          std::string_view width, std::string_view precision) {
  const bool left = flags.find('-') != std::string_view::npos;
  const bool is_text = type == 's' || type == 'r' || type == 'a';
  const bool zeros = !is_text && !left && flags.find('0') != std::string_view::npos;
  std::string spec(zeros ? "0=" : left ? "<" : ">");
  if (!is_text && flags.find('+') != std::string_view::npos)
    spec += '+';
  else if (!is_text && flags.find(' ') != std::string_view::npos)
    spec += ' ';
  if (flags.find('#') != std::string_view::npos && !is_text) spec += '#';
  spec += width;
  if (is_text) {
    if (!precision.empty()) spec.append(".").append(precision);
    const std::string text = type == 's' ? to_text(in.heap(), value) : repr(in.heap(), value);
    return format_value(in, Value::string(in.heap(), text), spec);
  }
  if (type == 'c' && value.is(Kind::string)) return format_value(in, value, spec);
  require_defined(value);
  if (!value.is_number()) throw_type("%{} format: a number is required, not {}", type, type_name(value));
  if (std::string_view("diuxXoc").find(type) != std::string_view::npos) {
    const double real = value.as_real();
    if (value.is(Kind::real) && !(real > -9.2e18 && real < 9.2e18))
      throw_type("%{} format: the number is too large", type);
    const Value whole = Value::integer(value.is_int() ? value.as_int() : static_cast<std::int64_t>(real));
    return format_value(in, whole, spec + (type == 'i' || type == 'u' ? 'd' : type));
  }
  if (!precision.empty()) spec.append(".").append(precision);
  return format_value(in, value, spec + type);
}

std::string_view take_while(std::string_view& rest, std::string_view chars) {
  const std::string_view taken = rest.substr(0, std::min(rest.find_first_not_of(chars), rest.size()));
  rest.remove_prefix(taken.size());
  return taken;
}

}  // namespace

std::string percent_format(Interpreter& in, std::string_view rest, const Value& values, bool escape) {
  std::string out;
  PercentValues arguments(values);
  for (;;) {
    const std::size_t percent = std::min(rest.find('%'), rest.size());
    out += rest.substr(0, percent);
    rest.remove_prefix(percent);
    if (rest.empty()) break;
    rest.remove_prefix(1);
    const Value* value = nullptr;
    if (rest.starts_with('(')) {
      const std::size_t end = rest.find(')');
      if (end == std::string_view::npos) throw_type("incomplete format key");
      value = &arguments.named(rest.substr(1, end - 1));
      rest.remove_prefix(end + 1);
    }
    const std::string_view flags = take_while(rest, "-+ #0"), width = take_while(rest, "0123456789");
    std::string_view precision;
    if (rest.starts_with('.')) {
      rest.remove_prefix(1);
      precision = take_while(rest, "0123456789");
      if (precision.empty()) precision = "0";
    }
    if (rest.empty()) throw_type("incomplete format");
    const char type = rest[0];
    rest.remove_prefix(1);
    if (type == '%') {
      out += '%';
      continue;
    }
    if (std::string_view("sradiuxXocfFeEgG").find(type) == std::string_view::npos)
      throw_type("unsupported format character '{}'", type);
    if (value == nullptr) value = &arguments.next();
    out += percent_value(in, escaped_if(in, *value, escape), type, flags, width, precision);
    check_size(in, out);
  }
  arguments.check_all_used();
  return out;
}

namespace {

class BraceFormat {
 public:
  BraceFormat(Interpreter& in, const Arguments& arguments, bool escape)
      : in_(in), arguments_(arguments), escape_(escape) {}

  std::string run(std::string_view text, int depth) {
    if (depth > 2) throw_type("Max string recursion exceeded");
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const char c = text[at];
      if (c != '{' && c != '}') {
        const std::size_t end = std::min(text.find_first_of("{}", at), text.size());
        out += text.substr(at, end - at);
        at = end;
      } else if (at + 1 < text.size() && text[at + 1] == c) {
        out += c;
        at += 2;
      } else if (c == '}') {
        throw_type("Single '}}' encountered in format string");
      } else {
        const std::size_t end = field_end(text, at);
        out += field(text.substr(at + 1, end - at - 1), depth);
        at = end + 1;
      }
      check_size(in_, out);
    }
    return out;
  }

 private:
  // The brace that closes the one at `at`.
  static std::size_t field_end(std::string_view text, std::size_t at) {
    int depth = 0;
    for (std::size_t i = at; i < text.size(); ++i) {
      if (text[i] == '{') ++depth;
      if (text[i] == '}' && --depth == 0) return i;
    }
    throw_type("expected '}}' before end of string");
  }

  // name!r:spec
  std::string field(std::string_view text, int depth) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    std::string_view name = text.substr(0, colon);
    const std::string spec = colon < text.size() ? run(text.substr(colon + 1), depth + 1) : std::string();
    char conversion = 0;
    if (name.size() >= 2 && name[name.size() - 2] == '!') {
      conversion = name.back();
      name.remove_suffix(2);
    }
    Value value = lookup(name);
    if (conversion == 'r' || conversion == 'a') value = Value::string(in_.heap(), repr(in_.heap(), value));
    if (conversion == 's') value = Value::string(in_.heap(), to_text(in_.heap(), value));
    return format_value(in_, escaped_if(in_, value, escape_), spec);
  }

  // "", 0, name; then .attribute and [index].
  Value lookup(std::string_view name) {
    const std::size_t end = std::min(name.find_first_of(".["), name.size());
    Value value = argument(name.substr(0, end));
    for (name.remove_prefix(end); !name.empty();) {
      const bool is_item = name[0] == '[';
      const std::size_t stop = is_item ? name.find(']') : std::min(name.find_first_of(".[", 1), name.size());
      if (stop == std::string_view::npos) throw_type("Missing ']' in format string");
      const std::string_view part = name.substr(1, stop - 1);
      const auto index = is_item ? parse_integer(part, 10) : std::nullopt;
      value = !is_item
                  ? attribute_of(in_, value, part)
                  : item_of(in_, value, index ? Value::integer(*index) : Value::string(in_.heap(), std::string(part)));
      require_defined(value);
      name.remove_prefix(is_item ? stop + 1 : stop);
    }
    return value;
  }

  Value argument(std::string_view name) {
    std::size_t index = next_;
    if (name.empty()) {
      ++next_;
    } else if (const auto number = parse_integer(name, 10); number && *number >= 0) {
      index = static_cast<std::size_t>(*number);
    } else {
      for (const auto& [known, value] : arguments_.keyword)
        if (known == name) return value;
      throw_type("format() has no argument '{}'", name);
    }
    if (index >= arguments_.positional.size())
      throw_type("Replacement index {} out of range for positional args tuple", index);
    return arguments_.positional[index];
  }

  Interpreter& in_;
  const Arguments& arguments_;
  const bool escape_;
  std::size_t next_ = 0;
};

}  // namespace

std::string brace_format(Interpreter& in, std::string_view format, const Arguments& arguments, bool escape) {
  return BraceFormat(in, arguments, escape).run(format, 0);
}

}  // namespace quern::engine::chat::jinja
