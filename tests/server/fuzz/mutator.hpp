// Makes broken bodies of valid ones: wrong types, numbers and texts at the edges, nesting, names twice, fields gone or
// too many, bytes that are no UTF-8. The same seed makes the same bodies. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

namespace quern::test {

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::string body(boost::json::value valid);  // one to three changes; now and then of bytes instead of values
  std::string bytes(std::string text);         // of any text: bytes changed, added, left out, the end cut off
  std::vector<std::string> split(const std::string& text);  // pieces that make it up
  std::size_t below(std::size_t n);                         // n >= 1
  bool one_in(std::size_t n) { return below(n) == 0; }

 private:
  boost::json::value odd_value();
  boost::json::value raw(std::string text);  // stands for JSON text, or what is none
  void change(boost::json::value& root);
  std::string with_raws(std::string text) const;

  std::mt19937_64 random_;
  std::vector<std::string> raws_;
};

}  // namespace quern::test
