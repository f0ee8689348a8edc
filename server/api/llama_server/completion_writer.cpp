#include "server/api/llama_server/completion_writer.hpp"

#include "server/api/dialect.hpp"
#include "server/api/frames.hpp"
#include "server/api/json_text.hpp"
#include "server/api/logprobs_json.hpp"
#include "server/api/sampling_json.hpp"
#include "server/api/timings_json.hpp"

#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace quern::server {
namespace {

std::string_view stop_type(models::EndReason end) noexcept {
  switch (end) {
    case models::EndReason::none:
      return "none";
    case models::EndReason::stop_sequence:
      return "word";
    case models::EndReason::length:
      return "limit";
    default:
      return "eos";
  }
}

const sched::RequestStatus& status_of(const AnswerFacts& facts, std::size_t choice) noexcept {
  return choice < facts.choices.size() ? facts.choices[choice] : facts.status;
}

}  // namespace

json::object native_settings(const GenerationFields& fields) {
  constexpr std::uint32_t kRandomSeed = UINT32_MAX;
  json::object out = sampling_json(fields.sampling);
  const bool named = fields.max_tokens && *fields.max_tokens != kWhatFits;
  const std::int64_t n_predict = named ? std::int64_t{*fields.max_tokens} : -1;
  json::array stop;
  for (const std::string& text : fields.stop) stop.emplace_back(text);
  out["seed"] = fields.sampling.has_seed ? fields.sampling.seed : kRandomSeed;
  out["n_predict"] = n_predict;
  out["max_tokens"] = n_predict;
  out["n_keep"] = 0;
  out["n_discard"] = 0;
  out["n_probs"] = fields.logprobs.n_top;
  out["post_sampling_probs"] = fields.logprobs.after_stages;
  out["ignore_eos"] = fields.ignore_eos;
  out["stop"] = std::move(stop);
  out["stream"] = fields.stream;
  out["timings_per_token"] = fields.timings;
  out["t_max_predict_ms"] = fields.max_decode ? fields.max_decode->count() : -1;
  out["grammar"] = "";
  return out;
}

void NativeWriter::begin(const AnswerFacts& facts, std::uint32_t n_choices, std::string&) {
  now_ = facts;
  has_new_line_.assign(n_choices, false);
}

std::string NativeWriter::open(std::size_t choice, std::string_view content,
                               std::span<const models::TokenLogprob> tokens, bool last,
                               const sched::RequestStatus& status) const {
  std::string ids;
  for (std::size_t i = 0; request_.tokens && i < tokens.size(); ++i) {
    fmt::format_to(std::back_inserter(ids), "{}{}", i == 0 ? "" : ",", tokens[i].token);
  }
  return fmt::format("{{\"index\":{},", choice) + text_field("content", content) +
         fmt::format(",\"tokens\":[{}],\"id_slot\":0,\"stop\":{},\"tokens_predicted\":{},\"tokens_evaluated\":{}", ids,
                     last, status.n_generated, status.n_prompt);
}

std::string NativeWriter::probabilities(std::span<const models::TokenLogprob> tokens) const {
  if (!request_.logprobs.wanted) return {};
  LogprobShape shape{.ids = true};
  if (request_.logprobs.after_stages) {
    shape.value = "prob";
    shape.alternatives = "top_probs";
    shape.probabilities = true;
  }
  return ",\"completion_probabilities\":[" + logprob_list(tokens, shape) + "]";
}

std::string NativeWriter::closing(std::size_t choice, std::size_t n_choices, models::EndReason end,
                                  std::string_view stop_sequence, bool has_new_line,
                                  const sched::RequestStatus& status) const {
  const std::size_t n_prompts = request_.prompts.size();
  const std::string_view prompt =
      n_prompts == 0 ? std::string_view() : std::string_view(request_.prompts[choice * n_prompts / n_choices]);
  return "," + text_field("model", request_.model) + ",\"generation_settings\":" + request_.settings + "," +
         text_field("prompt", prompt) +
         fmt::format(",\"has_new_line\":{},\"truncated\":false,\"stop_type\":\"{}\",", has_new_line, stop_type(end)) +
         text_field("stopping_word", stop_sequence) +
         fmt::format(",\"tokens_cached\":{},\"timings\":", status.n_cached) + timings_json(status) + "}";
}

void NativeWriter::event(const models::AnswerEvent& event, std::string& out) {
  if (const auto* text = std::get_if<models::TextDelta>(&event)) {
    if (text->text.find('\n') != std::string::npos) has_new_line_[text->choice] = true;
    const sched::RequestStatus& status = status_of(now_, text->choice);
    append_data(out, open(text->choice, text->text, text->logprobs, false, status) + probabilities(text->logprobs) +
                         (request_.timings ? ",\"timings\":" + timings_json(status) : "") + "}");
  } else if (const auto* end = std::get_if<models::End>(&event)) {
    const sched::RequestStatus& status = status_of(now_, end->choice);
    append_data(
        out, open(end->choice, "", {}, true, status) + closing(end->choice, has_new_line_.size(), end->reason,
                                                               end->stop_sequence, has_new_line_[end->choice], status));
  }
}

void NativeWriter::silence(std::string& out) {
  append_comment(out);
}

void NativeWriter::failure(const HttpError& error, std::string& out) {
  append_data(out, kOpenAi.error_body(error));
}

std::string NativeWriter::whole(std::span<const WholeChoice> choices, const AnswerFacts& facts) const {
  std::string out;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const WholeChoice& choice = choices[i];
    const sched::RequestStatus& status = status_of(facts, i);
    if (i > 0) out += ',';
    out += open(i, choice.text, choice.logprobs, true, status) + probabilities(choice.logprobs) +
           closing(i, choices.size(), choice.end, choice.stop_sequence, choice.text.find('\n') != std::string::npos,
                   status);
  }
  return choices.size() == 1 ? out : "[" + out + "]";
}

}  // namespace quern::server
