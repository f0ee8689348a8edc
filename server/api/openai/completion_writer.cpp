#include "server/api/openai/completion_writer.hpp"

#include "engine/tokenizer/utf8.hpp"
#include "server/api/json_document.hpp"

#include <iterator>

#include <fmt/format.h>

namespace quern::server {

std::string CompletionWriter::choice_fields(std::string_view text, const CompletionLogprobs& logprobs,
                                            models::EndReason end) const {
  std::string out = "\"text\":";
  append_json_string(out, text);
  const bool ended = end != models::EndReason::none;
  fmt::format_to(std::back_inserter(out), ",\"logprobs\":{},\"finish_reason\":{}", logprobs_ ? logprobs.json() : "null",
                 ended ? fmt::format("\"{}\"", finish_reason(end)) : "null");
  return out;
}

// Each prompt has as many choices as the others.
std::string_view CompletionWriter::echo_of(std::size_t choice, std::size_t n_choices) const {
  return echoes_.empty() ? std::string_view() : echoes_[choice * echoes_.size() / n_choices];
}

void CompletionWriter::begin(const AnswerFacts&, std::uint32_t n_choices, std::string& out) {
  if (!echoes_.empty()) n_before_.assign(n_choices, 0);
  scored_.assign(n_choices, false);
  for (std::uint32_t choice = 0; choice < n_choices && !echoes_.empty(); ++choice) {
    const std::string_view echo = echo_of(choice, n_choices);
    n_before_[choice] = engine::count_characters(echo);
    add_chunk(out, choice, choice_fields(echo, CompletionLogprobs(alternatives_), models::EndReason::none));
  }
}

void CompletionWriter::event(const models::AnswerEvent& event, std::string& out) {
  CompletionLogprobs logprobs(alternatives_);
  if (const auto* text = std::get_if<models::TextDelta>(&event)) {
    logprobs.add(text->logprobs, n_before_.empty() ? 0 : n_before_[text->choice]);
    add_chunk(out, text->choice, choice_fields(text->text, logprobs, models::EndReason::none));
  } else if (const auto* end = std::get_if<models::End>(&event)) {
    add_chunk(out, end->choice, choice_fields("", logprobs, end->reason));
  } else if (const auto* prompt = std::get_if<models::PromptScores>(&event)) {
    logprobs.add(prompt->tokens, 0, !scored_[prompt->choice]);
    scored_[prompt->choice] = true;
    add_chunk(out, prompt->choice, choice_fields("", logprobs, models::EndReason::none));
  }
}

std::string CompletionWriter::whole_fields(const WholeChoice& choice, std::string_view echo) const {
  CompletionLogprobs logprobs(alternatives_);
  if (!echoes_.empty()) logprobs.add(choice.prompt, 0, true);
  logprobs.add(choice.logprobs, engine::count_characters(echo));
  const std::string prompt = lists_prompt_ ? ",\"prompt_logprobs\":" + prompt_logprobs_json(choice.prompt) : "";
  return choice_fields(std::string(echo) + choice.text, logprobs, choice.end) + prompt;
}

std::string CompletionWriter::whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const {
  std::string out = open_object(chunk_object()) + "\"choices\":[";
  for (std::size_t i = 0; i < choices.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "{}{{\"index\":{},{}}}", i == 0 ? "" : ",", i,
                   whole_fields(choices[i], echo_of(i, choices.size())));
  }
  return out + whole_end(facts);
}

}  // namespace quern::server
