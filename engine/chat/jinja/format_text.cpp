// Texts with values in them: "{} {name}".format(values). Source: the Python library reference, "Format String Syntax".
#include "engine/chat/jinja/literals.hpp"
#include "engine/chat/jinja/methods.hpp"
#include "engine/chat/jinja/operators.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>
#include <optional>

namespace quern::engine::chat::jinja {

Value escaped_if(Interpreter& in, const Value& value, bool escape) {
  if (!escape || value.is_number() || (value.is(Kind::string) && value.as_string().safe())) return value;
  return Value::string(in.heap(), escape_html(to_text(in.heap(), value)));
}

namespace {

class BraceFormat {
 public:
  BraceFormat(Interpreter& in, const Arguments& arguments, bool escape)
      : in_(in), arguments_(arguments), escape_(escape) {}

  std::string run(std::string_view text, int depth) {
    if (depth > 2) throw_type("fields inside fields inside fields of a format");
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
        throw_type("a format has a '}}' without '{{'");
      } else {
        const std::size_t end = field_end(text, at);
        out += field(text.substr(at + 1, end - at - 1), depth);
        at = end + 1;
      }
      if (out.size() > in_.heap().limits().max_bytes)
        throw_failure(FailureKind::limit, "the formatted text is too long");
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
    throw_type("a field of a format does not end: expected '}}'");
  }

  // name!r:spec
  std::string field(std::string_view text, int depth) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    std::string_view name = text.substr(0, colon);
    char conversion = 0;
    if (name.size() >= 2 && name[name.size() - 2] == '!') {
      conversion = name.back();
      name.remove_suffix(2);
    }
    Value value = lookup(name);
    if (conversion == 'r') value = Value::string(in_.heap(), repr(in_.heap(), value));
    if (conversion == 'a') value = Value::string(in_.heap(), escape_non_ascii(repr(in_.heap(), value)));
    if (conversion == 's') value = Value::string(in_.heap(), to_text(in_.heap(), value));
    if (conversion != 0 && std::string_view("ras").find(conversion) == std::string_view::npos)
      throw_type("'!{}' in a format: expected !s, !r or !a", conversion);
    const std::string spec = colon < text.size() ? run(text.substr(colon + 1), depth + 1) : std::string();
    return format_value(in_, escaped_if(in_, value, escape_), spec);
  }

  // "", 0, name; then .attribute and [index].
  Value lookup(std::string_view name) {
    const std::size_t end = std::min(name.find_first_of(".["), name.size());
    Value value = argument(name.substr(0, end));
    for (name.remove_prefix(end); !name.empty();) {
      const bool is_item = name[0] == '[';
      const std::size_t stop = is_item ? name.find(']') : std::min(name.find_first_of(".[", 1), name.size());
      if (stop == std::string_view::npos) throw_type("an index in a format does not end: expected ']'");
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
    const auto number = parse_integer(name, 10);
    if (name.empty() || (number && *number >= 0)) {
      if (is_numbered_.value_or(!name.empty()) == name.empty())
        throw_type("a format numbers either all of its fields or none");
      is_numbered_ = !name.empty();
    }
    if (name.empty()) {
      ++next_;
    } else if (number && *number >= 0) {
      index = static_cast<std::size_t>(*number);
    } else {
      for (const auto& [known, value] : arguments_.keyword)
        if (known == name) return value;
      throw_type("format() has no argument '{}'", name);
    }
    if (index >= arguments_.positional.size())
      throw_type("the format has no value {}, only {} were given", index, arguments_.positional.size());
    return arguments_.positional[index];
  }

  Interpreter& in_;
  const Arguments& arguments_;
  const bool escape_;
  std::size_t next_ = 0;
  std::optional<bool> is_numbered_;
};

}  // namespace

std::string brace_format(Interpreter& in, std::string_view format, const Arguments& arguments, bool escape) {
  return BraceFormat(in, arguments, escape).run(format, 0);
}

}  // namespace quern::engine::chat::jinja
