// Values in the notations of Python and of Gemma, byte by byte, written as JSON. Threads: one. Limits: kMaxDepth.
// Python: texts in either quotes with its escapes, lists and tuples, dicts, True, False, None (and JSON's words).
// Gemma: texts between quoting marks, in which nothing is an escape; keys bare or quoted.
#pragma once

#include "engine/tools/json_copy.hpp"
#include "engine/tools/marks.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::tools {

class LiteralCopy {
 public:
  LiteralCopy() = default;  // Python
  explicit LiteralCopy(const std::string& quote) : quoted_(true), quote_(Finder({quote})), quote_mark_({quote}) {}

  // Blanks before the value are left out. done: its last byte; done_before: as with numbers.
  Step feed(char c, std::string& json);
  void reset();

 private:
  enum class State : std::uint8_t {
    value,
    item_or_end,
    key_or_end,
    key,
    colon,
    after,
    word,
    text,
    escape,
    code,
    opening,
    raw,
    over
  };
  struct Level {
    char close;
    bool is_dict;
  };
  Step begin_value(char c, std::string& json);
  Step begin_key(char c, std::string& json);
  Step open_level(char c, std::string& json);
  Step close_level(char c, std::string& json);
  Step end_value();
  Step after(char c, std::string& json);
  Step word(char c, std::string& json);
  bool end_word(std::string& json);
  Step text(char c, std::string& json);
  Step escape(char c, std::string& json);
  Step code(char c, std::string& json);
  Step opening(char c, std::string& json);
  Step raw(char c, std::string& json);
  void end_text(std::string& json);

  bool quoted_ = false;
  Finder quote_;
  Literal quote_mark_;
  State state_ = State::value;
  bool is_key_ = false;
  char delimiter_ = 0;
  std::string word_;
  std::vector<Level> levels_;
  std::uint32_t code_ = 0, high_ = 0;
  std::uint8_t n_code_ = 0, code_size_ = 0;
};

}  // namespace quern::engine::tools
