// A token from the engine to a reader that keeps up: push, and a read that finds it there.
#include "sched/token_stream.hpp"

#include <array>

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

namespace quern::sched {
namespace {

namespace net = boost::asio;

// burst tokens are pushed, then read at once.
net::awaitable<void> push_and_read(std::shared_ptr<TokenStream> stream, benchmark::State& state, std::int64_t burst) {
  std::array<TokenEvent, 64> events;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < burst; ++i) stream->push({.token = 1});
    const std::size_t n = co_await TokenStream::read(stream, events, Duration::zero());
    benchmark::DoNotOptimize(n);
  }
  state.SetItemsProcessed(state.iterations() * burst);
}

void reader_awake(benchmark::State& state) {
  net::io_context io;
  auto stream = std::make_shared<TokenStream>(256, io.get_executor(), std::make_shared<EngineSignal>());
  net::co_spawn(io, push_and_read(stream, state, state.range(0)), net::detached);
  io.run();
}
BENCHMARK(reader_awake)->Arg(1)->Arg(16);

net::awaitable<void> read_for_ever(std::shared_ptr<TokenStream> stream) {
  std::array<TokenEvent, 64> events;
  while (co_await TokenStream::read(stream, events, Duration::zero()) > 0) {
  }
}

// The reader sleeps before every token, as it does when a step takes longer than the reading: push, post, wake, read.
void reader_asleep(benchmark::State& state) {
  net::io_context io;
  auto stream = std::make_shared<TokenStream>(256, io.get_executor(), std::make_shared<EngineSignal>());
  net::co_spawn(io, read_for_ever(stream), net::detached);
  io.poll();
  for (auto _ : state) {
    stream->push({.token = 1});
    io.poll();
  }
  state.SetItemsProcessed(state.iterations());
  stream->detach();
  io.poll();
}
BENCHMARK(reader_asleep);

}  // namespace
}  // namespace quern::sched
