#include "server/api/llama_server/props_json.hpp"

#include "server/api/llama_server/completion_writer.hpp"

#include <algorithm>
#include <utility>

#include <boost/json/array.hpp>

namespace quern::server {
namespace {

std::string token_text(const engine::Tokenizer& tokenizer, engine::TokenId token) {
  return token == engine::kNoToken ? std::string() : tokenizer.piece(token, true);
}

bool has_place(sched::RequestState state) noexcept {
  return state == sched::RequestState::prefill || state == sched::RequestState::decode ||
         state == sched::RequestState::parked;
}

}  // namespace

json::object props_json(const models::ServedModel& model) {
  GenerationFields fields;
  fields.sampling = model.sampling;
  fields.sampling.logit_bias.clear();
  json::object settings{{"id", 0}, {"id_task", -1}, {"n_ctx", model.generator->max_context()}};
  settings["is_processing"] = false;
  settings["params"] = native_settings(fields);
  json::object out;
  out["default_generation_settings"] = std::move(settings);
  out["total_slots"] = model.generator->snapshot().max_running;
  out["model_alias"] = model.id;
  out["model_path"] = model.id;  // where its file lies is nobody's business
  out["model_ftype"] = model.quantization;
  const auto chosen = model.chat->pick(false);
  out["chat_template"] = chosen ? (*chosen)->source() : "";
  json::object caps;
  const auto with_tools = model.chat->pick(true);
  caps["supports_tools"] = with_tools && (*with_tools)->takes_tools();
  caps["supports_tool_calls"] = with_tools && (*with_tools)->traits().takes_calls;
  out["chat_template_caps"] = std::move(caps);
  out["modalities"] = json::object{{"vision", false}, {"audio", false}};
  out["bos_token"] = token_text(model.tokenizer, model.tokenizer->special().bos);
  out["eos_token"] = token_text(model.tokenizer, model.tokenizer->special().eos);
  out["build_info"] = "quern " QUERN_VERSION;
  out["is_sleeping"] = false;
  return out;
}

void add_slots(const models::ServedModel& model, std::span<const sched::RequestStatus> requests, json::array& slots) {
  for (const sched::RequestStatus& request : requests) {
    if (!has_place(request.state)) continue;
    const std::uint32_t n_left = request.max_tokens - std::min(request.max_tokens, request.n_generated);
    json::object next{{"has_next_token", n_left > 0}, {"n_remain", n_left}, {"n_decoded", request.n_generated}};
    json::object slot{{"id", slots.size()}, {"id_task", request.id}, {"is_processing", true}, {"speculative", false}};
    slot["model"] = model.id;
    slot["n_ctx"] = model.generator->max_context();
    slot["state"] = sched::request_state_name(request.state);
    slot["n_prompt_tokens"] = request.n_prompt;
    slot["n_prompt_tokens_processed"] = request.n_prefilled;
    slot["n_prompt_tokens_cache"] = request.n_cached;
    slot["params"] = json::object{{"n_predict", request.max_tokens}};
    slot["next_token"] = json::array{std::move(next)};
    slots.push_back(std::move(slot));
  }
}

}  // namespace quern::server
