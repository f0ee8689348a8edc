// Turns addresses in escaped HTML text into links, as Jinja's urlize does. Threads: pure functions.
// Source: the Jinja documentation, "urlize", and the behaviour of jinja2 3.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::chat::jinja {

struct LinkStyle {
  std::size_t max_characters = SIZE_MAX;  // of an address as it is shown; a longer one ends in "..."
  std::string attributes;                 // of each link, beginning with a blank
  std::vector<std::string> extra_schemes;
};
std::string with_links(std::string_view text, const LinkStyle& style);

bool is_web_address(std::string_view text);   // "https://x.org/y", "www.x.org", "x.org"
bool is_mail_address(std::string_view text);  // "a@b.org"

}  // namespace quern::engine::chat::jinja
