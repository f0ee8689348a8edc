#include "engine/tools/probe_marks.hpp"

#include "engine/tools/json_copy.hpp"
#include "engine/tools/marks.hpp"

#include <algorithm>

#include <boost/json/parse.hpp>

namespace quern::engine::tools::probe {
namespace {

using Piece = ToolFormat::Piece;
using Kind = Piece::Kind;

std::string text(std::string_view whole, std::size_t begin, std::size_t end) {
  return std::string(whole.substr(begin, end - begin));
}

void add_text(std::vector<Piece>& pieces, std::string text) {
  if (!text.empty()) pieces.push_back({Kind::text, std::move(text)});
}

// What stands before or between name and arguments may hold the call's id.
void add_with_id(std::vector<Piece>& pieces, const std::string& text) {
  const std::size_t at = text.find(Words::id_a);
  if (at == std::string::npos) return add_text(pieces, text);
  add_text(pieces, text.substr(0, at));
  pieces.push_back({Kind::id, {}});
  add_text(pieces, text.substr(at + Words::id_a.size()));
}

// The longest end of both that begins with a mark.
std::size_t common_mark_suffix(std::string_view a, std::string_view b) {
  const std::size_t n = common_suffix(a, b);
  const std::size_t mark = a.find_first_of("<[", a.size() - n);
  return mark == std::string_view::npos ? 0 : a.size() - mark;
}

// Splits what stands before the first name, behind the last argument, and between two calls.
struct Surroundings {
  std::string section_begin, call_begin, call_end, between, section_end;
};
Surroundings surroundings(const std::string& before, const std::string& after, const std::string& middle) {
  if (middle.empty()) return {"", before, after, "", ""};
  Surroundings out;
  const bool no_section = middle.ends_with(before);
  const std::size_t n_begin = no_section ? before.size() : common_mark_suffix(before, middle);
  out.section_begin = before.substr(0, before.size() - n_begin);
  out.call_begin = before.substr(before.size() - n_begin);
  const std::string rest = middle.substr(0, middle.size() - n_begin);
  const std::size_t n_end = common_prefix(rest, after);
  out.call_end = rest.substr(0, n_end);
  out.between = rest.substr(n_end);
  out.section_end = after.substr(n_end);
  if (trimmed(out.section_begin).empty() && trimmed(out.section_end).empty()) {
    // Blanks between two calls are no part of a section.
    out.section_begin.clear();
    out.section_end.clear();
  }
  return out;
}

// Where the arguments object of a call begins: the brace before its first key.
std::size_t arguments_begin(std::string_view sample, std::size_t from) {
  const std::size_t key = sample.find(Words::key_a, from);
  if (key == std::string_view::npos) return key;
  const std::size_t brace = sample.rfind('{', key);
  return brace == std::string_view::npos || brace < from ? std::string_view::npos : brace;
}

struct JsonPlace {
  std::size_t begin = 0, end = 0;
};
std::optional<JsonPlace> find_json(const std::string& sample, std::size_t name) {
  for (std::size_t i = 0; i < name; ++i) {
    if (sample[i] != '{' && sample[i] != '[') continue;
    const std::size_t end = json_end(sample, i);
    if (end != std::string::npos && end > name) return JsonPlace{i, end};
  }
  return std::nullopt;
}

// The pieces of one object that is a call.
std::vector<Piece> object_pieces(const std::string& item) {
  std::vector<Piece> pieces;
  const std::size_t name = item.find(Words::tool_a);
  const std::size_t name_end = name + Words::tool_a.size();
  const std::size_t arguments = arguments_begin(item, name_end);
  if (name == std::string::npos || arguments == std::string::npos) return {};
  const std::size_t end = json_end(item, arguments);
  if (end == std::string::npos) return {};
  add_with_id(pieces, item.substr(0, name));
  pieces.push_back({Kind::name, {}});
  add_with_id(pieces, text(item, name_end, arguments));
  pieces.push_back({Kind::arguments, {}});
  add_with_id(pieces, item.substr(end));
  return pieces;
}

// "tool_call_id": "0" counts calls.
void find_counter(std::vector<Piece>& pieces) {
  if (pieces.empty() || pieces.front().kind != Kind::text) return;
  const std::string first = pieces.front().text;
  const std::size_t at = first.find("\"0\"");
  if (at == std::string::npos) return;
  std::vector<Piece> out{
      {Kind::text, first.substr(0, at + 1)}, {Kind::counter, {}}, {Kind::text, first.substr(at + 2)}};
  out.insert(out.end(), pieces.begin() + 1, pieces.end());
  pieces = std::move(out);
}

}  // namespace

std::vector<Tool> tools() {
  std::vector<Tool> out;
  const boost::json::value all = boost::json::parse(std::string(kTools));
  for (const auto& tool : all.as_array()) {
    const auto& function = tool.as_object().at("function").as_object();
    out.push_back({std::string(function.at("name").as_string()), function.at("parameters"), false});
  }
  return out;
}

std::size_t common_prefix(std::string_view a, std::string_view b) noexcept {
  std::size_t n = 0;
  while (n < a.size() && n < b.size() && a[n] == b[n]) ++n;
  return n;
}

std::size_t common_suffix(std::string_view a, std::string_view b) noexcept {
  std::size_t n = 0;
  while (n < a.size() && n < b.size() && a[a.size() - 1 - n] == b[b.size() - 1 - n]) ++n;
  return n;
}

std::string_view without_turn_end(std::string_view text) noexcept {
  constexpr std::string_view kEnds[] = {"eos",    "eot",      "eom",    "im_end",     "|end|",
                                        "|call|", "end_of_t", "end▁of", "message_sep"};
  while (text.ends_with('>')) {
    const std::size_t begin = text.rfind('<');
    if (begin == std::string_view::npos) break;
    const std::string_view mark = text.substr(begin);
    const bool ends = std::any_of(std::begin(kEnds), std::end(kEnds),
                                  [&](std::string_view word) { return mark.find(word) != std::string_view::npos; });
    if (!ends) break;
    text.remove_suffix(mark.size());
  }
  return text;
}

std::size_t json_end(std::string_view text, std::size_t at) {
  JsonCopy copy;
  std::string out;
  for (std::size_t i = at; i < text.size(); ++i) {
    const Step step = copy.feed(text[i], out);
    if (step == Step::done) return i + 1;
    if (step != Step::more) break;
  }
  return std::string_view::npos;
}

void add_marks_of(std::string_view text, std::vector<std::string>& marks) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '<' && text[at] != '[') continue;
    const std::size_t end = text.find(text[at] == '<' ? '>' : ']', at);
    if (end == std::string_view::npos || end == at + 1) continue;
    std::string mark(text.substr(at, end + 1 - at));
    if (mark.find_first_of(" \t\r\n") != std::string::npos) continue;
    if (std::find(marks.begin(), marks.end(), mark) == marks.end()) marks.push_back(std::move(mark));
  }
}

std::optional<ToolFormat> read_json(const Samples& samples) {
  const std::string& two = samples.two;
  const std::size_t name = two.find(Words::tool_a);
  if (name == std::string::npos || name == 0 || two[name - 1] != '"') return std::nullopt;
  const auto place = find_json(two, name);
  if (!place) return std::nullopt;
  ToolFormat out{.syntax = Syntax::json};
  out.array = two[place->begin] == '[';
  out.json_open = two.substr(0, place->begin);
  out.json_close = trimmed(std::string_view(two).substr(place->end));
  out.name_is_key = two.compare(name + Words::tool_a.size(), 2, "\":") == 0;
  out.bare = trimmed(out.json_open).empty();
  if (!out.array) {
    out.call = object_pieces(two);
    const std::size_t second = samples.both.find(Words::tool_b);
    const std::size_t n = out.call.empty() ? 0 : two.size();
    if (second != std::string::npos && samples.both.compare(0, n, two) == 0) {
      const std::size_t begin = samples.both.find(out.call.front().text, n);
      if (begin != std::string::npos) out.between = text(samples.both, n, begin);
    }
  } else {
    const std::size_t begin = two.find('{', place->begin);
    const std::size_t end = begin == std::string::npos ? begin : json_end(two, begin);
    if (end == std::string::npos) return std::nullopt;
    out.section_begin = two.substr(0, begin);
    out.section_end = two.substr(end);
    out.call = object_pieces(text(two, begin, end));
    out.between = ", ";
    const std::size_t second = samples.both.find('{', end);
    if (second != std::string::npos) out.between = text(samples.both, end, second);
  }
  find_counter(out.call);
  return out.call.empty() ? std::nullopt : std::optional(std::move(out));
}

std::optional<ToolFormat> read_named_json(const Samples& samples) {
  const std::string& two = samples.two;
  const std::size_t name = two.find(Words::tool_a);
  if (name == std::string::npos) return std::nullopt;
  const std::size_t name_end = name + Words::tool_a.size();
  const std::size_t arguments = arguments_begin(two, name_end);
  const std::size_t end = arguments == std::string::npos ? arguments : json_end(two, arguments);
  if (end == std::string::npos) return std::nullopt;
  std::string middle, after = two.substr(end);
  if (const std::size_t second = samples.both.find(Words::tool_b); second != std::string::npos && second > end) {
    middle = text(samples.both, end, second);
    // A template may end a section only where there is more than one call.
    const std::size_t last = arguments_begin(samples.both, second);
    const std::size_t last_end = last == std::string::npos ? last : json_end(samples.both, last);
    if (last_end != std::string::npos) after = samples.both.substr(last_end);
  }
  const Surroundings around = surroundings(two.substr(0, name), after, middle);
  ToolFormat out{.syntax = Syntax::named_json,
                 .section_begin = around.section_begin,
                 .section_end = around.section_end,
                 .between = around.between};
  add_text(out.call, around.call_begin);
  out.call.push_back({Kind::name, {}});
  add_with_id(out.call, text(two, name_end, arguments));
  out.call.push_back({Kind::arguments, {}});
  add_text(out.call, around.call_end);
  if (trimmed(around.call_begin).empty() && trimmed(around.section_begin).empty()) return std::nullopt;
  return out;
}

std::optional<ToolFormat> read_pythonic(const Samples& samples) {
  const std::string& two = samples.two;
  const std::size_t name = two.find(Words::tool_a);
  const std::string open = std::string(Words::tool_a) + "(" + std::string(Words::key_a) + "=";
  if (name == std::string::npos || two.compare(name, open.size(), open) != 0) return std::nullopt;
  const std::size_t close = two.find(')', two.find(Words::value_b));
  if (close == std::string::npos) return std::nullopt;
  ToolFormat out{.syntax = Syntax::pythonic};
  out.section_begin = two.substr(0, name);
  out.section_end = two.substr(close + 1);
  out.array = out.section_begin.ends_with('[');
  out.between = out.array ? ", " : "\n";
  const std::size_t second = samples.both.find(Words::tool_b);
  if (second != std::string::npos && samples.both.starts_with(two.substr(0, close + 1)))
    out.between = text(samples.both, close + 1, second);
  out.call = {{Kind::name, {}}, {Kind::text, "("}, {Kind::arguments, {}}, {Kind::text, ")"}};
  out.bare = trimmed(out.section_begin) == "[";
  out.json_values = samples.other.find(std::string(Words::key_a) + "=true") != std::string::npos;
  return out;
}

std::optional<ToolFormat> read_parameters(const Samples& samples) {
  const std::string& two = samples.two;
  const auto behind = [&](std::string_view word, std::size_t from) {
    const std::size_t at = two.find(word, from);
    return at == std::string::npos ? at : at + word.size();
  };
  const std::size_t name = behind(Words::tool_a, 0);
  if (name == std::string::npos) return std::nullopt;
  const std::size_t key = behind(Words::key_a, name), value = behind(Words::value_a, std::min(key, two.size()));
  const std::size_t key2 = behind(Words::key_b, std::min(value, two.size()));
  const std::size_t value2 = behind(Words::value_b, std::min(key2, two.size()));
  if (key == std::string::npos || value == std::string::npos || key2 == std::string::npos ||
      value2 == std::string::npos)
    return std::nullopt;
  const std::string before = two.substr(0, name - Words::tool_a.size());
  const std::string name_to_key = text(two, name, key - Words::key_a.size());
  const std::string value_to_key = text(two, value, key2 - Words::key_b.size());
  ToolFormat out{.syntax = Syntax::parameters};
  ToolFormat::Parameters& marks = out.parameters;
  const std::size_t n_begin = common_mark_suffix(name_to_key, value_to_key);
  marks.begin = name_to_key.substr(name_to_key.size() - n_begin);
  marks.key_end = text(two, key, value - Words::value_a.size());
  const std::string value_end = value_to_key.substr(0, value_to_key.size() - n_begin);
  marks.value_end = value_end.substr(0, value_end.find_last_not_of(" \t\r\n") + 1);
  marks.gap = value_end.substr(marks.value_end.size());
  const std::string after = two.substr(value2);
  if (marks.begin.empty() || trimmed(marks.value_end).empty() || !after.starts_with(marks.value_end))
    return std::nullopt;
  std::string middle;
  if (const std::size_t second = samples.both.find(Words::tool_b); second != std::string::npos && second > value2)
    middle = text(samples.both, value2 + marks.value_end.size(), second);
  const Surroundings around = surroundings(before, after.substr(marks.value_end.size()), middle);
  out.section_begin = around.section_begin;
  out.section_end = around.section_end;
  out.between = around.between;
  add_text(out.call, around.call_begin);
  out.call.push_back({Kind::name, {}});
  add_text(out.call, name_to_key.substr(0, name_to_key.size() - n_begin));
  out.call.push_back({Kind::arguments, {}});
  add_text(out.call, around.call_end);
  if (out.call.front().kind != Kind::text || trimmed(around.call_end).empty()) return std::nullopt;
  // Other values than texts may be marked and written differently.
  const std::size_t other = samples.other.find(Words::key_a);
  if (other != std::string::npos) {
    const std::size_t at = other + Words::key_a.size();
    const std::size_t word = samples.other.find("rue", at);
    if (word != std::string::npos && word > at) {
      const std::string key_end = text(samples.other, at, word - 1);
      if (key_end != marks.key_end) marks.key_end_literal = key_end;
      marks.python_words = samples.other[word - 1] == 'T';
      marks.python_values = samples.other.find("['Qzvalueb']") != std::string::npos;
    }
  }
  return out;
}

}  // namespace quern::engine::tools::probe
