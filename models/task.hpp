// What a request asks of a model, apart from any wire format. Threads: plain data.
#pragma once

#include "base/clock.hpp"
#include "engine/grammar/constraint.hpp"
#include "engine/sampling/params.hpp"
#include "engine/sampling/top_tokens.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "engine/tools/answer_parser.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace quern::models {

// Who asks, and how urgent it is: the same for every kind of work.
struct TaskHead {
  std::string tenant;        // who shares the machine fairly with others
  double tenant_weight = 0;  // 0: as SchedulerLimits::tenant_weights says
  std::string label;         // endpoint and request id, for operators; never the prompt
  std::string cache_salt;    // prompts share cached pages only with others of the same salt
  bool use_cache = true;
  std::int32_t priority = 0;
  std::optional<Duration> deadline, max_queue, max_itl;
};

struct RemoteAsk;  // remote/ask.hpp
// remote/ask.cpp
std::uint32_t n_choices_of(const RemoteAsk& ask) noexcept;
std::uint64_t n_bytes_of(const RemoteAsk& ask) noexcept;

struct GenerateTask {
  TaskHead head;
  std::shared_ptr<const RemoteAsk> ask = {};  // for models that may be elsewhere; those that only are have no prompts
  std::vector<std::vector<engine::TokenId>> prompts;
  std::vector<std::uint32_t> max_tokens;  // of each prompt's answers; 0: the prompt is computed, and that is all
  std::uint32_t n = 1;                    // answers per prompt; with a seed, answer i uses seed + i
  engine::sampling::SamplingParams sampling;
  // An answer ends before the first of them. The first n_named are the request's own, the rest what the chat template
  // ends an answer with.
  std::vector<std::string> stops;
  std::size_t n_named_stops = 0;
  std::vector<engine::TokenId> stop_tokens;    // ends besides those of the vocabulary
  engine::tools::AnswerFormat format;          // how thoughts and calls are told from text
  std::vector<engine::TokenId> shown_tokens;   // its marks, where they are control tokens, which have no text
  engine::grammar::ConstraintPlan constraint;  // what the answer is held to
  bool ignore_eos = false;
  engine::sampling::LogprobWish logprobs;
  engine::sampling::LogprobWish prompt_logprobs;  // wanted: PromptScores come first; nothing is taken from the cache
  bool tokens = false;  // deltas come with the tokens of their text, as with log-probabilities but without them
  std::uint64_t extra_bytes = 0;       // that go with it: bytes() counts them
  std::optional<Duration> max_decode;  // how long it may generate after its first token

  std::uint32_t n_choices() const noexcept {
    if (prompts.empty() && ask != nullptr) return n_choices_of(*ask);
    return static_cast<std::uint32_t>(prompts.size()) * n;
  }
  std::uint64_t n_prompt_tokens() const noexcept {  // each prompt once
    std::uint64_t out = 0;
    for (const auto& prompt : prompts) out += prompt.size();
    return out;
  }
  std::uint64_t bytes() const noexcept;  // that it holds while it waits and runs
};

// Texts whose vectors are wanted, or pairs whose scores.
struct EmbedTask {
  TaskHead head;
  std::vector<std::vector<engine::TokenId>> texts;
  std::vector<std::string> plain = {};  // instead of tokens, for models elsewhere

  std::uint64_t n_tokens() const noexcept {
    std::uint64_t out = 0;
    for (const auto& text : texts) out += text.size();
    return out;
  }
  std::uint64_t bytes(std::uint32_t width) const noexcept;  // that it and its vectors hold
};

// What a model may be wanted for.
enum class Work : std::uint8_t { any, generate, embed, rank };

}  // namespace quern::models
