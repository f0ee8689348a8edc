#include "app/run/chat.hpp"

#include <sstream>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

using engine::chat::Message;

struct Chat {
  std::vector<std::string> asked;  // each conversation as "role:content|role:content"
  std::string printed;

  void talk(const std::string& input, const std::string& system = "") {
    std::istringstream in(input);
    std::ostringstream out;
    const auto answer = [this](std::vector<Message>& messages) -> Result<std::string> {
      std::string all;
      for (const Message& message : messages) all += (all.empty() ? "" : "|") + message.role + ":" + message.content;
      asked.push_back(all);
      if (messages.back().content == "fail") return fail(Errc::overloaded, "no room");
      return "answer " + std::to_string(asked.size());
    };
    chat_loop({in, out, answer}, system);
    printed = out.str();
  }
};

TEST(ChatLoop, KeepsTheConversation) {
  Chat chat;
  chat.talk("one\ntwo\n", "be brief");
  EXPECT_EQ(chat.asked, (std::vector<std::string>{"system:be brief|user:one",
                                                  "system:be brief|user:one|assistant:answer 1|user:two"}));
}

TEST(ChatLoop, ResetForgetsAllButTheSystemMessage) {
  Chat chat;
  chat.talk("one\n/reset\ntwo\n", "s");
  EXPECT_EQ(chat.asked.back(), "system:s|user:two");
}

TEST(ChatLoop, QuitAndEndOfInputLeave) {
  Chat chat;
  chat.talk("/quit\nnever\n");
  EXPECT_TRUE(chat.asked.empty());
  chat.talk("");
  EXPECT_TRUE(chat.asked.empty());
}

TEST(ChatLoop, AFailedAnswerForgetsItsQuestion) {
  Chat chat;
  chat.talk("fail\ntwo\n");
  EXPECT_NE(chat.printed.find("error: no room"), std::string::npos);
  EXPECT_EQ(chat.asked.back(), "user:two");
}

TEST(ChatLoop, BackslashContinuesAndEmptyLinesAreSkipped) {
  Chat chat;
  chat.talk("\n\nfirst\\\nsecond\n");
  EXPECT_EQ(chat.asked, std::vector<std::string>{"user:first\nsecond"});
}

TEST(ChatLoop, CommandsAreNotSentToTheModel) {
  Chat chat;
  chat.talk("/help\n/nonsense\n/ is a slash\n");
  EXPECT_NE(chat.printed.find("/reset"), std::string::npos);
  EXPECT_NE(chat.printed.find("/nonsense is no command"), std::string::npos);
  EXPECT_EQ(chat.asked, std::vector<std::string>{"user:/ is a slash"});
}

}  // namespace
}  // namespace quern::app
