// The filter pprint: repr() on lines of at most 80 characters, keys sorted. Source: Python library reference, pprint.
#include "engine/chat/jinja/containers.hpp"
#include "engine/chat/jinja/filters.hpp"
#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/operators.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

namespace {

constexpr std::size_t kWidth = 80;
constexpr int kMaxNesting = 100;

std::vector<Dict::Entry> sorted_entries(Heap& heap, const Dict& dict) {
  std::vector<Dict::Entry> out(dict.entries().begin(), dict.entries().end());
  const auto rank = [](const Value& key) { return key.is_number() ? 0 : key.is(Kind::string) ? 1 : 2; };
  std::stable_sort(out.begin(), out.end(), [&](const Dict::Entry& a, const Dict::Entry& b) {
    if (rank(a.key) != rank(b.key)) return rank(a.key) < rank(b.key);
    if (rank(a.key) == 0) return less(heap, a.key, b.key);
    return rank(a.key) == 1 && a.key.text() < b.key.text();
  });
  return out;
}

bool is_broken_up(const Value& value) {
  return value.is(Kind::dict) || (value.is(Kind::list) && (value.as_list().form() == ListForm::list ||
                                                           value.as_list().form() == ListForm::tuple));
}

class Printer {
 public:
  explicit Printer(Heap& heap) : heap_(heap) {}

  // indent: characters before the value on its line; allowance: characters that must fit behind it.
  void print(const Value& value, std::size_t indent, std::size_t allowance, int level) {
    if (level > kMaxNesting) throw_failure(FailureKind::limit, "values are nested too deeply to be printed");
    const std::string line = one_line(value, level);
    const std::size_t used = std::min(indent + allowance, kWidth);
    if (count_chars(line) <= kWidth - used)
      write(line);
    else if (value.is(Kind::string))
      print_string(value, indent, allowance, level + 1);
    else if (value.is(Kind::dict))
      print_dict(value.as_dict(), indent, allowance, level + 1);
    else if (is_broken_up(value))
      print_list(value.as_list(), indent, allowance, level + 1);
    else
      write(line);
  }
  std::string take() { return std::move(out_); }

 private:
  void write(std::string_view text) {
    heap_.copy(text.size());
    if (out_.size() + text.size() > heap_.limits().max_bytes)
      throw_failure(FailureKind::limit, "the printed value is too long");
    out_ += text;
  }
  void new_line(std::size_t indent) { write("\n" + std::string(indent, ' ')); }

  // repr() with the keys of mappings sorted.
  std::string one_line(const Value& value, int level) {
    if (level > kMaxNesting) throw_failure(FailureKind::limit, "values are nested too deeply to be printed");
    heap_.step();
    if (!is_broken_up(value)) return repr(heap_, value);
    std::string out;
    const auto add = [&](const std::string& text) {
      heap_.copy(text.size());
      if (out.size() + text.size() > heap_.limits().max_bytes)
        throw_failure(FailureKind::limit, "the printed value is too long");
      out += text;
    };
    if (value.is(Kind::dict)) {
      for (const Dict::Entry& entry : sorted_entries(heap_, value.as_dict())) {
        if (!out.empty()) out += ", ";
        add(one_line(entry.key, level + 1) + ": " + one_line(entry.value, level + 1));
      }
      return "{" + out + "}";
    }
    const bool is_tuple = value.as_list().form() == ListForm::tuple;
    for (const Value& item : value.as_list().items()) {
      if (!out.empty()) out += ", ";
      add(one_line(item, level + 1));
    }
    if (is_tuple) return "(" + out + (value.as_list().items().size() == 1 ? ",)" : ")");
    return "[" + out + "]";
  }

  void print_dict(const Dict& dict, std::size_t indent, std::size_t allowance, int level) {
    write("{");
    const std::vector<Dict::Entry> entries = sorted_entries(heap_, dict);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const std::string key = one_line(entries[i].key, level);
      write(key + ": ");
      print(entries[i].value, indent + 1 + count_chars(key) + 2, i + 1 == entries.size() ? allowance + 1 : 1, level);
      if (i + 1 == entries.size()) break;
      write(",");
      new_line(indent + 1);
    }
    write("}");
  }

  void print_list(const List& list, std::size_t indent, std::size_t allowance, int level) {
    const bool is_tuple = list.form() == ListForm::tuple;
    const std::string close = !is_tuple ? "]" : list.items().size() == 1 ? ",)" : ")";
    write(is_tuple ? "(" : "[");
    for (std::size_t i = 0; i < list.items().size(); ++i) {
      const bool last = i + 1 == list.items().size();
      print(list.items()[i], indent + 1, last ? allowance + close.size() : 1, level);
      if (last) break;
      write(",");
      new_line(indent + 1);
    }
    write(close);
  }

  static std::size_t width_of(std::string_view text) {
    std::string shown;
    append_repr(text, shown);
    return count_chars(shown);
  }

  // A long line of a string: as many words, each with the blanks behind it, as fit.
  void cut_line(std::string_view line, std::size_t width, std::size_t last_width, std::vector<std::string_view>& out) {
    std::size_t begin = 0, end = 0;
    while (end < line.size()) {
      std::size_t next = end;
      while (next < line.size() && !is_space(char_at(line, next).code)) next += char_at(line, next).size;
      while (next < line.size() && is_space(char_at(line, next).code)) next += char_at(line, next).size;
      heap_.work(next - begin);
      if (width_of(line.substr(begin, next - begin)) > (next == line.size() ? last_width : width)) {
        if (end > begin) out.push_back(line.substr(begin, end - begin));
        begin = end;
      }
      end = next;
    }
    if (end > begin) out.push_back(line.substr(begin, end - begin));
  }

  // Parts of a long string side by side, as Python joins them again; in brackets where it stands alone.
  void print_string(const Value& value, std::size_t indent, std::size_t allowance, int level) {
    const bool alone = level == 1;
    if (alone) {
      ++indent;
      ++allowance;
    }
    const auto room = [](std::size_t used) { return used < kWidth ? kWidth - used : 0; };
    const std::vector<std::string_view> lines = split_lines(value.text(), true);
    std::vector<std::string_view> parts;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const std::size_t last = i + 1 == lines.size() ? allowance : 0;
      heap_.work(lines[i].size());
      if (width_of(lines[i]) <= room(indent + last))
        parts.push_back(lines[i]);
      else
        cut_line(lines[i], room(indent), room(indent + last), parts);
    }
    if (alone && parts.size() != 1) write("(");
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) new_line(indent);
      std::string shown;
      append_repr(parts[i], shown);
      write(shown);
    }
    if (alone && parts.size() != 1) write(")");
  }

  Heap& heap_;
  std::string out_;
};

Value pprint(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("pprint", arguments, {}, 0);
  Printer printer(in.heap());
  printer.print(value, 0, 0, 0);
  return Value::string(in.heap(), printer.take());
}

constexpr Named<FilterFunction> kFilters[] = {{"pprint", &pprint}};

}  // namespace

std::span<const Named<FilterFunction>> print_filters() noexcept {
  return kFilters;
}

}  // namespace quern::engine::chat::jinja
