// Typed reading of JSON that somebody else wrote: manifests, settings. Threads: pure functions.
// Errors: corrupt, naming the member, what was found and what was expected. Limits: kMaxJsonBytes, depth 32.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace quern::registry {

inline constexpr std::size_t kMaxJsonBytes = 8u << 20;

// One object, and nothing behind it.
Result<boost::json::object> parse_object(std::string_view text);

// Members. Missing: not_found for the ones without a default.
Result<std::string> text_of(const boost::json::object& object, std::string_view key);
Result<std::string> text_or(const boost::json::object& object, std::string_view key, std::string_view fallback);
Result<std::uint64_t> uint_or(const boost::json::object& object, std::string_view key, std::uint64_t fallback);
Result<double> number_or(const boost::json::object& object, std::string_view key, double fallback);
Result<bool> bool_or(const boost::json::object& object, std::string_view key, bool fallback);
// Null where there is none.
Result<const boost::json::array*> array_of(const boost::json::object& object, std::string_view key);
Result<const boost::json::object*> object_of(const boost::json::object& object, std::string_view key);

}  // namespace quern::registry
