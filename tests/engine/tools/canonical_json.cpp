#include "tests/engine/tools/canonical_json.hpp"

#include "engine/tools/json_copy.hpp"

#include <map>
#include <stdexcept>

namespace quern::test {
namespace {

struct Reader {
  std::string_view text;
  std::size_t at = 0;

  void blanks() {
    while (at < text.size() && std::string_view(" \t\r\n").find(text[at]) != std::string_view::npos) ++at;
  }
  char peek() {
    blanks();
    return at < text.size() ? text[at] : '\0';
  }
  void take(char c) {
    if (peek() != c) throw std::runtime_error("no JSON: " + std::string(text));
    ++at;
  }

  std::string string() {
    take('"');
    engine::tools::StringDecoder decoder;
    std::string out;
    for (; at < text.size(); ++at) {
      const auto step = decoder.feed(text[at], out);
      if (step == engine::tools::Step::refused) break;
      if (step == engine::tools::Step::more) continue;
      ++at;
      return engine::tools::json_string(out);
    }
    throw std::runtime_error("no JSON string: " + std::string(text));
  }

  std::string value() {
    const char first = peek();
    if (first == '"') return string();
    if (first == '{') {
      std::map<std::string, std::string> members;
      take('{');
      while (peek() != '}') {
        if (!members.empty()) take(',');
        std::string key = string();
        take(':');
        if (!members.emplace(std::move(key), value()).second) throw std::runtime_error("a member twice");
      }
      take('}');
      std::string out = "{";
      for (const auto& [key, item] : members) out += (out.size() > 1 ? "," : "") + key + ":" + item;
      return out + "}";
    }
    if (first == '[') {
      std::string out = "[";
      take('[');
      while (peek() != ']') {
        if (out.size() > 1) take(','), out += ',';
        out += value();
      }
      take(']');
      return out + "]";
    }
    const std::size_t begin = at;
    while (at < text.size() && std::string_view(" \t\r\n,]}").find(text[at]) == std::string_view::npos) ++at;
    const std::string word(text.substr(begin, at - begin));
    if (!engine::tools::is_json(word)) throw std::runtime_error("no JSON value: " + word);
    return word;
  }
};

}  // namespace

std::string canonical_json(std::string_view text) {
  Reader reader{text};
  std::string out = reader.value();
  if (reader.peek() != '\0') throw std::runtime_error("more than one JSON value: " + std::string(text));
  return out;
}

}  // namespace quern::test
