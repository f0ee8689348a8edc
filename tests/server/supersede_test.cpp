#include "server/supersede.hpp"

#include "tests/server/server_harness.hpp"

namespace quern::test {
namespace {

using server::SupersedeTable;

TEST(SupersedeTable, ALaterArrivalReplacesAnEarlierOneInWhateverOrderTheyEnter) {
  ServerHarness server;
  SupersedeTable table;
  SupersedeTable::Entry second = table.enter("k", 2);
  EXPECT_FALSE(second.superseded());
  SupersedeTable::Entry first = table.enter("k", 1);  // took longer to prepare
  EXPECT_TRUE(first.superseded());
  EXPECT_FALSE(second.superseded());
  SupersedeTable::Entry other = table.enter("l", 3);
  EXPECT_FALSE(second.superseded());
  SupersedeTable::Entry third = table.enter("k", 4);
  EXPECT_TRUE(second.superseded());
  EXPECT_FALSE(third.superseded());
}

TEST(SupersedeTable, TellsWhenTheReplacedOneHasLeft) {
  ServerHarness server;
  SupersedeTable table;
  std::optional<SupersedeTable::Entry> older(table.enter("k", 1));
  older->stand_for({7, 8}, server.catalog.residents().front());
  SupersedeTable::Entry newer = table.enter("k", 2);
  EXPECT_TRUE(newer.replaces());
  int n_told = 0;
  newer.when_older_left([&n_told] { ++n_told; });
  older.reset();
  EXPECT_EQ(n_told, 1);
  // One that replaces a request which itself still waits for an older one to end has to wait for that one.
  SupersedeTable::Entry newest = table.enter("k", 3);
  EXPECT_TRUE(newest.replaces());
}

TEST(SupersedeTable, AnEmptyKeyStandsForNothing) {
  ServerHarness server;
  SupersedeTable table;
  SupersedeTable::Entry one = table.enter("", 1);
  SupersedeTable::Entry two = table.enter("", 2);
  EXPECT_FALSE(one.superseded());
  EXPECT_FALSE(two.replaces());
}

std::string keystroke(std::string_view prompt) {
  return fmt::format(R"({{"prompt":"{}","max_tokens":3,"supersede_key":"editor"}})", prompt);
}

TEST(Supersede, TheNewerOneTakesTheOldersPlaceInAFullQueue) {
  ServerHarnessOptions options;
  options.gated = true;
  options.scheduler.max_running = 1;
  options.scheduler.queue_capacity = 1;
  ServerHarness server(options);
  HttpClient running = server.tcp(), older = server.tcp();
  running.post("/v1/completions", R"({"prompt":"a","max_tokens":3})");
  server.gate.wait_for_arrival(1);
  older.post("/v1/completions", keystroke("b"));
  server.eventually("the older one waits", [&] { return server.scheduler->snapshot().queued == 1; });
  const std::uint64_t before = server.ledger.used(MemoryUse::requests);
  EXPECT_EQ(server.post("/v1/completions", R"({"prompt":"c","max_tokens":3})").status, 429) << "the queue is full";
  server.eventually("the refused one is gone", [&] { return server.ledger.used(MemoryUse::requests) == before; });
  HttpClient newer = server.tcp(), newest = server.tcp();
  newer.post("/v1/completions", keystroke("k"));
  server.eventually("it waits", [&] { return server.ledger.used(MemoryUse::requests) > before; });
  newest.post("/v1/completions", keystroke("m"));  // replaces the newer one while that waits for the older one's place
  EXPECT_EQ(newer.read_reply().status, 499);
  server.gate.open();
  EXPECT_EQ(older.read_reply().status, 499);
  const Reply reply = newest.read_reply();
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(json::parse(reply.body).at("choices").at(0).at("text"), "nop");
  EXPECT_EQ(running.read_reply().status, 200);
  EXPECT_EQ(server.scheduler->snapshot().rejected, 1u) << "the one without a key";
}

}  // namespace
}  // namespace quern::test
