#include "app/run/generator.hpp"

#include "app/run/answer_text.hpp"

#include <algorithm>
#include <array>
#include <exception>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace quern::app {
namespace {

namespace net = boost::asio;
using engine::chat::Message;

// What consume() works on; lives in generate() until the coroutine has ended.
struct Stream {
  sched::Ticket& ticket;
  AnswerText& text;
  Answer& answer;
  const Generator::OnText& on_text;
  const Clock& clock;
  TimePoint begin;
};

void print(Stream& stream, const std::string& text) {
  stream.answer.text += text;
  if (!text.empty() && !stream.on_text(text)) stream.ticket.cancel();
}

void take(Stream& stream, const sched::TokenEvent& event) {
  Answer& answer = stream.answer;
  if (event.token != engine::kNoToken) {
    if (answer.n_generated++ == 0) answer.first_token_s = to_seconds(stream.clock.now() - stream.begin);
    const bool was_stopped = stream.text.stopped();
    print(stream, stream.text.append(event.token));
    if (stream.text.stopped() && !was_stopped) stream.ticket.cancel();
  }
  if (event.finish == sched::FinishReason::none) return;
  print(stream, stream.text.finish());
  answer.finish = stream.text.stopped() ? sched::FinishReason::stop : event.finish;
  answer.total_s = to_seconds(stream.clock.now() - stream.begin);
  if (event.finish == sched::FinishReason::failed) answer.failure = sched::failure_text(event);
}

net::awaitable<void> consume(Stream& stream) {
  std::array<sched::TokenEvent, 64> events;
  while (stream.answer.finish == sched::FinishReason::none) {
    const std::size_t n = co_await stream.ticket.next(events, Duration::zero());
    if (n == 0) co_return;
    for (std::size_t i = 0; i < n; ++i) take(stream, events[i]);
  }
}

}  // namespace

std::string describe(const Answer& answer) {
  const double decode_s = answer.total_s - answer.first_token_s;
  const double rate = answer.n_generated > 1 && decode_s > 0 ? (answer.n_generated - 1) / decode_s : 0;
  return fmt::format("{} prompt tokens, first token after {:.1f} ms ({:.1f} tokens/s); {} tokens, {:.1f} tokens/s; {}",
                     answer.n_prompt, 1000 * answer.first_token_s,
                     answer.first_token_s > 0 ? answer.n_prompt / answer.first_token_s : 0.0, answer.n_generated, rate,
                     sched::finish_reason_name(answer.finish));
}

Result<Answer> Generator::continue_text(const std::string& prompt, const OnText& on_text) {
  Prompt out;
  QUERN_TRY(out.tokens,
            runtime_.tokenizer().encode(prompt, {.add_special = true, .parse_special = options_.parse_special}));
  return generate(std::move(out), on_text);
}

Result<std::vector<engine::TokenId>> Generator::encode(const std::vector<Message>& messages) const {
  QUERN_TRY(const std::string text, runtime_.chat().render(messages, true));
  return runtime_.tokenizer().encode(text, runtime_.chat().encode_options(text));
}

Result<Answer> Generator::answer(std::vector<Message>& messages, const OnText& on_text, std::size_t& n_dropped) {
  const std::uint32_t context = scheduler_.max_context();
  const std::uint32_t room = std::min(options_.n_predict, context / 4);  // for the answer
  Prompt prompt;
  QUERN_TRY(prompt.tokens, encode(messages));
  for (n_dropped = 0; prompt.tokens.size() + room > context;) {
    const std::size_t first = !messages.empty() && messages.front().role == "system" ? 1 : 0;
    if (messages.size() < first + 3) break;  // only the newest question is left
    // A question goes with its answer: templates want them to alternate.
    const auto oldest = messages.begin() + static_cast<std::ptrdiff_t>(first);
    messages.erase(oldest, oldest + 2);
    n_dropped += 2;
    QUERN_TRY(prompt.tokens, encode(messages));
  }
  prompt.stops = runtime_.chat().ends().strings;
  prompt.stop_tokens = runtime_.chat().ends().tokens;
  prompt.at_start = true;
  return generate(std::move(prompt), on_text);
}

Result<Answer> Generator::generate(Prompt prompt, const OnText& on_text) {
  QUERN_CHECK(engine::sampling::validate(options_.sampling, runtime_.model().info().n_vocab));
  Answer answer;
  answer.n_prompt = static_cast<std::uint32_t>(prompt.tokens.size());
  sched::GenerateRequest request;
  request.prompt = std::move(prompt.tokens);
  // n_predict is an upper bound; a prompt that leaves no room at all is refused by the scheduler, with the numbers.
  const std::uint32_t context = scheduler_.max_context();
  request.max_tokens = std::min(options_.n_predict, context > answer.n_prompt ? context - answer.n_prompt : 1);
  request.sampling = options_.sampling;
  request.ignore_eos = options_.ignore_eos;
  request.stop_tokens = std::move(prompt.stop_tokens);
  request.label = "quern run";

  net::io_context io(1);
  const TimePoint begin = runtime_.clock().now();
  QUERN_TRY(sched::Ticket ticket, scheduler_.submit(std::move(request), io.get_executor()));
  running_.store(ticket.id(), std::memory_order_relaxed);
  active_.store(true, std::memory_order_release);  // pairs with interrupt()
  AnswerText text(engine::Detokenizer(runtime_.tokenizer(), options_.show_special, prompt.at_start),
                  std::move(prompt.stops));
  Stream stream{ticket, text, answer, on_text, runtime_.clock(), begin};
  std::exception_ptr thrown;
  net::co_spawn(io, consume(stream), [&thrown](std::exception_ptr e) { thrown = e; });
  io.run();
  active_.store(false, std::memory_order_release);
  if (thrown) std::rethrow_exception(thrown);
  if (answer.finish == sched::FinishReason::failed) return fail(Errc::io, "{}; see the log", answer.failure);
  return answer;
}

bool Generator::interrupt() noexcept {
  if (!active_.load(std::memory_order_acquire)) return false;
  return scheduler_.cancel(running_.load(std::memory_order_relaxed));
}

}  // namespace quern::app
