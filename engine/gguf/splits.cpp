#include "engine/gguf/splits.hpp"

#include "engine/gguf/convert.hpp"

#include <charconv>

namespace quern::engine::gguf {
namespace {

constexpr std::size_t kDigits = 5;  // "%05d" pads to five

// Takes "-NNNNN" off the end of `text`. Empty, and `text` unchanged, where there is none.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  const std::size_t dash = text.rfind('-');
  if (dash == std::string_view::npos || text.size() - dash - 1 != kDigits) return std::nullopt;
  const std::string_view digits = text.substr(dash + 1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  text.remove_suffix(text.size() - dash);
  return number;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

Result<std::uint64_t> required(const std::map<std::string_view, Value>& metadata, std::string_view key) {
  const auto found = metadata.find(key);
  if (found != metadata.end()) return to_uint(key, found->second);
  return fail(Errc::corrupt, "key \"{}\": want an unsigned integer beside split.count, found no such key", key);
}

}  // namespace

std::string SplitName::path_of(std::uint64_t file_number) const {
  return fmt::format("{}-{:05}-of-{:05}.gguf", prefix, file_number, count);
}

std::optional<SplitName> parse_split_name(std::string_view path) {
  if (!take_suffix(path, ".gguf")) return std::nullopt;
  const auto count = take_number(path);
  if (!count || !take_suffix(path, "-of")) return std::nullopt;
  const auto number = take_number(path);
  if (!number || *number < 1 || *number > *count) return std::nullopt;
  return SplitName{std::string(path), *number, *count};
}

Result<std::optional<SplitKeys>> split_keys(const std::map<std::string_view, Value>& metadata,
                                            const ReaderLimits& limits) {
  const auto found = metadata.find("split.count");
  if (found == metadata.end()) return std::optional<SplitKeys>();
  SplitKeys keys;
  QUERN_TRY(keys.count, to_uint(found->first, found->second));
  if (keys.count <= 1) return std::optional<SplitKeys>();
  if (keys.count > limits.max_splits) {
    return fail(Errc::corrupt, "key \"split.count\": want at most {}, found {}", limits.max_splits, keys.count);
  }
  QUERN_TRY(keys.no, required(metadata, "split.no"));
  if (keys.no >= keys.count) {
    return fail(Errc::corrupt, "key \"split.no\": want less than split.count {}, found {}", keys.count, keys.no);
  }
  QUERN_TRY(keys.n_tensors, required(metadata, "split.tensors.count"));
  return std::optional<SplitKeys>(keys);
}

}  // namespace quern::engine::gguf
