#include "tests/sched/sim/simulation.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

namespace quern::test::sim {
namespace {

Duration seconds(double s) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(s));
}

std::optional<Duration> limit(double s) {
  return s > 0 ? std::optional<Duration>(seconds(s)) : std::nullopt;
}

std::uint32_t n_places(const sched::SchedulerLimits& limits) {
  return limits.queue_capacity + limits.max_running;
}

}  // namespace

Simulation::Simulation(const Options& options_in)
    : options(options_in),
      backend(options.machine, clock, options.seed, options.backend),
      pool(options.n_pages),
      cache(pool, options.page_tokens),
      checkpoints(options.limits.max_running, 0, options.n_pages),
      queue(n_places(options.limits) + options.limits.queue_capacity),
      places(n_places(options.limits), options.limits.tenant_weights),
      tokenizer(8, 3) {
  clock.advance(std::chrono::seconds(1));
  loop_.emplace(sched::EngineParts{backend, tokenizer, clock, queue, *signal, stats, nullptr},
                sched::CacheParts{.pool = pool,
                                  .cache = cache,
                                  .checkpoints = checkpoints,
                                  .copy_page = {},
                                  .copy_state = [](kv::PageId, kv::PageId) {}},
                options.limits, options.page_tokens);
}

Simulation::~Simulation() {
  loop_->shut_down();
  for (const ClientPtr& client : clients) {
    if (client->generation) client->generation->stream->detach();
  }
  poll();
}

ClientPtr Simulation::arrive(const Arrival& arrival) {
  auto client = std::make_shared<Client>();
  client->arrival = arrival;
  client->arrived_s = now_s();
  clients.push_back(client);
  auto held = places.enter(arrival.tenant, queue.size());
  if (!held) return client;
  auto generation = std::make_shared<sched::Generation>();
  sched::GenerateRequest& request = generation->request;
  // Prompts differ from the first token on, unless they shall begin alike.
  const engine::TokenId first = arrival.prefix >= 0 ? arrival.prefix : 1000 + next_prompt_++;
  request.prompt.assign(arrival.n_prompt, 1);
  for (std::size_t i = 0; i < 8 && i < request.prompt.size(); ++i) {
    request.prompt[i] = static_cast<engine::TokenId>((static_cast<std::uint32_t>(first) >> (3 * i)) % 8);
  }
  request.max_tokens = arrival.max_tokens > 0 ? arrival.max_tokens : arrival.n_answer;
  request.sampling.temperature = 0;
  request.ignore_eos = true;
  request.tenant = arrival.tenant;
  request.priority = arrival.priority;
  request.max_queue = limit(arrival.max_queue_s);
  request.deadline = limit(arrival.deadline_s);
  request.max_itl = limit(arrival.max_itl_s);
  const sched::RequestBounds bounds{.n_vocab = 8,
                                    .max_context = options.backend.max_context,
                                    .page_tokens = options.page_tokens,
                                    .n_pages = options.n_pages};
  generation->id = ++last_id_;
  generation->submitted = clock.now();
  generation->times.start(clock.now());
  sched::check_request(request, bounds).value();
  generation->n_pages_needed = sched::pages_needed(request, bounds);
  generation->sampler.emplace(request.sampling, 8, nullptr);
  generation->stream = std::make_shared<sched::TokenStream>(options.limits.stream_capacity, io.get_executor(), signal);
  generation->places = held;
  if (!queue.push(generation)) {
    held->leave();
    return client;
  }
  stats.live.fetch_add(1);
  client->generation = std::move(generation);
  live_.push_back(client);
  signal->raise();
  return client;
}

void Simulation::every(double interval_s, double until_s, std::function<void()> action) {
  at(now_s(), [=, this, action = std::move(action)] {
    action();
    if (now_s() + interval_s >= until_s) return;
    at(now_s() + interval_s, [=, this] { every(interval_s, until_s, action); });
  });
}

void Simulation::keep(std::uint32_t n, const Arrival& arrival, double until_s) {
  for (std::uint32_t i = 0; i < n; ++i) {
    const auto last = std::make_shared<ClientPtr>();
    every(0.05, until_s, [this, arrival, last] {
      if (*last && (*last)->generation && (*last)->finish == sched::FinishReason::none) return;
      *last = arrive(arrival);
    });
  }
}

void Simulation::cancel(const Client& client) {
  if (!client.generation) return;
  client.generation->cancelled = true;
  signal->raise();
}

void Simulation::read(const ClientPtr& client, std::size_t n) {
  if (!client->generation || client->waiting || client->finish != sched::FinishReason::none) return;
  client->waiting = true;
  boost::asio::co_spawn(io, read_once(this, client, n), boost::asio::detached);
}

boost::asio::awaitable<void> Simulation::read_once(Simulation* self, ClientPtr client, std::size_t n) {
  std::array<sched::TokenEvent, 64> events;
  const auto out = std::span(events).first(std::min(n, events.size()));
  const std::size_t n_read = co_await sched::TokenStream::read(client->generation->stream, out, Duration::zero());
  client->waiting = false;
  self->note_events(*client, out.first(n_read));
}

void Simulation::note_events(Client& client, std::span<const sched::TokenEvent> events) {
  for (const sched::TokenEvent& event : events) {
    if (event.token != engine::kNoToken) {
      if (client.n_tokens++ == 0) client.first_token_s = now_s();
      // An answer that ends before max_tokens: its reader has seen the last token it wanted.
      if (client.n_tokens == client.arrival.n_answer && client.finish == sched::FinishReason::none &&
          event.finish == sched::FinishReason::none) {
        client.generation->satisfied = true;
        cancel(client);
      }
    }
    if (event.finish == sched::FinishReason::none) continue;
    client.finish = event.finish;
    client.ended_s = now_s();
  }
}

void Simulation::poll() {
  io.restart();
  io.poll();
}

void Simulation::fire_due() {
  while (!events_.empty() && events_.begin()->first <= now_s()) {
    const auto action = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    action();
  }
}

void Simulation::step() {
  const std::size_t n_before = backend.notes.size();
  const bool worked = loop_->step();
  if (backend.notes.size() > n_before) {
    const auto prefills = [](const ClientPtr& client) {
      return client->generation->state.load() == sched::RequestState::prefill;
    };
    wanted_.push_back(backend.notes.back().n_prompt_tokens > 0 || std::ranges::any_of(live_, prefills));
  }
  for (const ClientPtr& client : live_) {
    if (client->arrival.reads) read(client, 64);
  }
  poll();
  std::erase_if(live_, [](const ClientPtr& client) { return client->finish != sched::FinishReason::none; });
  if (worked) return;
  // Nothing can run: on to the next event, or to when the loop itself wants to look again.
  double next = events_.empty() ? 1e18 : events_.begin()->first;
  if (const auto idle = loop_->idle_time()) next = std::min(next, now_s() + to_seconds(*idle));
  if (next < 1e18 && next > now_s()) clock.advance(seconds(next - now_s()) + Duration(1));
}

void Simulation::run_until(double time_s) {
  at(time_s, [] {});
  while (now_s() < time_s) {
    fire_due();
    step();
  }
}

void Simulation::run_until_idle(double limit_s) {
  const double end = now_s() + limit_s;
  while (!events_.empty() || !live_.empty()) {
    if (now_s() >= end) {
      ADD_FAILURE() << live_.size() << " requests still live after " << limit_s << " s";
      return;
    }
    fire_due();
    step();
  }
}

Contention Simulation::contention(double begin_s, double end_s, double factor) const {
  const Machine& machine = options.machine;
  Contention out;
  std::vector<double>& gaps = out.gaps;
  const double f = factor / machine.spread();
  for (std::size_t i = 0; i < backend.notes.size(); ++i) {
    const StepNote& note = backend.notes[i];
    if (!wanted_[i] || note.n_decodes == 0 || note.begin_s < begin_s || note.begin_s >= end_s) continue;
    out.seconds += note.took_s;
    out.prompt_tokens += note.n_prompt_tokens;
    const double token_s = machine.prompts(note.per_prompt_token, note.begin_s);
    const double most = std::min<double>((f - 1) * note.decodes_s / token_s, options.limits.prefill_tokens_per_step);
    // The time itself is as long as the late steps made it.
    const double took = note.took_s / (1 + machine.late_part * (machine.late_factor - 1));
    out.oracle_tokens += took * most / (note.decodes_s + most * token_s);
    gaps.push_back(note.took_s / note.decodes_s);
  }
  if (gaps.empty()) return out;
  std::sort(gaps.begin(), gaps.end());
  out.gap_p90 = gaps[std::min(gaps.size() - 1, gaps.size() * 9 / 10)];
  out.gap_p99 = gaps[std::min(gaps.size() - 1, gaps.size() * 99 / 100)];
  return out;
}

double Simulation::alone_s(std::uint32_t n_prompt) const {
  const Machine& machine = options.machine;
  const double n_steps = std::ceil(static_cast<double>(n_prompt) / options.backend.max_tokens_per_step);
  return n_steps * machine.step_s + machine.prompts(n_prompt + machine.context_cost.of_range(0, n_prompt), 0);
}

}  // namespace quern::test::sim
