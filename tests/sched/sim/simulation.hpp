// A discrete-event simulation of the scheduler: the real engine loop, policies and batcher, with a scripted machine and
// a fake clock. Events (arrivals, readers that read, cancellations) happen at their times; hours pass in seconds.
#pragma once

#include "sched/engine_loop.hpp"
#include "sched/request_check.hpp"
#include "tests/sched/fake_tokenizer.hpp"
#include "tests/sched/sim/sim_backend.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

namespace quern::test::sim {

struct Options {
  Machine machine;
  std::uint32_t seed = 1;
  std::uint32_t n_pages = 4096, page_tokens = 32;
  engine::BackendLimits backend{
      .max_tokens_per_step = 512, .max_seqs_per_step = 64, .max_logits_per_step = 64, .max_context = 16384};
  sched::SchedulerLimits limits{.queue_capacity = 512, .max_running = 64};
};

struct Arrival {
  std::uint32_t n_prompt = 100, n_answer = 50;
  std::string tenant = "t";
  std::int32_t priority = 0;
  double max_queue_s = 0, deadline_s = 0, max_itl_s = 0;  // 0: none
  std::uint32_t max_tokens = 0;                           // asked for; 0: n_answer
  bool reads = true;                                      // false: only what read() is called for
  std::int32_t prefix = -1;                               // prompts with the same number begin alike; -1: with nobody's
};

struct Client {
  Arrival arrival;
  std::shared_ptr<sched::Generation> generation;  // empty: turned away at once
  double arrived_s = 0, first_token_s = -1, ended_s = -1;
  std::uint32_t n_tokens = 0;
  sched::FinishReason finish = sched::FinishReason::none;
  bool waiting = false;  // a read is under way

  bool answered() const { return finish == sched::FinishReason::stop || finish == sched::FinishReason::length; }
  bool refused() const { return !generation || finish == sched::FinishReason::refused; }
  double ttft() const { return first_token_s - arrived_s; }
};
using ClientPtr = std::shared_ptr<Client>;

// What happened while prompts were computed or waited beside streams.
struct Contention {
  double seconds = 0;
  double prompt_tokens = 0;
  double oracle_tokens = 0;         // that one who knows the machine would have computed within the same target
  std::vector<double> gaps;         // ascending
  double gap_p90 = 0, gap_p99 = 0;  // steps with decodes, as multiples of what the decodes take alone
  double of_oracle() const { return prompt_tokens / oracle_tokens; }
};

class Simulation {
 public:
  explicit Simulation(const Options& options = {});
  ~Simulation();

  double now_s() const { return to_seconds(clock.now().time_since_epoch()); }
  void at(double time_s, std::function<void()> action) { events_.emplace(time_s, std::move(action)); }
  // Again and again until `until_s`; the first time now.
  void every(double interval_s, double until_s, std::function<void()> action);
  ClientPtr arrive(const Arrival& arrival);
  // From now on the tenant has n requests like this one here at all times: a new one when one has ended, or after
  // 50 ms when it was turned away.
  void keep(std::uint32_t n, const Arrival& arrival, double until_s);
  void cancel(const Client& client);
  // The reader takes up to n events; nothing if there are none.
  void read(const ClientPtr& client, std::size_t n);

  void run_until(double time_s);
  void run_until_idle(double limit_s = 100'000);  // until all requests have ended and no event is left

  // Of steps from begin_s on in which somebody's prompt was being computed or should have been. factor: the target.
  Contention contention(double begin_s = 0, double end_s = 1e18, double factor = 2) const;
  // What a prompt of n tokens takes on the idle machine, without noise.
  double alone_s(std::uint32_t n_prompt) const;

  const Options options;
  ManualClock clock;
  SimBackend backend;
  kv::PagePool pool;
  kv::PrefixCache cache;
  kv::StateCheckpoints checkpoints;
  sched::SubmissionQueue queue;
  sched::PlaceTable places;
  sched::Stats stats;
  std::shared_ptr<sched::EngineSignal> signal = std::make_shared<sched::EngineSignal>();
  boost::asio::io_context io;
  FakeTokenizer tokenizer;
  std::vector<ClientPtr> clients;

 private:
  void fire_due();
  void step();
  void poll();
  void note_events(Client& client, std::span<const sched::TokenEvent> events);
  static boost::asio::awaitable<void> read_once(Simulation* self, ClientPtr client, std::size_t n);

  std::optional<sched::EngineLoop> loop_;
  std::multimap<double, std::function<void()>> events_;
  std::vector<ClientPtr> live_;
  std::vector<bool> wanted_;  // [step] somebody's prompt was being computed, or waited for it
  sched::RequestId last_id_ = 0;
  engine::TokenId next_prompt_ = 0;
};

}  // namespace quern::test::sim
