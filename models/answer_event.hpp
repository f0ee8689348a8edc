// What an answer consists of, whoever computes it and whatever wire format it leaves in: text, what the model thought,
// calls of tools, log-probabilities as text, an end. No tokens, pages or logits: a remote server could not give them.
// Threads: plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace quern::models {

// A token that might have been drawn instead.
struct TokenChance {
  std::string text, bytes;  // as in TokenLogprob
  double logprob = 0;
  std::int64_t token = -1;
};

struct TokenLogprob {
  std::string text;         // bytes that are no whole character are U+FFFD, control tokens have their names
  std::string bytes;        // that it put into the answer's text: half a character its half, a control token none
  double logprob = 0;       // finite: the lowest that clients compute with stands for minus infinity
  std::int64_t token = -1;  // its id; -1: not known
  // Characters (code points) of the whole text before the one in which the token begins: tokens that share a character
  // share its offset.
  std::size_t text_offset = 0;
  std::uint32_t rank = 0;             // of a prompt's token: 1 where none was more likely
  std::vector<TokenChance> top = {};  // the most likely ones, where they were asked for
};

// Why a choice has ended.
enum class EndReason : std::uint8_t {
  none,
  turn,           // the model has said all it had to
  stop_sequence,  // one that the request named
  length,         // max_tokens, or a deadline
  tool_calls,     // it called tools and waits for what they say
};

// `choice` numbers the answers of one request: prompt after prompt, n of each.
struct TextDelta {
  std::uint32_t choice = 0;
  std::string text;
  std::vector<TokenLogprob> logprobs;  // of tokens whose text has begun to be given out, each once
};
// Of the prompt, before anything else of the choice and where it was asked for: its next tokens. Nothing stood before
// the very first: it has no log-probability, whatever is there.
struct PromptScores {
  std::uint32_t choice = 0;
  std::vector<TokenLogprob> tokens;
};
struct ReasoningDelta {
  std::uint32_t choice = 0;
  std::string text;
  std::vector<TokenLogprob> logprobs;
};
struct ToolCallBegin {
  std::uint32_t choice = 0, call = 0;  // call: counted from 0 in each choice
  std::string id, name;
};
struct ToolCallDelta {
  std::uint32_t choice = 0, call = 0;
  std::string arguments;  // a piece of JSON text
};
// broken: what the model wrote turned out to be no call, and is given out as text: who can takes the call back.
struct ToolCallEnd {
  std::uint32_t choice = 0, call = 0;
  bool broken = false;
};
struct End {
  std::uint32_t choice = 0;
  EndReason reason = EndReason::turn;
  std::string stop_sequence;  // the one that was found
};
using AnswerEvent =
    std::variant<TextDelta, ReasoningDelta, ToolCallBegin, ToolCallDelta, ToolCallEnd, End, PromptScores>;

inline std::uint32_t choice_of(const AnswerEvent& event) noexcept {
  return std::visit([](const auto& e) { return e.choice; }, event);
}

struct Usage {
  std::uint64_t prompt_tokens = 0;      // each prompt once, whatever n is
  std::uint64_t cached_tokens = 0;      // of prompt_tokens: keys and values were there already
  std::uint64_t completion_tokens = 0;  // of all choices, including those of a stop string
  std::uint64_t reasoning_tokens = 0;   // of completion_tokens
};

}  // namespace quern::models
