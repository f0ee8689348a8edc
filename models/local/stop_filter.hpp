// Cuts a text that arrives in pieces at the first stop string, and holds back only what may still become one.
// "First" is by where a stop string ends; of several that end together the longest. So the result depends on the text
// alone, never on how it was split. Threads: one. Text and stop strings are UTF-8, so no character is ever cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quern::models {

class StopFilter {
 public:
  explicit StopFilter(std::vector<std::string> stops);  // none of them empty

  std::string append(std::string_view text);  // what is certain; after stopped(): nothing
  std::string flush();                        // the text has ended: what was held back is text after all
  bool stopped() const noexcept { return found_ != kNone; }
  std::size_t found() const noexcept { return found_; }  // the index of the one that was found. REQUIRES: stopped()

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t held_back() const noexcept;  // bytes at the end of held_ that begin a stop string

  std::vector<std::string> stops_;
  std::string held_;
  std::size_t found_ = kNone;
};

}  // namespace quern::models
