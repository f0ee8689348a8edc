#include "engine/chat/jinja/links.hpp"

#include "engine/chat/jinja/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace quern::engine::chat::jinja {

namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_word(char32_t c) noexcept {
  return is_alpha(c) || is_numeric(c) || c == '_';
}

bool starts_with_any_case(std::string_view text, std::string_view part) noexcept {
  return text.size() >= part.size() &&
         std::equal(part.begin(), part.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

// All characters are letters, digits, '_' or in `others`; their number.
bool all_words(std::string_view text, std::string_view others, std::size_t& n_characters) noexcept {
  n_characters = 0;
  for (std::size_t at = 0; at < text.size(); ++n_characters) {
    const Char c = char_at(text, at);
    const bool other = c.code < 0x80 && others.find(static_cast<char>(c.code)) != std::string_view::npos;
    if (!other && !is_word(c.code)) return false;
    at += c.size;
  }
  return true;
}

// ":8080" at the end is taken away; nothing else with a colon is a host.
std::string_view without_port(std::string_view host) noexcept {
  const std::size_t colon = host.rfind(':');
  if (colon == std::string_view::npos) return host;
  const std::string_view digits = host.substr(colon + 1);
  const bool port = !digits.empty() && digits.size() <= 5 && std::ranges::all_of(digits, is_digit);
  return port ? host.substr(0, colon) : host;
}

bool is_ipv4(std::string_view host) noexcept {
  int n_parts = 1, n_digits = 0;
  for (const char c : host) {
    if (c == '.' && n_digits > 0) {
      ++n_parts;
      n_digits = 0;
    } else if (!is_digit(c) || ++n_digits > 3) {
      return false;
    }
  }
  return n_parts == 4 && n_digits > 0;
}

// "[" then groups of up to four hexadecimal digits with colons: at least two, three to eight groups.
bool is_ipv6(std::string_view host) noexcept {
  if (!host.starts_with('[') || !host.ends_with(']')) return false;
  host = host.substr(1, host.size() - 2);
  std::size_t n_colons = 0, n_digits = 0;
  for (const char c : host) {
    const char l = lower(c);
    if (c == ':') {
      ++n_colons;
      n_digits = 0;
    } else if (!(is_digit(c) || (l >= 'a' && l <= 'f')) || ++n_digits > 4) {
      return false;
    }
  }
  return n_colons >= 2 && n_colons <= 8;
}

bool is_top_level(std::string_view name) {
  if (starts_with_any_case(name, "xn--")) {
    std::size_t n = 0;
    return all_words(name.substr(4), "%", n) && n >= 2 && n <= 59;
  }
  return name.size() >= 2 && name.size() <= 63 &&
         std::ranges::all_of(name, [](char c) { return lower(c) >= 'a' && lower(c) <= 'z'; });
}

// "a.b.org" behind "https://" or "www.": parts of any length, then a top level.
bool is_host(std::string_view host) {
  std::size_t n = 0;
  for (std::size_t dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.')) {
    if (dot == 0 || !all_words(host.substr(0, dot), "%-", n)) return false;
    host.remove_prefix(dot + 1);
  }
  return is_top_level(host);
}

// "x.org": parts of 2 to 63 characters, then one of the old top levels.
bool is_bare_host(std::string_view host) {
  static constexpr std::array<std::string_view, 8> kTops{"com", "net", "int", "edu", "gov", "org", "info", "mil"};
  bool has_part = false;
  for (std::size_t dot = host.find('.'); dot != std::string_view::npos; dot = host.find('.')) {
    std::size_t n = 0;
    if (!all_words(host.substr(0, dot), "%-", n) || n < 2 || n > 63) return false;
    has_part = true;
    host.remove_prefix(dot + 1);
  }
  return has_part && std::ranges::any_of(kTops, [host](std::string_view top) {
           return host.size() == top.size() && starts_with_any_case(host, top);
         });
}

struct Word {
  std::string head, middle, tail;  // brackets before, the address, brackets and punctuation behind
};

Word part(std::string_view word) {
  Word out;
  std::size_t begin = 0;
  for (;;) {
    const std::string_view rest = word.substr(begin);
    if (rest.starts_with('(') || rest.starts_with('<'))
      ++begin;
    else if (rest.starts_with("&lt;"))
      begin += 4;
    else
      break;
  }
  std::size_t end = word.size();
  while (end > begin) {
    const std::string_view rest = word.substr(begin, end - begin);
    if (std::string_view(")>.,\n").find(rest.back()) != std::string_view::npos)
      --end;
    else if (rest.ends_with("&gt;"))
      end -= 4;
    else
      break;
  }
  out.head = word.substr(0, begin);
  out.middle = word.substr(begin, end - begin);
  out.tail = word.substr(end);
  return out;
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

// Closing brackets go back to the address as far as it has opening ones.
void balance(Word& word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kBrackets{
      {{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}}};
  for (const auto& [open, close] : kBrackets) {
    const std::size_t n_open = count(word.middle, open);
    if (n_open <= count(word.middle, close)) continue;
    std::size_t taken = 0;
    for (std::size_t n = 0; n < n_open; ++n) {
      const std::size_t at = word.tail.find(close, taken);
      if (at == std::string::npos) break;
      taken = at + close.size();
    }
    word.middle.append(word.tail, 0, taken);
    word.tail.erase(0, taken);
  }
}

std::string shown(const std::string& address, const LinkStyle& style) {
  if (count_chars(address) <= style.max_characters) return address;
  return address.substr(0, offset_of(address, style.max_characters)) + "...";
}

std::string link(const std::string& address, const LinkStyle& style) {
  if (is_web_address(address)) {
    const bool complete = address.starts_with("https://") || address.starts_with("http://");
    return "<a href=\"" + (complete ? address : "https://" + address) + "\"" + style.attributes + ">" +
           shown(address, style) + "</a>";
  }
  if (address.starts_with("mailto:") && is_mail_address(std::string_view(address).substr(7)))
    return "<a href=\"" + address + "\">" + address.substr(7) + "</a>";
  const bool mail = address.find('@') != std::string::npos && !address.starts_with('@') &&
                    !address.starts_with("www.") && address.find(':') == std::string::npos && is_mail_address(address);
  if (mail) return "<a href=\"mailto:" + address + "\">" + address + "</a>";
  for (const std::string& scheme : style.extra_schemes)
    if (address != scheme && address.starts_with(scheme))
      return "<a href=\"" + address + "\"" + style.attributes + ">" + address + "</a>";
  return address;
}

}  // namespace

bool is_web_address(std::string_view text) {
  bool scheme = false;
  for (const std::string_view known : {"https://", "http://"})
    if (!scheme && starts_with_any_case(text, known)) {
      scheme = true;
      text.remove_prefix(known.size());
    }
  const std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  const std::string_view host = without_port(authority);
  if (scheme && (is_host(host) || is_ipv4(host) || is_ipv6(host))) return true;
  return !scheme && ((starts_with_any_case(host, "www.") && is_host(host.substr(4))) || is_bare_host(host));
}

bool is_mail_address(std::string_view text) {
  const std::size_t at = text.rfind('@');  // none may follow: the domain has no such letter
  if (at == std::string_view::npos || at == 0) return false;
  const std::string_view domain = text.substr(at + 1);
  const std::size_t dot = domain.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == domain.size()) return false;
  std::size_t n = 0;
  return all_words(domain.substr(0, char_at(domain, 0).size), "", n) && all_words(domain.substr(0, dot), ".-", n) &&
         all_words(domain.substr(dot + 1), "", n);
}

std::string with_links(std::string_view text, const LinkStyle& style) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && !is_space(char_at(text, end).code)) end += char_at(text, end).size;
    if (end > at) {
      Word word = part(text.substr(at, end - at));
      balance(word);
      out += word.head + link(word.middle, style) + word.tail;
    }
    for (at = end; at < text.size() && is_space(char_at(text, at).code);) {
      const std::size_t size = char_at(text, at).size;
      out.append(text.substr(at, size));
      at += size;
    }
  }
  return out;
}

}  // namespace quern::engine::chat::jinja
