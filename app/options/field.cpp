#include "app/options/field.hpp"

#include "app/options/values.hpp"

#include <algorithm>

#include <fmt/ranges.h>

namespace quern::app {
namespace {

constexpr std::string_view kNoNames = "none";

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

template <class T>
Status store(Result<T> value, T& out) {
  if (!value) return value.error();
  out = std::move(*value);
  return {};
}

Result<std::vector<std::uint32_t>> parse_counts(std::string_view text, const Counts& field) {
  std::vector<std::uint32_t> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto count = parse_number<std::uint32_t>(text.substr(begin, end - begin), field.min, field.max);
    if (!count) {
      return fail(Errc::bad_input, "want integers between {} and {} with commas between them, found '{}'", field.min,
                  field.max, text);
    }
    out.push_back(*count);
    begin = end + 1;
  }
  return out;
}

Result<std::vector<std::string>> parse_names(std::string_view text) {
  std::vector<std::string> out;
  if (text == kNoNames) return out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (begin == end) {
      return fail(Errc::bad_input, "want names with commas between them, or {}, found '{}'", kNoNames, text);
    }
    out.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

Result<std::string> parse_choice(std::string_view text, const Choice& field) {
  if (std::ranges::find(field.values, text) != field.values.end()) return std::string(text);
  return fail(Errc::bad_input, "want one of {}, found '{}'", fmt::join(field.values, ", "), text);
}

}  // namespace

Status assign(const Field& field, std::string_view text, Options& options) {
  return std::visit(
      Overloaded{
          [&](const Flag& f) { return store(parse_bool(text), f.member(options)); },
          [&](const Text& f) {
            f.member(options) = text;
            return Status{};
          },
          [&](const Choice& f) { return store(parse_choice(text, f), f.member(options)); },
          [&]<class T>(const Range<T>& f) { return store(parse_number<T>(text, f.min, f.max), f.member(options)); },
          [&]<class T>(const Bytes<T>& f) -> Status {
            const Result<std::uint64_t> bytes = parse_bytes(text, f.min, f.max);
            if (!bytes) return bytes.error();
            f.member(options) = static_cast<T>(*bytes);  // max is inside T: a test walks the table
            return {};
          },
          [&](const Time& f) { return store(parse_duration(text, f.min, f.max), f.member(options)); },
          [&](const Counts& f) { return store(parse_counts(text, f), f.member(options)); },
          [&](const Names& f) { return store(parse_names(text), f.member(options)); },
          [&](const Custom& f) { return f.parse(text, options); },
      },
      field);
}

std::string show(const Field& field, Options& options) {
  return std::visit(Overloaded{
                        [&](const Flag& f) { return fmt::format("{}", f.member(options)); },
                        [&](const Text& f) { return f.member(options); },
                        [&](const Choice& f) { return f.member(options); },
                        [&]<class T>(const Range<T>& f) { return fmt::format("{}", f.member(options)); },
                        [&]<class T>(const Bytes<T>& f) { return format_bytes(f.member(options)); },
                        [&](const Time& f) { return format_duration(f.member(options)); },
                        [&](const Counts& f) { return fmt::format("{}", fmt::join(f.member(options), ",")); },
                        [&](const Names& f) {
                          const std::vector<std::string>& names = f.member(options);
                          return names.empty() ? std::string(kNoNames) : fmt::format("{}", fmt::join(names, ","));
                        },
                        [&](const Custom& f) { return std::string(f.default_text); },
                    },
                    field);
}

std::string placeholder(const Field& field) {
  return std::visit(Overloaded{
                        [](const Flag&) { return std::string(); },
                        [](const Text& f) { return std::string(f.placeholder); },
                        [](const Choice& f) { return fmt::format("{}", fmt::join(f.values, "|")); },
                        []<class T>(const Range<T>&) { return std::string(std::is_floating_point_v<T> ? "X" : "N"); },
                        []<class T>(const Bytes<T>&) { return std::string("SIZE"); },
                        [](const Time&) { return std::string("TIME"); },
                        [](const Counts&) { return std::string("N,N,.."); },
                        [](const Names& f) { return std::string(f.placeholder); },
                        [](const Custom& f) { return std::string(f.placeholder); },
                    },
                    field);
}

}  // namespace quern::app
