#include "app/model_store.hpp"
#include "app/pull/progress.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

using registry::pull::PullEvent;
using registry::pull::Stage;

std::string printed(bool terminal, const std::vector<PullEvent>& events) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* const file = ::open_memstream(&text, &size);
  {
    PullProgress progress(file, terminal, 79);
    for (const PullEvent& event : events) progress.show(event);
  }
  std::fclose(file);
  std::string out(text, size);
  std::free(text);
  return out;
}

PullEvent downloading(std::uint64_t bytes) {
  return {.stage = Stage::downloading, .file = "x.gguf", .bytes = bytes, .total = 1000};
}

TEST(PullProgress, AmountsForPeople) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1000), "1.0 KB");
  EXPECT_EQ(bytes_text(999'999), "1.0 MB");
  EXPECT_EQ(bytes_text(4'830'000'000), "4.8 GB");
  EXPECT_EQ(bytes_text(48'300'000'000), "48 GB");
  EXPECT_EQ(bytes_text(UINT64_MAX), "18447 PB");
  EXPECT_EQ(human_seconds(45), "45 s");
  EXPECT_EQ(human_seconds(200), "3 min 20 s");
  EXPECT_EQ(human_seconds(7500), "2 h 5 min");
}

TEST(PullProgress, ALineFitsItsTerminal) {
  PullEvent event = downloading(450);
  event.bytes_per_s = 85e6;
  event.seconds_left = 12;
  EXPECT_EQ(progress_line(event, 79), "x.gguf  [#########...........]  45%  450 B of 1.0 KB  85 MB/s  12 s left");
  event.file = std::string(200, 'n') + "-Q8_0.gguf";
  for (const std::size_t columns : {20u, 40u, 79u, 200u}) EXPECT_LE(progress_line(event, columns).size(), columns);
  EXPECT_NE(progress_line(event, 200).find("-Q8_0.gguf"), std::string::npos);
  event.total = 0;
  EXPECT_FALSE(progress_line(event, 79).empty());
}

TEST(PullProgress, ElsewhereThanOnATerminalALineAtEachTenth) {
  std::vector<PullEvent> events;
  for (std::uint64_t bytes = 0; bytes <= 1000; bytes += 10) events.push_back(downloading(bytes));
  events.push_back({.stage = Stage::finished, .file = "x.gguf", .bytes = 1000, .total = 1000});
  const std::string text = printed(false, events);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 12);
  EXPECT_EQ(text.find('\r'), std::string::npos);
  EXPECT_TRUE(text.ends_with("x.gguf: done\n"));
}

TEST(PullProgress, OnATerminalOneLineIsDrawnOver) {
  const std::string text = printed(
      true, {downloading(10), downloading(20), {.stage = Stage::waiting, .text = "trying again"}, downloading(30)});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 3);
}

}  // namespace
}  // namespace quern::app
