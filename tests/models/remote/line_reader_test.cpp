#include "models/remote/line_reader.hpp"

#include <gtest/gtest.h>

namespace quern::models {
namespace {

TEST(SseReader, ReadsEventsAtEveryCut) {
  const std::string text =
      ": a comment\n\nevent: a\r\ndata: 1\r\n\r\ndata:2\ndata: 3\nid: x\n\nevent: lost\n\ndata\n\ndata: cut";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    SseReader reader;
    std::vector<std::string> found;
    for (const std::string& piece : {text.substr(0, cut), text.substr(cut)}) {
      ASSERT_TRUE(reader.add(piece));
      for (auto event = reader.next().value(); event; event = reader.next().value()) {
        found.push_back(event->name + "|" + event->data);
      }
    }
    EXPECT_EQ(found, (std::vector<std::string>{"a|1", "|2\n3", "|"})) << cut;
  }
}

TEST(SseReader, LinesAndEventsHaveALimit) {
  SseReader line;
  Status status;
  for (int i = 0; i < 5 && status; ++i) status = line.add("data: " + std::string(1 << 20, 'x'));
  EXPECT_EQ(status.error().code, Errc::overloaded);
  SseReader event;
  Result<std::optional<SseEvent>> next = std::optional<SseEvent>();
  for (int i = 0; i < 5 && next; ++i) {
    ASSERT_TRUE(event.add("data: " + std::string(1 << 20, 'x') + "\n"));
    next = event.next();
  }
  EXPECT_EQ(next.error().code, Errc::overloaded);
}

TEST(LineReader, GivesWholeLines) {
  LineReader reader;
  ASSERT_TRUE(reader.add("a\nb"));
  EXPECT_EQ(reader.next(), "a");
  EXPECT_EQ(reader.next(), std::nullopt);
  EXPECT_EQ(reader.rest(), "b");
  ASSERT_TRUE(reader.add("c\r\n\n"));
  EXPECT_EQ(reader.next(), "bc");
  EXPECT_EQ(reader.next(), "");
  EXPECT_EQ(reader.next(), std::nullopt);
}

}  // namespace
}  // namespace quern::models
