#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/methods.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

namespace {

Value pieces(Interpreter& in, const Value& self, const std::vector<std::string_view>& parts,
             ListForm form = ListForm::list) {
  std::vector<Value> out;
  in.heap().work(self.text().size());
  for (const std::string_view part : parts)
    out.push_back(Value::string(in.heap(), std::string(part), self.as_string().safe()));
  return make_list(in.heap(), std::move(out), form);
}

// The last place of `part` in `text`; npos. Each step back looks at one more byte only where it may match.
std::size_t find_last(Heap& heap, std::string_view text, std::string_view part) {
  if (part.size() > text.size()) return std::string_view::npos;
  std::size_t last = std::string_view::npos;
  if (part.size() < 64) {
    heap.work(text.size());
    return text.rfind(part);
  }
  heap.work(text.size());
  for (std::size_t at = find_text(text, part); at != std::string_view::npos; at = find_text(text, part, at + 1)) {
    heap.step(1 + part.size() / 16);  // long parts that overlap themselves
    last = at;
  }
  return last;
}

std::vector<std::string_view> split_space(std::string_view text, std::int64_t max_splits, bool from_right) {
  std::vector<std::string_view> out;
  const auto word_size = [&](std::string_view rest) {
    std::size_t size = 0;
    while (size < rest.size() && !is_space(char_at(rest, size).code)) size += char_at(rest, size).size;
    return size;
  };
  if (from_right && max_splits >= 0) {
    std::vector<std::string_view> words = split_space(text, -1, false);
    if (static_cast<std::int64_t>(words.size()) <= max_splits) return words;
    const auto n_left = words.size() - static_cast<std::size_t>(max_splits);
    const std::string_view last_left = words[n_left - 1];
    const std::string_view head = text.substr(0, static_cast<std::size_t>(last_left.end() - text.begin()));
    words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(n_left));
    words.insert(words.begin(), head);
    return words;
  }
  for (text = strip(text, nullptr, true, false); !text.empty(); text = strip(text, nullptr, true, false)) {
    if (max_splits >= 0 && static_cast<std::int64_t>(out.size()) == max_splits) {
      out.push_back(text);
      break;
    }
    const std::size_t size = word_size(text);
    out.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

template <bool from_right>
Value split(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound(from_right ? "rsplit" : "split", arguments, {"sep", "maxsplit"}, 0);
  const std::int64_t max_splits = bound.place(1, -1);
  const auto separator = bound.string(0);
  std::string_view text = self.text();
  if (!separator) return pieces(in, self, split_space(text, max_splits, from_right));
  if (separator->empty()) throw_type("the separator is empty");
  std::vector<std::string_view> out;
  while (max_splits < 0 || static_cast<std::int64_t>(out.size()) < max_splits) {
    const std::size_t at = from_right ? find_last(in.heap(), text, *separator) : find_text(text, *separator);
    if (at == std::string_view::npos) break;
    in.heap().step();
    if (from_right) {
      out.push_back(text.substr(at + separator->size()));
      text = text.substr(0, at);
    } else {
      out.push_back(text.substr(0, at));
      text.remove_prefix(at + separator->size());
    }
  }
  out.push_back(text);
  if (from_right) std::reverse(out.begin(), out.end());
  return pieces(in, self, out);
}

template <bool from_right>
Value partition(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("partition", arguments, {"sep"}, 1);
  const std::string_view text = self.text(), separator = bound.string(0).value_or("");
  if (separator.empty()) throw_type("the separator is empty");
  const std::size_t at = from_right ? find_last(in.heap(), text, separator) : find_text(text, separator);
  std::vector<std::string_view> parts;
  if (at != std::string_view::npos)
    parts = {text.substr(0, at), separator, text.substr(at + separator.size())};
  else if (from_right)
    parts = {"", "", text};
  else
    parts = {text, "", ""};
  return pieces(in, self, parts, ListForm::tuple);
}

Value splitlines(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("splitlines", arguments, {"keepends"}, 0);
  return pieces(in, self, split_lines(self.text(), bound.boolean(0, false)));
}

constexpr Named<MethodFunction> kMethods[] = {
    {"split", &split<false>},         {"rsplit", &split<true>},         {"splitlines", &splitlines},
    {"partition", &partition<false>}, {"rpartition", &partition<true>},
};

}  // namespace

std::span<const Named<MethodFunction>> string_split_methods() noexcept {
  return kMethods;
}

}  // namespace quern::engine::chat::jinja
