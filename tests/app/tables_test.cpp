#include "app/ctl/tables.hpp"

#include <gtest/gtest.h>

namespace quern::app {
namespace {

TEST(ObjectTable, AlignsAndFlattens) {
  EXPECT_EQ(object_table(R"({"model": "m", "kv": {"pages": 12, "free": 3}, "ok": true})").value(),
            "model     m\nkv.pages  12\nkv.free   3\nok        true\n");
}

TEST(RowsTable, OneColumnPerKey) {
  EXPECT_EQ(rows_table(R"({"requests": [{"id": 1, "state": "decode"}, {"id": 22, "state": "queued"}]})").value(),
            "id  state\n1   decode\n22  queued\n");
  EXPECT_EQ(rows_table("[]").value(), "none\n");
  EXPECT_EQ(rows_table(R"([{"id": 1, "x": 2}, {"x": 3}, 7])").value(), "id  x\n1   2\n    3\n\n");
}

TEST(Tables, TerminalsNeverSeeControlCharacters) {
  const std::string text = rows_table("[{\"label\": \"a\\u001b[2Jb\\n\"}]").value();
  EXPECT_EQ(text, "label\na?[2Jb?\n");
}

TEST(Tables, HostileRepliesAreErrors) {
  for (const char* bad : {"", "{", "nonsense", "\xff\xfe"}) {
    EXPECT_FALSE(object_table(bad)) << bad;
    EXPECT_FALSE(rows_table(bad)) << bad;
  }
  EXPECT_FALSE(object_table("[1]"));
  EXPECT_FALSE(rows_table("3"));
  EXPECT_FALSE(rows_table("[1]"));
}

TEST(ErrorMessage, FindsItWhereServersPutIt) {
  EXPECT_EQ(error_message(R"({"error": {"message": "no such request"}})"), "no such request");
  EXPECT_EQ(error_message(R"({"error": "plain"})"), "plain");
  EXPECT_EQ(error_message("<html>"), "<html>");
}

}  // namespace
}  // namespace quern::app
