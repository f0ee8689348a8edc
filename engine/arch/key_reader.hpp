// Reads "<arch>.<key>" of a GGUF file, each value with its limits, and remembers which keys were asked for: what nobody
// asked for is judged by refuse_leftover_keys() (leftovers.hpp). Errors name the key, the found value and what was
// wanted. Threads: one.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine {

class KeyReader {
 public:
  KeyReader(const gguf::GgufFile& file, std::string_view arch) : file_(file), arch_(arch) {}

  std::string_view arch() const noexcept { return arch_; }
  const gguf::GgufFile& file() const noexcept { return file_; }
  std::string name(std::string_view key) const;
  const gguf::Value* find(std::string_view key) const;  // nullptr: missing
  bool has(std::string_view key) const { return find(key) != nullptr; }

  // An integer in [min, max]; a missing key is an error. An array is accepted where all its items are equal.
  Result<std::uint32_t> count(std::string_view key, std::uint64_t min, std::uint64_t max) const;
  Result<std::uint32_t> count_or(std::string_view key, std::uint64_t min, std::uint64_t max,
                                 std::uint32_t fallback) const;
  Result<std::vector<std::int64_t>> integers(std::string_view key) const;
  // One integer in [min, max] per layer: a number for all of them, or an array with at least so many items.
  Result<std::vector<std::uint32_t>> per_layer(std::string_view key, std::uint64_t min, std::uint64_t max,
                                               std::size_t n_layers) const;
  // A finite number in [min, max].
  Result<float> number_or(std::string_view key, double min, double max, double fallback) const;
  // A finite float in (0, max].
  Result<float> positive(std::string_view key, double max) const;
  Result<double> positive_or(std::string_view key, double max, double fallback) const;
  Result<bool> flag(std::string_view key) const;
  Result<std::vector<bool>> flags(std::string_view key, std::size_t n_layers) const;  // one per layer
  Result<bool> flag_or(std::string_view key, bool fallback) const;
  Result<std::string_view> text_or(std::string_view key, std::string_view fallback) const;
  // For keys that are known, change the computation, and are not supported: an error where the key is present.
  Status refuse(std::string_view key) const;
  // For keys whose value is known to be of no use in files of this architecture. The call says why.
  void ignore(std::string_view key) const { find(key); }

  bool was_read(std::string_view full_name) const { return read_.contains(full_name); }

 private:
  const gguf::GgufFile& file_;
  std::string_view arch_;
  mutable std::set<std::string, std::less<>> read_;  // full names; mutable: reading changes nothing that is read
};

}  // namespace quern::engine
