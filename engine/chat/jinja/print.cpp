// str() and repr() of every value. Source: the Python library reference, "repr"; floats as float.__repr__ prints them:
// the shortest digits that read back the same, in scientific form from 1e16 up and below 1e-4.
#include "engine/chat/jinja/containers.hpp"
#include "engine/chat/jinja/integers.hpp"
#include "engine/chat/jinja/object.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace quern::engine::chat::jinja {

namespace {

constexpr int kMaxNesting = 100;

void append_repr_of(Heap& heap, const Value& value, std::string& out, int depth);

void append_items(Heap& heap, const std::vector<Value>& items, std::string& out, int depth) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += ", ";
    append_repr_of(heap, items[i], out, depth + 1);
  }
}

// b'...' as Python writes it.
void append_bytes(const List& list, std::string& out) {
  const auto has = [&list](char c) {
    return std::any_of(list.items().begin(), list.items().end(), [c](const Value& v) { return v.as_int() == c; });
  };
  const char quote = has('\'') && !has('"') ? '"' : '\'';
  out += 'b';
  out += quote;
  for (const Value& item : list.items()) {
    const auto byte = static_cast<unsigned char>(item.as_int());
    const char c = static_cast<char>(byte);
    if (c == quote || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n' || c == '\r' || c == '\t') {
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else if (byte < 0x20 || byte >= 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  out += quote;
}

void append_list(Heap& heap, const List& list, std::string& out, int depth) {
  switch (list.form()) {
    case ListForm::list:
      out += '[';
      append_items(heap, list.items(), out, depth);
      out += ']';
      return;
    case ListForm::tuple:
      out += '(';
      append_items(heap, list.items(), out, depth);
      out += list.items().size() == 1 ? ",)" : ")";
      return;
    case ListForm::range: {
      const Bounds& bounds = list.bounds();
      fmt::format_to(std::back_inserter(out), "range({}, {}", bounds.start, bounds.stop);
      if (bounds.step != 1) fmt::format_to(std::back_inserter(out), ", {}", bounds.step);
      out += ')';
      return;
    }
    case ListForm::bytes:
      return append_bytes(list, out);
    case ListForm::keys:
    case ListForm::values:
    case ListForm::items:
      out += list.form() == ListForm::keys     ? "dict_keys(["
             : list.form() == ListForm::values ? "dict_values(["
                                               : "dict_items([";
      append_items(heap, list.items(), out, depth);
      out += "])";
      return;
    case ListForm::generator:
      out += "<generator>";
      return;
  }
}

void append_dict(Heap& heap, const Dict& dict, std::string& out, int depth) {
  out += '{';
  bool first = true;
  for (const Dict::Entry& entry : dict.entries()) {
    if (!first) out += ", ";
    first = false;
    append_repr_of(heap, entry.key, out, depth + 1);
    out += ": ";
    append_repr_of(heap, entry.value, out, depth + 1);
  }
  out += '}';
}

void append_repr_of(Heap& heap, const Value& value, std::string& out, int depth) {
  if (depth > kMaxNesting) throw_failure(FailureKind::limit, "values are nested too deeply to be printed");
  if (out.size() > heap.limits().max_bytes) throw_failure(FailureKind::limit, "the printed value is too long");
  heap.step();
  switch (value.kind()) {
    case Kind::undefined:
      out += "Undefined";
      return;
    case Kind::none:
      out += "None";
      return;
    case Kind::boolean:
      out += value.as_bool() ? "True" : "False";
      return;
    case Kind::integer:
      fmt::format_to(std::back_inserter(out), "{}", value.as_int());
      return;
    case Kind::big:
      out += is_negative(value) ? "-" : "";
      out += digits_of(heap, value, 10);
      return;
    case Kind::real:
      out += repr_real(value.as_real());
      return;
    case Kind::string:
      heap.work(value.text().size());
      if (value.as_string().safe()) out += "Markup(";
      append_repr(value.text(), out);
      if (value.as_string().safe()) out += ')';
      return;
    case Kind::list:
      append_list(heap, value.as_list(), out, depth);
      return;
    case Kind::dict:
      append_dict(heap, value.as_dict(), out, depth);
      return;
    case Kind::object:
      out += value.as_object().describe();
      return;
  }
}

}  // namespace

std::string repr_real(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char buffer[400];
  const double size = std::fabs(value);
  const bool scientific = size != 0.0 && (size >= 1e16 || size < 1e-4);
  const auto form = scientific ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value, form);
  std::string out(buffer, end.ptr);
  if (!scientific && out.find('.') == std::string::npos) out += ".0";
  return out;
}

void append_text(Heap& heap, const Value& value, std::string& out) {
  if (value.is(Kind::undefined)) return;
  if (value.is(Kind::string)) {
    heap.copy(value.text().size());
    out += value.text();
  } else {
    append_repr_of(heap, value, out, 0);
  }
}

std::string to_text(Heap& heap, const Value& value) {
  std::string out;
  append_text(heap, value, out);
  return out;
}

std::string repr(Heap& heap, const Value& value) {
  std::string out;
  append_repr_of(heap, value, out, 0);
  return out;
}

}  // namespace quern::engine::chat::jinja
