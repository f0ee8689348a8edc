// Reading golden JSON files: shape errors throw, and the golden program reports the file as failed with that message.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/json.hpp>

namespace quern::test {

inline boost::json::value read_json(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return boost::json::parse(text);  // doubles may be an ulp off, far below what 6 significant digits carry
}

// boost::json::value_to<float> would refuse integers such as "0".
inline std::vector<float> to_floats(const boost::json::value& value) {
  std::vector<float> out;
  for (const boost::json::value& item : value.as_array()) out.push_back(item.to_number<float>());
  return out;
}

inline std::vector<std::int32_t> to_ints(const boost::json::value& value) {
  std::vector<std::int32_t> out;
  for (const boost::json::value& item : value.as_array()) out.push_back(item.to_number<std::int32_t>());
  return out;
}

}  // namespace quern::test
