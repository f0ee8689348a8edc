#include "models/model_card.hpp"

#include "models/served_model.hpp"

namespace quern::models {

bool ModelCard::can(Work work) const noexcept {
  switch (work) {
    case Work::any:
      return true;
    case Work::generate:
      return generates;
    case Work::embed:
      return embeds;
    case Work::rank:
      return ranks;
  }
  return false;
}

ModelCard card_of(const ServedModel& model) {
  ModelCard out{.id = model.id,
                .aliases = model.aliases,
                .created_unix_s = model.created_unix_s,
                .info = model.info,
                .quantization = model.quantization,
                .digest = model.digest,
                .max_context = model.max_context(),
                .generates = model.can(Work::generate),
                .embeds = model.can(Work::embed),
                .ranks = model.can(Work::rank),
                .thinking = model.with_tools.reasoning != nullptr,
                .sampling = model.sampling};
  out.local = model.is_local();
  if (!out.local) return out;
  out.insert = model.tokenizer->special().fill.complete();
  out.stops = model.chat->ends().strings;
  if (const auto chosen = model.chat->pick(true)) out.tools = (*chosen)->takes_tools();
  if (const auto chosen = model.chat->pick(false)) out.chat_template = (*chosen)->source();
  return out;
}

}  // namespace quern::models
