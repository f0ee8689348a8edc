// Filters that read and write HTML. Source: the Jinja documentation, "List of Builtin Filters"; markupsafe for
// striptags.
#include "engine/chat/jinja/filters.hpp"
#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/links.hpp"
#include "engine/chat/jinja/operators.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

namespace quern::engine::chat::jinja {

namespace {

std::string escaped(Interpreter& in, const Value& value) {
  const std::string text = to_text(in.heap(), value);
  return value.is(Kind::string) && value.as_string().safe() ? text : escape_html(text);
}

Value xmlattr(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("xmlattr", arguments, {"autospace"}, 0);
  if (!value.is(Kind::dict)) throw_type("xmlattr() needs a mapping, found {}", described(value));
  std::string out;
  for (const Dict::Entry& entry : value.as_dict().entries()) {
    if (entry.value.is(Kind::none) || entry.value.is(Kind::undefined)) continue;
    const std::string key = to_text(in.heap(), entry.key);
    if (key.find_first_of(" \t\n\r\f\v/>=") != std::string::npos)
      throw_type("xmlattr(): {} cannot be the name of an attribute", repr(in.heap(), entry.key));
    if (!out.empty() || bound.boolean(0, true)) out += ' ';
    out += escaped(in, entry.key) + "=\"" + escaped(in, entry.value) + "\"";
  }
  return Value::string(in.heap(), std::move(out));
}

// Removes comments, then tags; each removal may bring a new beginning together, which counts as well.
std::string without_tags(Heap& heap, std::string text) {
  for (std::size_t from = 0;;) {
    const std::size_t begin = text.find("<!--", from);
    const std::size_t end = begin == std::string::npos ? begin : text.find("-->", begin);
    if (end == std::string::npos) break;
    heap.copy(text.size());
    text.erase(begin, end + 3 - begin);
    from = begin < 3 ? 0 : begin - 3;
  }
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t begin = text.find('<', at);
    const std::size_t end = begin == std::string::npos ? begin : text.find('>', begin);
    if (end == std::string::npos) return out.append(text, at);
    out.append(text, at, begin - at);
    at = end + 1;
  }
}

// "&#39;", "&#x27;" and the names of XML and of the no-break space; other names stay as they are.
std::string unescaped(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char32_t>, 6> kNames{
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}, {"nbsp", 0xA0}}};
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text[at] == '&' ? text.substr(at, 12).find(';') : std::string_view::npos;
    char32_t code = 0;
    if (end != std::string_view::npos) {
      const std::string_view name = text.substr(at + 1, end - 1);
      for (const auto& [known, character] : kNames)
        if (name == known) code = character;
      if (name.starts_with('#')) {
        const bool hex = name.size() > 1 && (name[1] == 'x' || name[1] == 'X');
        const std::string_view digits = name.substr(hex ? 2 : 1);
        std::uint32_t number = 0;
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number, hex ? 16 : 10);
        const bool good = parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
        if (good) code = number == 0 || number > 0x10FFFF || (number >> 11) == 0x1B ? 0xFFFD : number;
      }
    }
    if (code == 0) {
      out += text[at++];
    } else {
      append_utf8(code, out);
      at += end + 1;
    }
  }
  return out;
}

Value striptags(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("striptags", arguments, {}, 0);
  const std::string text = without_tags(in.heap(), to_text(in.heap(), value));
  std::string out;
  bool pending = false;
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    if (is_space(c.code)) {
      pending = !out.empty();
    } else {
      if (pending) out += ' ';
      pending = false;
      out.append(text, at, c.size);
    }
    at += c.size;
  }
  return Value::string(in.heap(), unescaped(out));
}

// The words of `text`, sorted and without duplicates.
std::string sorted_words(std::string_view text, bool nofollow) {
  std::set<std::string, std::less<>> words{"noopener"};
  if (nofollow) words.insert("nofollow");
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = text.find_first_not_of(" \t\n\r\f\v", at);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_of(" \t\n\r\f\v", begin), text.size());
    words.emplace(text.substr(begin, end - begin));
    at = end;
  }
  std::string out;
  for (const std::string& word : words) out.append(out.empty() ? "" : " ").append(word);
  return out;
}

bool is_scheme(std::string_view text) {  // "tel:", "ftp://"
  for (int slashes = 0; slashes < 2 && text.ends_with('/'); ++slashes) text.remove_suffix(1);
  if (!text.ends_with(':') || text.size() < 3) return false;
  return std::ranges::all_of(text.substr(0, text.size() - 1), [](unsigned char c) {
    return c >= 0x80 || std::isalnum(c) != 0 || c == '_' || c == '.' || c == '+' || c == '-';
  });
}

Value urlize(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("urlize", arguments, {"trim_url_limit", "nofollow", "target", "rel", "extra_schemes"}, 0);
  LinkStyle style;
  if (bound.has(0) && !bound[0].is(Kind::none))
    style.max_characters = static_cast<std::size_t>(std::max<std::int64_t>(bound.integer(0, 0), 0));
  const auto rel = bound.has(3) && bound[3].is(Kind::none) ? std::nullopt : bound.string(3);
  style.attributes = " rel=\"" + escape_html(sorted_words(rel.value_or(""), bound.boolean(1, false))) + "\"";
  if (bound.has(2) && !bound[2].is(Kind::none))
    style.attributes += " target=\"" + escape_html(std::string(bound.string(2).value_or(""))) + "\"";
  if (bound.has(4) && !bound[4].is(Kind::none))
    for (const Value& scheme : iterate(in.heap(), bound[4])) {
      if (!scheme.is(Kind::string) || !is_scheme(scheme.text()))
        throw_type("urlize(): {} is not the beginning of an address", repr(in.heap(), scheme));
      style.extra_schemes.push_back(scheme.text());
    }
  const std::string text = escaped(in, value);
  in.heap().work(text.size() * (2 + style.extra_schemes.size()));
  return Value::string(in.heap(), with_links(text, style));
}

constexpr Named<FilterFunction> kFilters[] = {
    {"xmlattr", &xmlattr},
    {"striptags", &striptags},
    {"urlize", &urlize},
};

}  // namespace

std::span<const Named<FilterFunction>> html_filters() noexcept {
  return kFilters;
}

}  // namespace quern::engine::chat::jinja
