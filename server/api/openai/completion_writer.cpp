#include "server/api/openai/completion_writer.hpp"

#include "server/api/json_document.hpp"

#include <iterator>

#include <fmt/format.h>

namespace quern::server {

std::string CompletionWriter::choice_fields(std::string_view text, std::span<const models::TokenLogprob> logprobs,
                                            models::EndReason end) const {
  std::string out = "\"text\":";
  append_json_string(out, text);
  const bool ended = end != models::EndReason::none;
  fmt::format_to(std::back_inserter(out), ",\"logprobs\":{},\"finish_reason\":{}",
                 logprobs_ ? completion_logprobs_json(logprobs, alternatives_) : "null",
                 ended ? fmt::format("\"{}\"", finish_reason(end)) : "null");
  return out;
}

// Each prompt has as many choices as the others.
std::string_view CompletionWriter::echo_of(std::size_t choice, std::size_t n_choices) const {
  return echoes_.empty() ? std::string_view() : echoes_[choice * echoes_.size() / n_choices];
}

void CompletionWriter::begin(const AnswerFacts&, std::uint32_t n_choices, std::string& out) {
  for (std::uint32_t choice = 0; choice < n_choices && !echoes_.empty(); ++choice) {
    add_chunk(out, choice, choice_fields(echo_of(choice, n_choices), {}, models::EndReason::none));
  }
}

void CompletionWriter::event(const models::AnswerEvent& event, std::string& out) {
  if (const auto* text = std::get_if<models::TextDelta>(&event)) {
    add_chunk(out, text->choice, choice_fields(text->text, text->logprobs, models::EndReason::none));
  } else if (const auto* end = std::get_if<models::End>(&event)) {
    add_chunk(out, end->choice, choice_fields("", {}, end->reason));
  }
}

std::string CompletionWriter::whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const {
  std::string out = open_object(chunk_object()) + "\"choices\":[";
  for (std::size_t i = 0; i < choices.size(); ++i) {
    fmt::format_to(
        std::back_inserter(out), "{}{{\"index\":{},{}}}", i == 0 ? "" : ",", i,
        choice_fields(std::string(echo_of(i, choices.size())) + choices[i].text, choices[i].logprobs, choices[i].end));
  }
  return out + whole_end(facts);
}

}  // namespace quern::server
