// A whole server over the fake backend: real sockets, real scheduler, I/O on its own thread. The "model" continues any
// text with the next characters of the alphabet ("a" -> "bcd..."), so that tests know the answer.
// Threads: a test's own; the harness runs the rest. When it ends it drains, and checks that every KV page is free and
// that no request or connection holds memory.
#pragma once

#include "base/byte_ledger.hpp"
#include "base/clock.hpp"
#include "kernels/topology.hpp"
#include "models/local/local_generator.hpp"
#include "sched/scheduler.hpp"
#include "server/server.hpp"
#include "tests/sched/scheduler_harness.hpp"
#include "tests/server/http_client.hpp"
#include "tests/support/fake_arena.hpp"
#include "tests/support/fake_backend.hpp"
#include "tests/support/fake_embedder.hpp"
#include "tests/support/piece_tokenizer.hpp"
#include "tests/support/temp_dir.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace quern::test {

namespace json = boost::json;

// One piece per printable ASCII character, then a line break.
inline std::vector<std::string> ascii_pieces() {
  std::vector<std::string> pieces;
  for (char c = ' '; c <= '~'; ++c) pieces.emplace_back(1, c);
  pieces.emplace_back("\n");
  return pieces;
}

// What the model answers to a text that ends in `last`.
inline std::string alphabet_after(char last, std::size_t n) {
  std::string text;
  while (text.size() < n) text += last = last == '~' ? ' ' : static_cast<char>(last + 1);
  return text;
}

struct ServerHarnessOptions {
  FakeBackendConfig backend{
      .n_vocab = 96,
      .page_tokens = 8,
      .n_pages = 256,
      .limits = {.max_tokens_per_step = 256, .max_seqs_per_step = 32, .max_logits_per_step = 32, .max_context = 1024}};
  sched::SchedulerLimits scheduler;
  server::ServerOptions server;
  engine::sampling::SamplingParams sampling;
  engine::SpecialTokens special_tokens;
  std::string chat_template;  // Jinja; empty: "plain"
  int n_io_threads = 1;
  std::uint64_t memory_bytes = 64u << 20;
  bool embeds = false;  // there is a second model, "test-embedder"
  bool gated = false;   // the engine waits in each forward() for gate.let_pass() or gate.open()
};

class ServerHarness {
 public:
  explicit ServerHarness(ServerHarnessOptions options = {})
      : ledger(options.memory_bytes),
        backend(options.backend),
        tokenizer(ascii_pieces()),
        chat(options.chat_template.empty()
                 ? engine::chat::TemplateSet::builtin("plain").value()
                 : engine::chat::TemplateSet::of(
                       engine::chat::Template::parse("test", options.chat_template, {}).value())) {
    tokenizer.special_tokens = options.special_tokens;
    backend.next_token = [](std::span<const engine::TokenId> tokens) { return (tokens.back() + 1) % 95; };
    if (options.gated) {
      backend.on_forward = [this](const engine::StepPlan& plan) {
        first_in_step.store(plan.cancelled[0]);
        gate.pass();
      };
    }
    arena_ = make_fake_arena(options.backend, backend, ledger);
    scheduler.emplace(backend, *arena_, tokenizer, clock, options.scheduler);
    scheduler->start();
    options.server.port = 0;
    options.server.unix_socket = socket_path;
    const Status added = catalog.add(std::make_shared<models::ServedModel>(
        models::ServedModel{.id = "test-model",
                            .info = backend.info(),
                            .sampling = options.sampling,
                            .tokenizer = tokenizer,
                            .chat = chat,
                            .longest_token_bytes = models::longest_token(tokenizer),
                            .generator = std::make_unique<models::LocalGenerator>(*scheduler, tokenizer)}));
    EXPECT_TRUE(added);
    if (options.embeds) {
      auto embedder = std::make_shared<models::ServedModel>(models::ServedModel{
          .id = "test-embedder", .tokenizer = tokenizer, .chat = chat, .embedder = std::make_unique<FakeEmbedder>()});
      EXPECT_TRUE(catalog.add(std::move(embedder)));
    }
    const server::Services services{catalog, ledger, clock};
    server_ = server::Server::create(io, options.server, services).value();
    server_->start();
    for (int i = 0; i < options.n_io_threads; ++i) threads_.emplace_back([this] { io.run(); });
  }
  ~ServerHarness() {
    drain();
    gate.open();
    join();
    EXPECT_EQ(ledger.used(MemoryUse::connections), 0u);
    EXPECT_EQ(ledger.used(MemoryUse::requests), 0u);
    eventually("all pages are free", [this] {
      const sched::Snapshot now = scheduler->snapshot();
      return now.kv_pages_free + now.kv_pages_retained == now.kv_pages && now.kv_pages_reserved == 0 &&
             now.running == 0 && now.queued == 0;
    });
    scheduler.reset();
    for (const std::string& problem : backend.problems()) ADD_FAILURE() << problem;
  }

  void drain() {
    boost::asio::post(io, [this] { server_->drain(); });
  }
  void reload() { server_->reload(); }
  void join() {  // returns when the io_context has run out of work
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  // Runs `what` on an I/O thread and waits for it: to change what requests use.
  template <class F>
  void on_io(F what) {
    std::promise<void> done;
    boost::asio::post(io, [&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::uint16_t port() const { return server_->port(); }
  HttpClient tcp(int receive_buffer_bytes = 0) { return HttpClient::tcp(server_->port(), receive_buffer_bytes); }
  HttpClient unix_socket() { return HttpClient::unix_socket(socket_path); }

  Reply get(std::string_view path, std::string_view headers = "") {
    HttpClient client = tcp();
    client.get(path, headers);
    return client.read_reply();
  }
  Reply post(std::string_view path, std::string_view body, std::string_view headers = "") {
    HttpClient client = tcp();
    client.post(path, body, headers);
    return client.read_reply();
  }

  // Waits for something that another thread will do; never the subject of a timed assertion.
  template <class Condition>
  static void eventually(const char* what, Condition condition) {
    for (int i = 0; i < 60'000; ++i) {
      if (condition()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ADD_FAILURE() << "never: " << what;
  }
  void eventually_all_pages_free() {
    eventually("all pages are free", [this] {
      const sched::Snapshot now = scheduler->snapshot();
      return now.kv_pages_free + now.kv_pages_retained == now.kv_pages && now.running == 0 && now.queued == 0;
    });
  }

  SteadyClock clock;
  ByteLedger ledger;
  FakeBackend backend;
  PieceTokenizer tokenizer;
  const engine::chat::TemplateSet chat;
  Gate gate;
  std::atomic<const std::atomic<bool>*> first_in_step{nullptr};  // its cancel flag, while the gate holds a step
  std::optional<sched::Scheduler> scheduler;
  models::ModelCatalog catalog{ledger, clock};
  TempDir dir;
  const std::string socket_path = dir.path("q.sock");
  boost::asio::io_context io;

 private:
  std::unique_ptr<kv::PageArena> arena_;
  std::unique_ptr<server::Server> server_;
  std::vector<std::thread> threads_;
};

// "data: {...}" -> the value.
inline json::value event_json(const std::string& event) {
  if (!event.starts_with("data: ")) throw std::runtime_error("no data event: " + event);
  return json::parse(event.substr(6));
}

inline std::string error_param(const Reply& reply) {
  const json::value body = json::parse(reply.body);
  const json::value& param = body.at("error").at("param");
  return param.is_string() ? std::string(param.get_string()) : "";
}

}  // namespace quern::test
