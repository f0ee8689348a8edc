#include "engine/chat/jinja/containers.hpp"
#include "engine/chat/jinja/json.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace quern::engine::chat::jinja {

namespace {

constexpr int kMaxNesting = 100;

class Writer {
 public:
  Writer(Heap& heap, const JsonStyle& style) : heap_(heap), style_(style) {}

  std::string run(const Value& value) {
    write(value, 0);
    return std::move(out_);
  }

 private:
  void write(const Value& value, int depth) {
    if (depth > kMaxNesting) throw_failure(FailureKind::limit, "values are nested too deeply for JSON");
    if (out_.size() > heap_.limits().max_bytes) throw_failure(FailureKind::limit, "the JSON text is too long");
    heap_.step();
    switch (value.kind()) {
      case Kind::none:
        out_ += "null";
        return;
      case Kind::boolean:
        out_ += value.as_bool() ? "true" : "false";
        return;
      case Kind::integer:
      case Kind::big:
        out_ += to_text(heap_, value);
        return;
      case Kind::real:
        return real(value.as_real());
      case Kind::string:
        return string(value.text());
      case Kind::list:
        return list(value.as_list(), depth);  // a generator too, where Python fails: templates are written so
      case Kind::dict:
        return dict(value.as_dict(), depth);
      default:
        break;
    }
    throw_type("JSON has no form for {}", described(value));
  }

  void real(double value) {
    if (std::isnan(value))
      out_ += "NaN";
    else if (std::isinf(value))
      out_ += value > 0 ? "Infinity" : "-Infinity";
    else
      out_ += repr_real(value);
  }

  void unit(std::uint32_t code) { fmt::format_to(std::back_inserter(out_), "\\u{:04x}", code); }

  void string(std::string_view text) {
    heap_.work(text.size());
    out_ += '"';
    for (std::size_t at = 0; at < text.size();) {
      const Char c = char_at(text, at);
      static constexpr std::string_view kSpecial = "\"\\\n\r\t\f\b", kLetters = "\"\\nrtfb";
      const std::size_t special = c.code < 0x80 ? kSpecial.find(static_cast<char>(c.code)) : std::string_view::npos;
      if (special != std::string_view::npos) {
        out_ += '\\';
        out_ += kLetters[special];
      } else if (c.code < 0x20) {
        unit(static_cast<std::uint32_t>(c.code));
      } else if (c.code < 0x7F || !style_.ensure_ascii || c.code > 0x10FFFF) {
        out_ += text.substr(at, c.size);
      } else if (c.code < 0x10000) {
        if (c.code == 0x7F)
          out_ += '\x7F';
        else
          unit(static_cast<std::uint32_t>(c.code));
      } else {
        const auto rest = static_cast<std::uint32_t>(c.code) - 0x10000;
        unit(0xD800 + (rest >> 10));
        unit(0xDC00 + (rest & 0x3FF));
      }
      at += c.size;
    }
    out_ += '"';
  }

  void line(int depth) {
    if (!style_.has_indent) return;
    out_ += '\n';
    for (int i = 0; i < depth; ++i) out_ += style_.indent;
  }

  void list(const List& list, int depth) {
    if (list.items().empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    for (std::size_t i = 0; i < list.items().size(); ++i) {
      if (i > 0) out_ += style_.item_separator;
      line(depth + 1);
      write(list.items()[i], depth + 1);
    }
    line(depth);
    out_ += ']';
  }

  void key(const Value& key) {
    switch (key.kind()) {
      case Kind::string:
        return string(key.text());
      case Kind::none:
        out_ += "\"null\"";
        return;
      case Kind::boolean:
      case Kind::integer:
      case Kind::big:
      case Kind::real:
        out_ += '"';
        write(key, 0);
        out_ += '"';
        return;
      default:
        throw_type("a key in JSON cannot be {}", described(key));
    }
  }

  void dict(const Dict& dict, int depth) {
    if (dict.size() == 0) {
      out_ += "{}";
      return;
    }
    std::vector<const Dict::Entry*> entries;
    for (const Dict::Entry& entry : dict.entries()) entries.push_back(&entry);
    if (style_.sort_keys)
      std::stable_sort(entries.begin(), entries.end(),
                       [this](const Dict::Entry* a, const Dict::Entry* b) { return less(heap_, a->key, b->key); });
    out_ += '{';
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out_ += style_.item_separator;
      line(depth + 1);
      key(entries[i]->key);
      out_ += style_.key_separator;
      write(entries[i]->value, depth + 1);
    }
    line(depth);
    out_ += '}';
  }

  Heap& heap_;
  const JsonStyle& style_;
  std::string out_;
};

}  // namespace

std::string to_json(Heap& heap, const Value& value, const JsonStyle& style) {
  require_defined(value);
  return Writer(heap, style).run(value);
}

}  // namespace quern::engine::chat::jinja
