#include "models/task.hpp"

#include "engine/sampling/token_score.hpp"

#include <algorithm>

namespace quern::models {
namespace {

// What a prompt token takes of memory for each choice: request, sequence, sampler. And a generated one, besides its
// text: most requests name no length, so no more of them are counted than answers usually have.
constexpr std::uint64_t kPromptTokenBytes = 16, kAnswerTokenBytes = 8, kCountedAnswer = 4096;

}  // namespace

std::uint64_t GenerateTask::bytes() const noexcept {
  std::uint64_t out = n_prompt_tokens() * kPromptTokenBytes;
  for (const std::uint32_t most : max_tokens) out += std::min<std::uint64_t>(most, kCountedAnswer) * kAnswerTokenBytes;
  if (prompt_logprobs.wanted) {
    out += n_prompt_tokens() *
           (sizeof(engine::sampling::TokenScore) + prompt_logprobs.n_top * sizeof(engine::sampling::TokenChance));
  }
  return out * n + extra_bytes + (ask != nullptr ? n_bytes_of(*ask) : 0);
}

std::uint64_t EmbedTask::bytes(std::uint32_t width) const noexcept {
  std::uint64_t n_plain = 0;
  for (const std::string& text : plain) n_plain += text.size() + width * sizeof(float) + 64;
  return n_plain + n_tokens() * sizeof(engine::TokenId) + texts.size() * (std::uint64_t{width} * sizeof(float) + 64);
}

}  // namespace quern::models
