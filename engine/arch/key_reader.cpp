#include "engine/arch/key_reader.hpp"

#include "engine/gguf/convert.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace quern::engine {

namespace {

// One integer of the array, where all of them are the same.
Result<std::uint64_t> common_item(const gguf::GgufFile& file, const std::string& name) {
  QUERN_TRY(const std::vector<std::int64_t> items, file.get_int_array(name));
  if (items.empty()) return fail(Errc::corrupt, "{}: want an integer, found an empty array", name);
  const auto other = std::find_if(items.begin(), items.end(), [&](std::int64_t item) { return item != items.front(); });
  if (other != items.end()) {
    return fail(Errc::unsupported, "{}: want one value for all layers, found {} and {}", name, items.front(), *other);
  }
  if (items.front() < 0) return fail(Errc::corrupt, "{}: want no negative number, found {}", name, items.front());
  return static_cast<std::uint64_t>(items.front());
}

}  // namespace

std::string KeyReader::name(std::string_view key) const {
  return fmt::format("{}.{}", arch_, key);
}

const gguf::Value* KeyReader::find(std::string_view key) const {
  std::string full = name(key);
  const gguf::Value* found = file_.find(full);
  read_.insert(std::move(full));
  return found;
}

Result<std::uint32_t> KeyReader::count(std::string_view key, std::uint64_t min, std::uint64_t max) const {
  const std::string full = name(key);
  const gguf::Value* found = find(key);
  const bool is_array = found != nullptr && found->type == gguf::ValueType::array;
  QUERN_TRY(const std::uint64_t value, is_array ? common_item(file_, full) : file_.get_uint(full));
  if (value < min || value > max) return fail(Errc::corrupt, "{}: want {} to {}, found {}", full, min, max, value);
  return static_cast<std::uint32_t>(value);
}

Result<std::uint32_t> KeyReader::count_or(std::string_view key, std::uint64_t min, std::uint64_t max,
                                          std::uint32_t fallback) const {
  if (!has(key)) return fallback;
  return count(key, min, max);
}

Result<std::vector<std::int64_t>> KeyReader::integers(std::string_view key) const {
  find(key);
  return file_.get_int_array(name(key));
}

Result<std::vector<std::uint32_t>> KeyReader::per_layer(std::string_view key, std::uint64_t min, std::uint64_t max,
                                                        std::size_t n_layers) const {
  const gguf::Value* found = find(key);
  if (found == nullptr || found->type != gguf::ValueType::array) {
    QUERN_TRY(const std::uint32_t value, count(key, min, max));
    return std::vector<std::uint32_t>(n_layers, value);
  }
  const std::string full = name(key);
  QUERN_TRY(const std::vector<std::int64_t> items, file_.get_int_array(full));
  if (items.size() < n_layers)
    return fail(Errc::corrupt, "{}: want one number per layer, {}, found {}", full, n_layers, items.size());
  std::vector<std::uint32_t> out;
  for (const std::int64_t item : std::span(items).first(n_layers)) {
    if (item < 0 || static_cast<std::uint64_t>(item) < min || static_cast<std::uint64_t>(item) > max)
      return fail(Errc::corrupt, "{}: want {} to {}, found {}", full, min, max, item);
    out.push_back(static_cast<std::uint32_t>(item));
  }
  return out;
}

Result<float> KeyReader::number_or(std::string_view key, double min, double max, double fallback) const {
  find(key);
  const std::string full = name(key);
  QUERN_TRY(const double value, file_.get_float_or(full, fallback));
  if (value < min || value > max) return fail(Errc::corrupt, "{}: want {} to {}, found {}", full, min, max, value);
  return static_cast<float>(value);
}

Result<float> KeyReader::positive(std::string_view key, double max) const {
  QUERN_TRY(double value, file_.get_float(name(key)));  // names a missing key
  QUERN_TRY(value, positive_or(key, max, 1.0));
  return static_cast<float>(value);
}

Result<double> KeyReader::positive_or(std::string_view key, double max, double fallback) const {
  const std::string full = name(key);
  const bool has_key = has(key);
  QUERN_TRY(const double value, file_.get_float_or(full, fallback));
  // What underflows to 0 in F32 counts as 0.
  if (!std::isfinite(value) || value > max || static_cast<float>(value) <= 0.0f) {
    if (has_key) return fail(Errc::corrupt, "{}: want a number above 0 and up to {}, found {}", full, max, value);
  }
  return value;
}

Result<bool> KeyReader::flag(std::string_view key) const {
  find(key);
  return file_.get_bool(name(key));
}

// Booleans, or integers of which 0 is false.
Result<std::vector<bool>> KeyReader::flags(std::string_view key, std::size_t n_layers) const {
  const gguf::Value* found = find(key);
  const std::string full = name(key);
  if (found == nullptr || found->type != gguf::ValueType::array || found->array.count < n_layers)
    return fail(Errc::corrupt, "{}: want an array of {} flags, found {}", full, n_layers,
                found == nullptr ? "none" : gguf::type_text(*found));
  std::vector<bool> out;
  if (found->array.element == gguf::ValueType::boolean) {
    for (std::size_t i = 0; i < n_layers; ++i) out.push_back(found->array.raw[i] != std::byte{0});
    return out;
  }
  QUERN_TRY(const std::vector<std::int64_t> items, file_.get_int_array(full));
  for (std::size_t i = 0; i < n_layers; ++i) out.push_back(items[i] != 0);
  return out;
}

Result<bool> KeyReader::flag_or(std::string_view key, bool fallback) const {
  find(key);
  return file_.get_bool_or(name(key), fallback);
}

Result<std::string_view> KeyReader::text_or(std::string_view key, std::string_view fallback) const {
  find(key);
  return file_.get_string_or(name(key), fallback);
}

Status KeyReader::refuse(std::string_view key) const {
  if (!has(key)) return {};
  return fail(Errc::unsupported, "{}: this key is not supported", name(key));
}

}  // namespace quern::engine
