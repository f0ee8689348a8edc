#include "engine/chat/jinja/containers.hpp"
#include "engine/chat/jinja/integers.hpp"
#include "engine/chat/jinja/json.hpp"
#include "engine/chat/jinja/literals.hpp"
#include "engine/chat/jinja/text.hpp"

#include <charconv>
#include <cmath>

namespace quern::engine::chat::jinja {

namespace {

constexpr int kMaxNesting = 64;

class Reader {
 public:
  Reader(Heap& heap, std::string_view text) : heap_(heap), text_(text) {}

  Value run() {
    heap_.work(text_.size());
    Value out = value(0);
    skip_space();
    if (at_ != text_.size()) refuse("the end");
    return out;
  }

 private:
  [[noreturn]] void refuse(std::string_view expected) const {
    throw_type("bad JSON at byte {}: expected {}", at_, expected);
  }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool skip(std::string_view part) {
    const bool found = text_.substr(at_).starts_with(part);
    if (found) at_ += part.size();
    return found;
  }

  Value value(int depth) {
    if (depth > kMaxNesting)
      throw_failure(FailureKind::limit, "the JSON text is nested deeper than {} levels", kMaxNesting);
    heap_.step();
    skip_space();
    if (skip("null")) return Value::none();
    if (skip("true")) return Value::boolean(true);
    if (skip("false")) return Value::boolean(false);
    if (skip("NaN")) return Value::real(std::nan(""));
    if (skip("Infinity")) return Value::real(HUGE_VAL);
    if (skip("-Infinity")) return Value::real(-HUGE_VAL);
    if (skip("\"")) return Value::string(heap_, string());
    if (skip("[")) return list(depth);
    if (skip("{")) return dict(depth);
    return number();
  }

  Value list(int depth) {
    std::vector<Value> items;
    skip_space();
    if (skip("]")) return make_list(heap_, {});
    do {
      items.push_back(value(depth + 1));
      skip_space();
    } while (skip(","));
    if (!skip("]")) refuse("',' or ']'");
    return make_list(heap_, std::move(items));
  }

  Value dict(int depth) {
    Value out(make_dict(heap_));
    skip_space();
    if (skip("}")) return out;
    do {
      skip_space();
      if (!skip("\"")) refuse("a key in quotes");
      Value key = Value::string(heap_, string());
      skip_space();
      if (!skip(":")) refuse("':'");
      out.as_dict().set(std::move(key), value(depth + 1));
      skip_space();
    } while (skip(","));
    if (!skip("}")) refuse("',' or '}'");
    return out;
  }

  Value number() {
    const std::size_t begin = at_;
    const auto digits = [this] {
      const std::size_t first = at_;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
      return at_ - first;
    };
    skip("-");
    const std::size_t whole = at_;
    if (digits() == 0) {
      at_ = begin;
      refuse("a value");
    }
    if (text_[whole] == '0' && at_ > whole + 1) refuse("no zero before a number");
    bool is_real = false;
    if (skip(".")) {
      is_real = true;
      if (digits() == 0) refuse("a digit");
    }
    if (skip("e") || skip("E")) {
      is_real = true;
      if (!skip("+")) skip("-");
      if (digits() == 0) refuse("a digit");
    }
    const std::string_view written = text_.substr(begin, at_ - begin);
    if (!is_real) {
      if (const auto small = parse_integer(written, 10); small) return Value::integer(*small);
      return read_integer(heap_, written, 10).value_or(Value::integer(0));
    }
    double real = 0;  // beyond its range: infinity, as Python reads it
    read_decimal(written, real);
    return Value::real(real);
  }

  std::uint32_t code_unit() {
    std::uint32_t code = 0;
    const std::string_view hex = text_.substr(at_, 4);
    const auto read = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
    if (hex.size() != 4 || read.ptr != hex.data() + 4) refuse("four hexadecimal digits");
    at_ += 4;
    return code;
  }

  void escape(std::string& out) {
    if (at_ >= text_.size()) refuse("an escape");
    const char c = text_[at_++];
    static constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
    if (const std::size_t letter = kLetters.find(c); letter != std::string_view::npos) {
      out += kMeanings[letter];
      return;
    }
    if (c != 'u') refuse("an escape");
    std::uint32_t code = code_unit();
    if (code >= 0xD800 && code < 0xDC00 && skip("\\u")) {
      const std::uint32_t low = code_unit();
      if (low < 0xDC00 || low > 0xDFFF) refuse("the second half of a character");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xD800 && code < 0xE000) {
      refuse("both halves of a character");
    }
    append_utf8(code, out);
  }

  std::string string() {
    std::string out;
    for (;;) {
      if (at_ >= text_.size()) refuse("'\"'");
      const char c = text_[at_++];
      if (c == '"') return out;
      if (static_cast<unsigned char>(c) < 0x20) refuse("no control character");
      if (c == '\\')
        escape(out);
      else
        out += c;
    }
  }

  Heap& heap_;
  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Value parse_json(Heap& heap, std::string_view text) {
  return Reader(heap, text).run();
}

}  // namespace quern::engine::chat::jinja
