#include "server/pipeline/effort.hpp"

namespace quern::server {
namespace {

// What encoding takes for each byte of text at most: symbols, candidates of merges, the ids (4 bytes each).
constexpr std::uint64_t kEncodeFactor = 64;
// Normalization may shorten a text before it is cut into tokens; by less than this factor.
constexpr std::size_t kMaxShrink = 4;

}  // namespace

Effort::~Effort() {
  if (is_small()) return;
  [[maybe_unused]] const Status given_back = memory_->hold_work(0);
}

RequestRules Effort::rules() const {
  return {.limits = limits(),
          .n_vocab = model_.is_local() ? model_.tokenizer->n_vocab() : INT32_MAX,
          .sampling = model_.sampling,
          .unknown = state_.options.unknown_fields == "refuse" ? nullptr : &unknown_,
          .tokenizer = model_.tokenizer.get()};
}

Error Effort::too_much() {
  exceeded_ = true;
  return fail(Errc::overloaded, "more work than is done at once");
}

bool Effort::is_over() {
  return !is_small() && ending_->load(std::memory_order_relaxed);
}

bool Effort::may_hold(std::size_t n_bytes) {
  refused_ = !memory_->hold_work(n_parsed_ + n_bytes).has_value();
  return !refused_;
}

Status Effort::need_time() {
  if (is_small()) return too_much();
  return {};
}

Status Effort::hold(std::uint64_t n_bytes) {
  if (is_small()) return {};
  if (is_over()) return fail(Errc::cancelled, "the request was cancelled");
  return memory_->hold_work(n_parsed_ + n_bytes);
}

engine::chat::jinja::Limits Effort::template_limits() {
  engine::chat::jinja::Limits limits;
  if (is_small()) {
    limits.max_steps = kSmallSteps;
  } else {
    limits.watch = this;
  }
  return limits;
}

Status Effort::rendered(std::uint64_t n_steps) {
  if (is_small() && n_steps > kSmallSteps) return too_much();
  if (refused_) return fail(Errc::overloaded, "too many large requests at once");
  return is_over() ? Status(fail(Errc::cancelled, "the request was cancelled")) : Status();
}

Status Effort::fits_context(std::string_view text, const std::string& field) const {
  const std::uint32_t max_context = model_.max_context();
  const std::size_t most_bytes_of_token = model_.longest_token_bytes * kMaxShrink;
  const std::size_t n_least = (text.size() + most_bytes_of_token - 1) / most_bytes_of_token;
  if (n_least <= max_context) return {};
  return fail_field(field, "has at least {} tokens, the context holds {}", n_least, max_context);
}

Result<std::vector<engine::TokenId>> Effort::encode(std::string_view text, engine::EncodeOptions options,
                                                    const std::string& field) {
  if (is_small() && text.size() > kSmallBytes) return too_much();
  QUERN_CHECK(hold(kEncodeFactor * text.size()));
  Result<std::vector<engine::TokenId>> tokens = model_.tokenizer->encode(text, options);
  if (!tokens) return fail_field(field, "{}", tokens.error().detail);
  return tokens;
}

}  // namespace quern::server
