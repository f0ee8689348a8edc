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
                 logprobs_ ? completion_logprobs_json(logprobs) : "null",
                 ended ? fmt::format("\"{}\"", finish_reason(end)) : "null");
  return out;
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
    fmt::format_to(std::back_inserter(out), "{}{{\"index\":{},{}}}", i == 0 ? "" : ",", i,
                   choice_fields(choices[i].text, choices[i].logprobs, choices[i].end));
  }
  return out + "],\"usage\":" + usage_json(facts.usage) + "}";
}

}  // namespace quern::server
