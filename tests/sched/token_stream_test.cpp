#include "sched/token_stream.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

namespace quern::sched {
namespace {

namespace net = boost::asio;
using namespace std::chrono_literals;

TokenEvent token(engine::TokenId id) {
  return {.token = id};
}
const TokenEvent kLast{.finish = FinishReason::length};

struct Reader {
  explicit Reader(net::io_context& io, std::uint32_t capacity = 4)
      : stream(std::make_shared<TokenStream>(capacity, io.get_executor(), signal)) {}

  std::shared_ptr<EngineSignal> signal = std::make_shared<EngineSignal>();
  std::shared_ptr<TokenStream> stream;
  std::vector<engine::TokenId> tokens;
  std::vector<std::size_t> counts;  // what each read returned
  FinishReason finish = FinishReason::none;
};

net::awaitable<void> read_once(std::shared_ptr<Reader> reader, std::size_t n_max, Duration timeout) {
  std::array<TokenEvent, 16> events;
  const auto out = std::span(events).first(n_max);
  const std::size_t n = co_await TokenStream::read(reader->stream, out, timeout);
  for (const TokenEvent& event : out.first(n)) {
    if (event.token != engine::kNoToken) reader->tokens.push_back(event.token);
    reader->finish = event.finish;
  }
  reader->counts.push_back(n);
}

net::awaitable<void> read_to_the_end(std::shared_ptr<Reader> reader) {
  do co_await read_once(reader, 3, 0s);
  while (reader->counts.back() > 0);  // 0: after the last event, or detached
}

TEST(TokenStream, HoldsExactlyItsCapacityAndTheLastEvent) {
  for (const std::uint32_t capacity : {1u, 2u, 7u, 256u}) {
    net::io_context io;
    Reader reader(io, capacity);
    for (std::uint32_t i = 0; i < capacity; ++i) {
      ASSERT_TRUE(reader.stream->has_room()) << i << " of " << capacity;
      reader.stream->push(token(1));
    }
    EXPECT_FALSE(reader.stream->has_room());
    reader.stream->finish(kLast);
    reader.stream->detach();
  }
}

TEST(TokenStream, ReturnsAllThatIsReadyInOrderAndNothingAfterTheEnd) {
  net::io_context io;
  auto reader = std::make_shared<Reader>(io);
  for (engine::TokenId id = 10; id < 14; ++id) reader->stream->push(token(id));
  reader->stream->finish(kLast);
  for (int i = 0; i < 4; ++i) {
    net::co_spawn(io, read_once(reader, 3, 0s), net::detached);
    io.restart();
    io.run();  // returns: none of the four waits
  }
  EXPECT_EQ(reader->tokens, (std::vector<engine::TokenId>{10, 11, 12, 13}));
  EXPECT_EQ(reader->counts, (std::vector<std::size_t>{3, 2, 0, 0}));
  EXPECT_EQ(reader->finish, FinishReason::length);
}

TEST(TokenStream, PushWakesAReaderThatSleeps) {
  net::io_context io;
  auto reader = std::make_shared<Reader>(io);
  net::co_spawn(io, read_once(reader, 3, 0s), net::detached);
  io.poll();
  EXPECT_TRUE(reader->counts.empty());
  reader->stream->push(token(5));
  io.poll();
  EXPECT_EQ(reader->tokens, (std::vector<engine::TokenId>{5}));
}

TEST(TokenStream, TimesOutWithNothingAndLosesNothing) {
  net::io_context io;
  auto reader = std::make_shared<Reader>(io);
  net::co_spawn(io, read_once(reader, 3, 1ms), net::detached);
  io.run();
  EXPECT_EQ(reader->counts, (std::vector<std::size_t>{0}));
  reader->stream->push(token(5));
  net::co_spawn(io, read_once(reader, 3, 1h), net::detached);
  net::co_spawn(io, read_once(reader, 3, Duration::max()), net::detached);  // must not overflow
  io.restart();
  io.poll();
  EXPECT_EQ(reader->tokens, (std::vector<engine::TokenId>{5}));
  reader->stream->finish(kLast);
  io.poll();
  EXPECT_EQ(reader->counts, (std::vector<std::size_t>{0, 1, 1}));
}

TEST(TokenStream, CancellationEndsTheReadWithoutLosingTokens) {
  net::io_context io;
  auto reader = std::make_shared<Reader>(io);
  net::cancellation_signal cancel;
  bool ended = false;
  auto at_end = [&ended](std::exception_ptr) { ended = true; };
  net::co_spawn(io, read_once(reader, 3, 0s), net::bind_cancellation_slot(cancel.slot(), at_end));
  io.poll();
  cancel.emit(net::cancellation_type::terminal);
  io.restart();
  io.poll();
  EXPECT_TRUE(ended);
  EXPECT_EQ(reader->counts, (std::vector<std::size_t>{0}));
  reader->stream->push(token(5));
  net::co_spawn(io, read_once(reader, 3, 0s), net::detached);
  io.restart();
  io.poll();
  EXPECT_EQ(reader->tokens, (std::vector<engine::TokenId>{5}));
}

net::awaitable<void> wait_for_begin(std::shared_ptr<Reader> reader, Duration timeout) {
  const bool begun = co_await TokenStream::begun(reader->stream, timeout);
  reader->counts.push_back(begun ? 1 : 0);
}

TEST(TokenStream, BegunWaitsForThePlaceOrForAnEvent) {
  for (const bool by_event : {false, true}) {
    net::io_context io;
    const auto reader = std::make_shared<Reader>(io);
    net::co_spawn(io, wait_for_begin(reader, 0s), net::detached);
    io.poll();
    EXPECT_TRUE(reader->counts.empty()) << "it waits in the line";
    by_event ? reader->stream->finish(kLast) : reader->stream->announce();
    io.run();
    EXPECT_EQ(reader->counts, std::vector<std::size_t>{1});
    net::co_spawn(io, wait_for_begin(reader, 0s), net::detached);
    io.restart();
    io.run();
    EXPECT_EQ(reader->counts.size(), 2u) << "what has begun stays so";
  }
}

TEST(TokenStream, BegunTimesOutAndEndsWithTheTicket) {
  net::io_context io;
  const auto reader = std::make_shared<Reader>(io);
  net::co_spawn(io, wait_for_begin(reader, 1ms), net::detached);
  io.run();
  EXPECT_EQ(reader->counts, std::vector<std::size_t>{0});
  net::co_spawn(io, wait_for_begin(reader, 0s), net::detached);
  io.restart();
  io.poll();
  reader->stream->detach();
  io.run();
  EXPECT_EQ(reader->counts.size(), 2u);
}

TEST(TokenStream, AnAnnouncementIsNoEvent) {
  net::io_context io;
  const auto reader = std::make_shared<Reader>(io);
  net::co_spawn(io, read_once(reader, 3, 0s), net::detached);
  io.poll();
  reader->stream->announce();
  io.poll();
  EXPECT_TRUE(reader->counts.empty());
  reader->stream->push(token(5));
  io.run();
  EXPECT_EQ(reader->tokens, std::vector<engine::TokenId>{5});
}

TEST(TokenStream, ReadThatMakesRoomRaisesTheSignalOfAParkedSequenceOnly) {
  net::io_context io;
  auto reader = std::make_shared<Reader>(io, 2);
  EXPECT_FALSE(reader->stream->park()) << "there is room: no reason to park";
  reader->stream->push(token(1));
  reader->stream->push(token(2));
  EXPECT_TRUE(reader->stream->park());
  EXPECT_EQ(reader->signal->epoch(), 0u);
  net::co_spawn(io, read_once(reader, 1, 0s), net::detached);
  io.poll();
  EXPECT_EQ(reader->signal->epoch(), 1u);
  net::co_spawn(io, read_once(reader, 1, 0s), net::detached);
  io.restart();
  io.poll();
  EXPECT_EQ(reader->signal->epoch(), 1u);
}

TEST(TokenStream, DetachEndsAReadThatWaits) {
  net::io_context io;
  auto reader = std::make_shared<Reader>(io);
  net::co_spawn(io, read_once(reader, 3, 0s), net::detached);
  io.poll();
  reader->stream->detach();
  io.run();
  EXPECT_EQ(reader->counts, (std::vector<std::size_t>{0}));
  reader->stream->push(token(1));  // the engine has not noticed yet
  reader->stream->finish(kLast);
}

TEST(TokenStream, OutlivesItsContextOnceDetached) {
  std::shared_ptr<TokenStream> stream;
  {
    net::io_context io;
    auto reader = std::make_shared<Reader>(io);
    net::co_spawn(io, read_once(reader, 3, 0s), net::detached);
    io.poll();
    stream = reader->stream;
    stream->push(token(1));  // a wake-up is posted and never runs
    stream->detach();
  }
  stream->push(token(2));
  stream->finish(kLast);
}

TEST(TokenStream, ContextDestroyedUnderAReaderThatOwnsTheStream) {
  struct Detacher {  // what a ticket in the coroutine's frame does
    std::shared_ptr<TokenStream> stream;
    ~Detacher() { stream->detach(); }
  };
  const auto own_and_read = [](std::shared_ptr<Reader> reader) -> net::awaitable<void> {
    Detacher detacher{reader->stream};
    co_await read_to_the_end(reader);
  };
  std::shared_ptr<TokenStream> stream;
  std::atomic<bool> stop{false};
  std::thread engine;
  {
    net::io_context io;
    auto reader = std::make_shared<Reader>(io, 64);
    stream = reader->stream;
    net::co_spawn(io, own_and_read(reader), net::detached);
    engine = std::thread([&] {
      while (!stop) {
        if (stream->has_room()) stream->push(token(1));
      }
    });
    io.run_for(5ms);
  }
  stop = true;
  engine.join();
}

// Two threads, a ring of two: every token arrives once and in order, whatever the sleeping and parking.
TEST(TokenStreamStress, NothingIsLostBetweenTwoThreads) {
  constexpr engine::TokenId kTokens = 20'000;
  net::io_context io;
  auto reader = std::make_shared<Reader>(io, 2);
  net::co_spawn(io, read_to_the_end(reader), net::detached);
  std::thread engine([stream = reader->stream, signal = reader->signal] {
    for (engine::TokenId id = 0; id < kTokens; ++id) {
      for (;;) {  // as EngineLoop does it
        const std::uint32_t epoch = signal->epoch();
        if (stream->has_room() || !stream->park()) break;
        signal->wait(epoch, std::nullopt);
      }
      stream->push(token(id));
    }
    stream->finish(kLast);
  });
  io.run();
  engine.join();
  ASSERT_EQ(reader->tokens.size(), static_cast<std::size_t>(kTokens));
  for (engine::TokenId id = 0; id < kTokens; ++id) ASSERT_EQ(reader->tokens[static_cast<std::size_t>(id)], id);
}

// Readers go away at any moment while the engine pushes: no use after free (sanitizers), no hang.
TEST(TokenStreamStress, ReaderLeavesWhileTheEnginePushes) {
  for (int round = 0; round < 300; ++round) {
    std::optional<net::io_context> io(std::in_place);
    auto reader = std::make_shared<Reader>(*io, 1000);
    std::shared_ptr<TokenStream> stream = reader->stream;
    std::atomic<bool> started{false};
    std::thread engine([stream, &started] {
      for (engine::TokenId id = 0; id < 200; ++id) {
        stream->push(token(id));
        started = true;
      }
      stream->finish(kLast);
    });
    net::co_spawn(*io, read_to_the_end(reader), net::detached);
    while (!started) std::this_thread::yield();
    for (int i = 0; i < round % 20; ++i) io->poll_one();
    stream->detach();
    io->poll();
    reader.reset();
    io.reset();  // while the engine may still push
    engine.join();
  }
}

}  // namespace
}  // namespace quern::sched
