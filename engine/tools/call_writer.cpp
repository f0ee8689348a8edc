#include "engine/tools/call_writer.hpp"

#include "engine/tools/json_copy.hpp"
#include "engine/tools/marks.hpp"

namespace quern::engine::tools {
namespace {

using Piece = ToolFormat::Piece;

// A JSON text that is known to be one, read from its beginning.
class JsonText {
 public:
  explicit JsonText(std::string_view text) : text_(text) {}

  char peek() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void skip() { ++at_; }  // one character of structure
  std::string string() {
    peek();
    StringDecoder decoder;
    std::string out;
    ++at_;
    while (at_ < text_.size() && decoder.feed(text_[at_++], out) == Step::more) {
    }
    return out;
  }
  // A value as it is written.
  std::string_view value() {
    peek();
    JsonCopy copy;
    std::string out;
    const std::size_t begin = at_;
    for (; at_ < text_.size(); ++at_) {
      const Step step = copy.feed(text_[at_], out);
      if (step == Step::more) continue;
      if (step == Step::done) ++at_;
      break;
    }
    return text_.substr(begin, at_ - begin);
  }

  // each(key) must read the value.
  template <class Each>
  void members(Each each) {
    peek();
    for (skip(); peek() != '}' && peek() != '\0';) {
      const std::string key = string();
      peek();
      skip();
      each(key);
      if (peek() == ',') skip();
    }
    skip();
  }
  template <class Each>
  void items(Each each) {
    peek();
    for (skip(); peek() != ']' && peek() != '\0';) {
      each();
      if (peek() == ',') skip();
    }
    skip();
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// As Python, or as Gemma where there is a quoting mark.
void append_literal(JsonText& json, std::string_view quote, bool keys_quoted, std::string& out) {
  const auto text = [&](const std::string& value) {
    if (quote.empty())
      out += json_string(value);  // what JSON escapes, Python reads
    else
      out.append(quote).append(value).append(quote);
  };
  const char* const comma = quote.empty() ? ", " : ",";
  bool first = true;
  switch (json.peek()) {
    case '"':
      return text(json.string());
    case '{':
      out += '{';
      json.members([&](const std::string& key) {
        if (!std::exchange(first, false)) out += comma;
        if (keys_quoted)
          text(key);
        else
          out += key;
        out += quote.empty() ? ": " : ":";
        append_literal(json, quote, keys_quoted, out);
      });
      out += '}';
      return;
    case '[':
      out += '[';
      json.items([&] {
        if (!std::exchange(first, false)) out += comma;
        append_literal(json, quote, keys_quoted, out);
      });
      out += ']';
      return;
    default:
      break;
  }
  const std::string_view word = json.value();
  if (!quote.empty())
    out += word;
  else
    out += word == "true" ? "True" : word == "false" ? "False" : word == "null" ? "None" : word;
}

std::string parameters(const ToolFormat& format, std::string_view arguments) {
  const ToolFormat::Parameters& marks = format.parameters;
  std::string out;
  JsonText json(arguments);
  json.members([&](const std::string& key) {
    if (!out.empty()) out += marks.gap;
    const bool is_text = json.peek() == '"';
    const bool literal = !is_text && !marks.key_end_literal.empty();
    out += marks.begin + key + (literal ? marks.key_end_literal : marks.key_end);
    const std::string value = is_text ? json.string() : std::string(json.value());
    const bool words = !is_text && marks.python_words;
    out += words && value == "true"    ? "True"
           : words && value == "false" ? "False"
           : words && value == "null"  ? "None"
                                       : value;
    out += marks.value_end;
  });
  return out;
}

std::string keyword_arguments(const ToolFormat& format, std::string_view arguments) {
  std::string out;
  JsonText json(arguments);
  json.members([&](const std::string& key) {
    out += (out.empty() ? "" : ", ") + key + "=";
    if (format.json_values)
      out += json.value();
    else
      append_literal(json, "", true, out);
  });
  return out;
}

std::string written_arguments(const ToolFormat& format, const std::string& arguments) {
  switch (format.syntax) {
    case Syntax::parameters:
      return parameters(format, arguments);
    case Syntax::pythonic:
      return keyword_arguments(format, arguments);
    case Syntax::quoted: {
      std::string out;
      JsonText json(arguments);
      append_literal(json, format.quote, false, out);
      return out;
    }
    default:
      return arguments;
  }
}

std::string written_call(const ToolFormat& format, const WrittenCall& call, std::size_t index) {
  std::string out;
  for (std::size_t i = 0; i < format.call.size(); ++i) {
    const Piece& piece = format.call[i];
    switch (piece.kind) {
      case Piece::Kind::text: {
        std::string_view text = piece.text;
        // Without parameters the line break behind the name is the one before the end.
        if (i + 1 == format.call.size() && out.ends_with('\n') && text.starts_with('\n')) text.remove_prefix(1);
        out += text;
        break;
      }
      case Piece::Kind::name:
        if (format.syntax == Syntax::json)
          append_json_string(out, call.name);
        else
          out += call.name;
        break;
      case Piece::Kind::id:
        out += call.id;
        break;
      case Piece::Kind::counter:
        out += std::to_string(index);
        break;
      case Piece::Kind::arguments:
        out += written_arguments(format, call.arguments);
        break;
    }
  }
  return out;
}

std::string harmony_call(const WrittenCall& call) {
  return "<|channel|>commentary to=functions." + call.name + " <|constrain|>json<|message|>" + call.arguments +
         "<|call|>";
}

}  // namespace

Result<std::string> write_calls(const ToolFormat& format, std::span<const WrittenCall> calls) {
  std::string out = format.section_begin;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!trimmed(calls[i].arguments).starts_with('{') || !is_json(calls[i].arguments))
      return fail_field("arguments", "of '{}': expected a JSON object", calls[i].name);
    if (i > 0) out += format.between;
    out += format.syntax == Syntax::harmony ? harmony_call(calls[i]) : written_call(format, calls[i], i);
  }
  return out + format.section_end;
}

}  // namespace quern::engine::tools
