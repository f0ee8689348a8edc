// The chat of `quern run` on a terminal: reads lines, keeps the conversation, knows /help, /reset and /quit.
// Threads: one; it only sees streams and a function, so that tests need no terminal and no model.
#pragma once

#include "base/result.hpp"
#include "engine/chat/template_set.hpp"

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

namespace quern::app {

struct ChatIo {
  std::istream& in;
  std::ostream& out;
  // Prints the assistant's answer to the conversation and returns it. May drop old messages.
  std::function<Result<std::string>(std::vector<engine::chat::Message>&)> answer;
};

// Ends at /quit or at the end of input. An answer that fails is reported and its question forgotten; the chat goes on.
void chat_loop(const ChatIo& io, const std::string& system);

}  // namespace quern::app
