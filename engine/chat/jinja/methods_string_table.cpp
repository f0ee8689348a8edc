// Methods that work character by character with a table or an encoding. Source: the Python library reference,
// "str.translate", "str.maketrans", "str.encode", "bytes.decode".
#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/methods.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>
#include <string>

namespace quern::engine::chat::jinja {

namespace {

bool is_character(std::int64_t code) noexcept {
  return code >= 0 && code <= 0x10FFFF && !(code >= 0xD800 && code < 0xE000);
}

std::int64_t only_character(const Value& value) {
  if (!value.is(Kind::string) || value.as_string().n_chars() != 1)
    throw_type("maketrans(): expected strings of one character as keys, found {}", described(value));
  return char_at(value.text(), 0).code;
}

// maketrans({"a": "b"}), maketrans("ab", "xy"), maketrans("ab", "xy", "gone")
Value make_table(Interpreter& in, const Value&, Arguments& arguments) {
  const Bound bound("maketrans", arguments, {"x", "y", "z"}, 1);
  Value out(make_dict(in.heap()));
  if (!bound.has(1)) {
    if (!bound[0].is(Kind::dict)) throw_type("maketrans() needs a mapping, found {}", described(bound[0]));
    for (const Dict::Entry& entry : bound[0].as_dict().entries())
      out.as_dict().set(entry.key.is_int() ? entry.key : Value::integer(only_character(entry.key)), entry.value);
    return out;
  }
  const std::string_view from = bound.string(0).value_or(""), to = bound.string(1).value_or("");
  if (count_chars(from) != count_chars(to)) throw_type("maketrans(): its first two strings differ in length");
  for (std::size_t i = 0, j = 0; i < from.size() && j < to.size();) {
    const Char a = char_at(from, i), b = char_at(to, j);
    out.as_dict().set(Value::integer(a.code), Value::integer(b.code));
    i += a.size;
    j += b.size;
  }
  const std::string_view gone = bound.string(2).value_or("");
  for (std::size_t at = 0; at < gone.size();) {
    const Char c = char_at(gone, at);
    out.as_dict().set(Value::integer(c.code), Value::none());
    at += c.size;
  }
  return out;
}

// What the table has for a character; nullopt: nothing, it stays.
std::optional<Value> replacement(Heap& heap, const Value& table, std::int64_t code) {
  if (table.is(Kind::dict)) {
    const Value* const found = table.as_dict().find(Value::integer(code));
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  if (table.is(Kind::list) && table.as_list().is_sequence()) {
    const std::vector<Value>& items = table.as_list().items();
    const auto at = static_cast<std::size_t>(code);
    return at < items.size() ? std::optional(items[at]) : std::nullopt;
  }
  if (!table.is(Kind::string)) throw_type("translate() needs a mapping or a sequence, found {}", described(table));
  const std::string& text = table.text();
  heap.work(text.size());
  const std::size_t at = offset_of(text, static_cast<std::size_t>(code));
  if (at >= text.size()) return std::nullopt;
  return Value::string(heap, text.substr(at, char_at(text, at).size));
}

Value translate(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("translate", arguments, {"table"}, 1);
  require_defined(bound[0]);
  const std::string& text = self.text();
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    in.heap().step();
    const auto found = replacement(in.heap(), bound[0], c.code);
    if (!found) {
      out.append(text, at, c.size);
    } else if (found->is(Kind::string)) {
      out += found->text();
    } else if (found->is_int() && is_character(found->as_int())) {
      append_utf8(static_cast<char32_t>(found->as_int()), out);
    } else if (!found->is(Kind::none)) {
      throw_type("translate(): a character cannot become {}", described(*found));
    }
    if (out.size() > in.heap().limits().max_bytes) throw_failure(FailureKind::limit, "the translated text is too long");
    at += c.size;
  }
  return Value::string(in.heap(), std::move(out), self.as_string().safe());
}

// ---- bytes

enum class Encoding { utf8, ascii, latin1 };

Encoding encoding_of(std::string_view function, const Bound& bound) {
  std::string name = to_lower(bound.string(0).value_or("utf-8"));
  std::replace(name.begin(), name.end(), '_', '-');
  if (name == "utf-8" || name == "utf8") return Encoding::utf8;
  if (name == "ascii" || name == "us-ascii") return Encoding::ascii;
  if (name == "latin-1" || name == "latin1" || name == "iso-8859-1") return Encoding::latin1;
  throw_type("{}(): found encoding '{}', expected utf-8, ascii or latin-1", function, name);
}

std::string replaced(std::string_view how, char32_t code, std::string_view bytes) {
  const auto number = static_cast<std::uint32_t>(code);
  if (how == "ignore") return {};
  if (how == "replace") return "?";
  if (how == "xmlcharrefreplace") return fmt::format("&#{};", number);
  if (how == "backslashreplace") return escape_non_ascii(bytes);
  if (how != "strict") throw_type("encode(): found errors='{}', expected strict, ignore or replace", how);
  throw_type("encode(): '{}' has no place in this encoding", bytes);
}

Value make_bytes(Heap& heap, std::string_view bytes) {
  std::vector<Value> items;
  items.reserve(bytes.size());
  for (const char c : bytes) items.push_back(Value::integer(static_cast<unsigned char>(c)));
  return make_list(heap, std::move(items), ListForm::bytes);
}

Value encode(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("encode", arguments, {"encoding", "errors"}, 0);
  const Encoding encoding = encoding_of("encode", bound);
  const std::string& text = self.text();
  in.heap().work(text.size());
  if (encoding == Encoding::utf8) return make_bytes(in.heap(), text);
  const std::string_view errors = bound.string(1).value_or("strict");
  const char32_t limit = encoding == Encoding::ascii ? 0x80 : 0x100;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    if (c.code < limit)
      out += static_cast<char>(c.code);
    else
      out += replaced(errors, c.code, std::string_view(text).substr(at, c.size));
    at += c.size;
  }
  return make_bytes(in.heap(), out);
}

Value decode(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("decode", arguments, {"encoding", "errors"}, 0);
  const Encoding encoding = encoding_of("decode", bound);
  const std::string_view errors = bound.string(1).value_or("strict");
  std::string bytes, out;
  for (const Value& item : self.as_list().items()) bytes += static_cast<char>(item.as_int());
  in.heap().work(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    Char c{byte, 1};
    if (encoding == Encoding::utf8) c = char_at(bytes, at);
    const bool bad = encoding == Encoding::ascii ? byte >= 0x80 : c.code > 0x10FFFF;
    if (!bad)
      append_utf8(c.code, out);
    else if (errors == "replace")
      append_utf8(0xFFFD, out);
    else if (errors != "ignore")
      throw_type("decode(): byte {} has no meaning in this encoding", at);
    at += c.size;
  }
  return Value::string(in.heap(), std::move(out));
}

Value hex(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("hex", arguments, {}, 0);
  std::string out;
  for (const Value& item : self.as_list().items())
    fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned>(item.as_int()));
  return Value::string(in.heap(), std::move(out));
}

constexpr Named<MethodFunction> kMethods[] = {
    {"translate", &translate},
    {"maketrans", &make_table},
    {"encode", &encode},
};

constexpr Named<MethodFunction> kBytesMethods[] = {
    {"decode", &decode},
    {"hex", &hex},
};

}  // namespace

std::span<const Named<MethodFunction>> string_table_methods() noexcept {
  return kMethods;
}

const Named<MethodFunction>* find_bytes_method(std::string_view name) noexcept {
  for (const Named<MethodFunction>& row : kBytesMethods)
    if (row.name == name) return &row;
  return nullptr;
}

}  // namespace quern::engine::chat::jinja
