#include "server/api/vectors/vectors.hpp"

#include "server/api/request_record.hpp"
#include "server/api/retry_after.hpp"
#include "server/http_error.hpp"

#include <bit>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstring>
#include <utility>

namespace quern::server {
namespace {

// More values than these are written by a helper thread: about a millisecond's.
constexpr std::uint64_t kManyValues = 16u << 10;
// Of a value as JSON at most.
constexpr std::uint64_t kValueBytes = 16;

models::EmbedTask task_of(PreparedTexts texts, const Exchange& exchange) {
  models::EmbedTask task{.texts = std::move(texts.texts), .plain = std::move(texts.plain)};
  task.head = {.tenant = exchange.tenant(),
               .tenant_weight = exchange.caller().weight,
               .label = fmt::format("{} {}", texts.endpoint, exchange.head().request_id),
               .priority = texts.scheduling.priority,
               .deadline = texts.scheduling.deadline,
               .max_queue = texts.scheduling.max_queue};
  return task;
}

net::awaitable<Result<std::string>> write(Exchange& exchange, ServerState& state, models::Vectors vectors,
                                          VectorFacts facts, VectorWriter writer) {
  const std::uint64_t n_values = vectors.values.size();
  exchange.memory()->keep_answer(2 * n_values * kValueBytes);
  if (n_values <= kManyValues) co_return writer(std::move(vectors), facts);
  const auto what = std::make_shared<models::Vectors>(std::move(vectors));
  JobOf<std::string>::Work work = [what, facts, writer = std::move(writer)](const std::atomic<bool>&) {
    return Result<std::string>(writer(std::move(*what), facts));
  };
  Result<std::string> body = co_await run_job<std::string>(exchange, state, std::move(work), n_values, true);
  co_return body;
}

}  // namespace

net::awaitable<void> reply_vectors(Exchange& exchange, ServerState& state, std::shared_ptr<models::ServedModel> model,
                                   PreparedTexts texts, VectorWriter writer) {
  const auto begun = std::chrono::system_clock::now();
  const std::string_view endpoint = texts.endpoint;
  models::Embedder& embedder = *model->embedder;
  models::EmbedTask task = task_of(std::move(texts), exchange);
  VectorFacts facts{.n_tokens = task.n_tokens()};
  const Status kept = exchange.memory()->keep(task.bytes(embedder.width()));
  Result<std::unique_ptr<models::VectorAnswer>> answer = std::unique_ptr<models::VectorAnswer>();
  if (kept) {
    answer = embedder.submit(std::move(task), exchange.executor());
  } else {
    answer = kept.error();
  }
  if (!answer) {
    Response response = refusal(answer.error(), embedder);
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const auto hook = exchange.on_disconnect((*answer)->cancel_hook());
  Result<models::Vectors> vectors = co_await (*answer)->take();
  const sched::RequestStatus status = (*answer)->status(state.services.clock.now());
  facts.n_tokens = (*answer)->n_tokens().value_or(facts.n_tokens);
  facts.total_s = status.age_s;
  facts.queued_s = status.times.queued;
  const models::Usage usage{.prompt_tokens = facts.n_tokens};
  record_request(exchange, state, *model, {status, usage, vectors.has_value()}, endpoint, begun);
  if (!vectors) {
    Response response = refusal(vectors.error(), embedder);
    co_await exchange.reply(std::move(response));
    co_return;
  }
  Result<std::string> body = co_await write(exchange, state, std::move(*vectors), facts, std::move(writer));
  Response response = body ? Response{.body = std::move(*body)} : error_response(body.error());
  co_await exchange.reply(std::move(response));
}

void normalize(std::span<float> vector) noexcept {
  double sum = 0;
  for (const float x : vector) sum += static_cast<double>(x) * static_cast<double>(x);
  if (sum <= 0) return;
  const double scale = 1 / std::sqrt(sum);
  for (float& x : vector) x = static_cast<float>(x * scale);
}

void append_floats(std::string& out, std::span<const float> values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    char text[32];
    const auto written = std::to_chars(std::begin(text), std::end(text), values[i]);
    if (i > 0) out += ',';
    out.append(text, written.ptr);
  }
  out += ']';
}

std::string base64(std::span<const float> values) {
  static_assert(std::endian::native == std::endian::little);
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::span<const std::byte> bytes = std::as_bytes(values);
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < n ? std::to_integer<std::uint32_t>(bytes[i + k]) : 0);
    for (std::size_t k = 0; k < 4; ++k) out += k <= n ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::vector<double> scores_of(const models::Vectors& vectors, bool raw) {
  std::vector<double> out;
  const std::size_t width = std::max(vectors.width, 1u);
  for (std::size_t i = 0; i < vectors.values.size(); i += width) {
    const double score = vectors.values[i];
    out.push_back(raw || width > 1 ? score : 1 / (1 + std::exp(-score)));
  }
  return out;
}

}  // namespace quern::server
