#include "app/run/chat.hpp"

#include <istream>
#include <ostream>
#include <utility>

namespace quern::app {
namespace {

using engine::chat::Message;

constexpr const char* kHelp =
    "  /reset   forget the conversation\n"
    "  /quit    leave (Ctrl-D too)\n"
    "  Ctrl-C   stop the answer; twice: leave\n"
    "  A line that ends in \\ goes on in the next one.\n";

std::vector<Message> beginning(const std::string& system) {
  std::vector<Message> out;
  if (!system.empty()) out.push_back({"system", system});
  return out;
}

// One message; lines that end in a backslash continue. false: the input has ended.
bool read_message(const ChatIo& io, std::string& message) {
  message.clear();
  io.out << "> " << std::flush;
  for (std::string line; std::getline(io.in, line);) {
    if (!line.ends_with('\\')) {
      message += line;
      return true;
    }
    line.back() = '\n';
    message += line;
    io.out << ". " << std::flush;
  }
  return !message.empty();
}

void ask(const ChatIo& io, std::vector<Message>& messages, std::string question) {
  messages.push_back({"user", std::move(question)});
  Result<std::string> answer = io.answer(messages);
  if (answer) {
    messages.push_back({"assistant", std::move(*answer)});
    return;
  }
  io.out << "error: " << answer.error().detail << '\n';
  messages.pop_back();
}

}  // namespace

void chat_loop(const ChatIo& io, const std::string& system) {
  std::vector<Message> messages = beginning(system);
  for (std::string message; read_message(io, message);) {
    if (message == "/quit" || message == "/exit") return;
    if (message == "/help") {
      io.out << kHelp;
    } else if (message == "/reset") {
      messages = beginning(system);
      io.out << "(a new conversation)\n";
    } else if (message.starts_with('/') && message.find(' ') == std::string::npos) {
      io.out << message << " is no command; /help lists them\n";
    } else if (!message.empty()) {
      ask(io, messages, std::move(message));
    }
  }
  io.out << '\n';
}

}  // namespace quern::app
