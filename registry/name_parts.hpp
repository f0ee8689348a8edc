// The parts that model names are made of, and what each registry lets them be. Threads: pure functions.
// Errors: bad_input "PART: want ..., found '...'".
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace quern::registry {

// What a part may be made of.
struct PartRules {
  std::string_view what;  // "namespace", for errors
  std::size_t max_bytes;
  std::string_view beyond;  // allowed besides letters and digits
  std::string_view first;   // of these, what it may begin with
  bool lower_case = false;
};
// Source: Ollama's types/model/name.go.
inline constexpr PartRules kOllamaNamespacePart{"namespace", 80, "_-", "_"};
inline constexpr PartRules kOllamaModel{"model", 80, "_-.", "_"};
inline constexpr PartRules kOllamaTag{"tag", 80, "_-.", "_"};
inline constexpr PartRules kHost{"host", 350, "_-.:[]", "_["};
// Source: the hub's repository names; a quantisation is a part of a file's name.
inline constexpr PartRules kHubPart{"repository", 96, "_-.", "_"};
inline constexpr PartRules kQuant{"quantisation", 80, "_-.", ""};
inline constexpr PartRules kRevision{"revision", 256, "_-./+", "_"};
// Source: OCI distribution specification.
inline constexpr PartRules kOciComponent{"repository", 255, "_-.", "", true};
inline constexpr PartRules kOciTag{"tag", 128, "_-.", "_"};

Status check_part(std::string_view text, const PartRules& rules);

// For errors: what was found, short and without control characters.
std::string shown(std::string_view text);
std::string lower(std::string_view text);
bool ends_in_gguf(std::string_view text);  // in any case
// Of "sub/x.gguf": "x". Empty where nothing is left.
std::string stem_of(std::string_view path);
// "a%2Fb" and back, of slashes alone.
std::string slashes_encoded(std::string_view text);
std::string slashes_decoded(std::string_view text);
// Takes "PREFIX" off, in any case; false: it does not begin so.
bool take_prefix(std::string_view& text, std::string_view prefix);
// Takes what stands in front of the first `mark`, and the mark; all of it where there is none.
std::string_view take_until(std::string_view& text, char mark);

}  // namespace quern::registry
