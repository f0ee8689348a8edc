// `quern run`. Threads: main runs the io_context of the running generation, the engine thread belongs to the scheduler,
// signals have their own.
#include "app/commands/commands.hpp"
#include "app/model_store.hpp"
#include "app/options/sampling_fields.hpp"
#include "app/run/chat.hpp"
#include "app/run/generator.hpp"
#include "app/run/prompt.hpp"
#include "app/runtime.hpp"
#include "app/signal_watcher.hpp"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>

#include <unistd.h>

namespace quern::app {
namespace {

// Ctrl-C stops the answer that is being written. Without one, or pressed again before anything else happened, it
// leaves.
class Interrupts {
 public:
  explicit Interrupts(bool interactive) : interactive_(interactive) {}

  void operator()(int signal) {
    const std::lock_guard lock(mutex_);
    if (signal != SIGINT || generator_ == nullptr || pressed_.exchange(true)) std::_Exit(128 + signal);
    if (!generator_->interrupt() && interactive_) {
      static constexpr char kHint[] = "\n(Ctrl-C again or /quit leaves)\n> ";
      [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, kHint, sizeof kHint - 1);
    }
  }
  void watch(Generator* generator) {
    const std::lock_guard lock(mutex_);
    generator_ = generator;
  }
  void calm() { pressed_.store(false); }  // something else happened
  bool pressed() const { return pressed_.load(); }

 private:
  const bool interactive_;
  std::mutex mutex_;  // the generator must not go away while the watcher's thread uses it
  Generator* generator_ = nullptr;
  std::atomic<bool> pressed_{false};
};

struct Watching {
  Watching(Interrupts& i, Generator& generator) : interrupts(i) { interrupts.watch(&generator); }
  ~Watching() { interrupts.watch(nullptr); }
  Watching(const Watching&) = delete;
  Interrupts& interrupts;
};

bool print(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

void finish_line(const Answer& answer) {
  if (!answer.text.ends_with('\n')) print("\n");
}

void print_stats(const Answer& answer) {
  fmt::print(stderr, "[{}]\n", describe(answer));
}

Result<Answer> answer_once(Generator& generator, const RunOptions& options, const std::string& prompt) {
  if (!options.chat && options.system.empty()) return generator.continue_text(prompt, &print);
  std::vector<engine::chat::Message> messages;
  if (!options.system.empty()) messages.push_back({"system", options.system});
  messages.push_back({"user", prompt});
  std::size_t n_dropped = 0;
  return generator.answer(messages, &print, n_dropped);
}

void chat(Generator& generator, const RunOptions& options, const std::string& model, Interrupts& interrupts) {
  fmt::print("{}; /help lists commands\n", model);
  const auto answer = [&](std::vector<engine::chat::Message>& messages) -> Result<std::string> {
    interrupts.calm();
    std::size_t n_dropped = 0;
    QUERN_TRY(const Answer got, generator.answer(messages, &print, n_dropped));
    finish_line(got);
    if (n_dropped > 0) fmt::print(stderr, "[the context is full: the {} oldest messages were dropped]\n", n_dropped);
    print_stats(got);
    interrupts.calm();
    return got.text;
  };
  chat_loop({std::cin, std::cout, answer}, options.system);
}

bool asks_for_it(const std::string& name) {
  fmt::print(stderr, "{} is not on this machine. Pull it? [Y/n] ", name);
  std::fflush(stderr);
  std::string answer;
  if (!std::getline(std::cin, answer)) return false;
  return answer.empty() || answer == "y" || answer == "Y" || answer == "yes";
}

// The model, fetched first where it is not here and that is wanted. -> exit code of the pull.
Result<int> locate_or_pull(const Options& options, ModelOptions& model) {
  if (!options.run_model.empty()) model.files = {{.path = options.run_model}};
  const ModelOptions asked = model;
  const Status located = locate_models(model);
  if (located) return kExitOk;
  const Result<registry::ModelRef> ref = registry::ModelRef::parse(options.run_model);
  const bool can = located.error().code == Errc::not_found && !options.run_model.empty() && ref &&
                   ref->kind != registry::RefKind::path && options.run.pull != "never";
  if (!can) return located.error();
  const bool terminal = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1;
  if (options.run.pull == "ask") {
    if (!terminal)
      return fail(Errc::not_found, "{}; `quern pull {}` fetches it", located.error().detail, options.run_model);
    if (!asks_for_it(ref->display())) return located.error();
  }
  Options to_pull = options;
  to_pull.pull.name = options.run_model;
  to_pull.json = false;
  QUERN_TRY(const int pulled, pull(to_pull));
  if (pulled != kExitOk) return pulled;
  model = asked;
  QUERN_CHECK(locate_models(model));
  return kExitOk;
}

}  // namespace

Result<int> run(const Options& options) {
  QUERN_TRY(const std::optional<std::string> prompt, read_prompt(options.run));
  ModelOptions model_options = options.model;
  QUERN_TRY(const int located, locate_or_pull(options, model_options));
  if (located != kExitOk) return located;
  Interrupts interrupts(!prompt);
  const SignalWatcher signals([&interrupts](int signal) { interrupts(signal); });
  QUERN_TRY(auto runtime, Runtime::create(model_options, {.parallel = 1,
                                                          .prefill_tokens = options.sched.prefill_tokens_per_step,
                                                          .states_kept = 2}));  // where the next turn of a chat goes on
  sched::SchedulerLimits limits = options.sched;
  limits.max_running = 1;
  QUERN_TRY(sched::Scheduler * scheduler, runtime->start_scheduler(limits));
  RunOptions run_options = options.run;
  run_options.sampling = sampling_over(runtime->file_sampling().params, options);
  if (run_options.system.empty() && (!prompt || run_options.chat)) run_options.system = runtime->settings().system;
  Generator generator(*runtime, *scheduler, run_options);
  const Watching watching(interrupts, generator);
  if (!prompt) {
    chat(generator, run_options, runtime->model_id(), interrupts);
    return kExitOk;
  }
  QUERN_TRY(const Answer answer, answer_once(generator, run_options, *prompt));
  finish_line(answer);
  if (options.run.stats) print_stats(answer);
  return interrupts.pressed() ? kExitInterrupted : kExitOk;
}

}  // namespace quern::app
