// The arguments of a call where they are written as JSON: an object, the text of one in a string, or null for none.
// Threads: one. Limits: those of JsonCopy.
#pragma once

#include "engine/tools/json_copy.hpp"

#include <string>

namespace quern::engine::tools {

class ArgumentsCopy {
 public:
  // json: where the object's text is appended to. Never done_before.
  Step feed(char c, std::string& json);

 private:
  Step inside_text(char c, std::string& json);
  enum class State : std::uint8_t { start, object, text, null };
  State state_ = State::start;
  JsonCopy object_;
  StringDecoder decoder_;
  bool begun_ = false, over_ = false;  // the object in the string
  std::size_t n_null_ = 0;
};

}  // namespace quern::engine::tools
