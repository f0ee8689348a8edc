// Where an option's value lives inside Options and what it may be: the last column of the option table.
// Threads: pure functions.
#pragma once

#include "app/options/options.hpp"
#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace quern::app {

// at<&Options::model, &ModelOptions::ctx> is a function from Options& to that member.
template <auto... Path>
auto& at(Options& options) {
  return (options.*....*Path);
}
template <class T>
using Member = T& (*)(Options&);

struct Flag {
  Member<bool> member;
};
struct Text {
  Member<std::string> member;
  const char* placeholder = "TEXT";
};
struct Choice {
  Member<std::string> member;
  std::span<const std::string_view> values;
};
template <class T>
struct Range {  // an integer, or a float
  Member<T> member;
  std::type_identity_t<T> min, max;
};
template <class T>
struct Bytes {
  Member<T> member;
  std::uint64_t min, max;
};
struct Time {
  Member<std::chrono::milliseconds> member;
  std::chrono::milliseconds min, max;
};
struct Counts {  // "1,4,16"
  Member<std::vector<std::uint32_t>> member;
  std::uint32_t min, max;
};
struct Names {  // "a.example,b.example"; none: empty
  Member<std::vector<std::string>> member;
  const char* placeholder;
};
struct Custom {  // anything else
  Status (*parse)(std::string_view text, Options& options);
  const char* placeholder;
  const char* default_text;
  bool repeatable = false;                    // parse is called once for each occurrence
  void (*reset)(Options& options) = nullptr;  // before the first occurrence in a source: empties the list
};

using Field = std::variant<Flag, Text, Choice, Range<std::uint16_t>, Range<std::uint32_t>, Range<std::int32_t>,
                           Range<std::uint64_t>, Range<float>, Bytes<std::uint32_t>, Bytes<std::uint64_t>, Time, Counts,
                           Names, Custom>;

// Parses text and stores it. Errors: bad_input "want ..., found ...", without the option's name.
Status assign(const Field& field, std::string_view text, Options& options);

// The value as a user would type it. For Custom: its default_text.
std::string show(const Field& field, Options& options);

// "N", "SIZE", "f16|f32": what follows the name in --help.
std::string placeholder(const Field& field);

}  // namespace quern::app
