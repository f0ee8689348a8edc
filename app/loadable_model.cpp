#include "app/loadable_model.hpp"

#include "app/kv_sizing.hpp"
#include "app/loaded_model.hpp"
#include "app/model_digest.hpp"
#include "app/options/sampling_fields.hpp"
#include "engine/chat/template.hpp"
#include "engine/model.hpp"
#include "engine/sampling/file_defaults.hpp"
#include "engine/tools/reasoning_format.hpp"
#include "engine/weight_packer.hpp"
#include "kernels/cpu/isa.hpp"
#include "kernels/quant/quant_format.hpp"
#include "registry/sampling_names.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <map>
#include <utility>

namespace quern::app {
namespace {

using engine::gguf::GgufFile;

// Activations, the tables of KV pages, the plan: what a model takes besides weights, pages and rows of logits.
constexpr std::uint64_t kOtherBuffers = std::uint64_t{48} << 20;

std::int64_t created_unix_s(const ModelFile& file) {
  std::error_code error;
  const auto changed = std::filesystem::last_write_time(file.path, error);
  const auto now = std::chrono::system_clock::now();
  const auto then = error ? now : std::chrono::file_clock::to_sys(changed);
  return std::chrono::duration_cast<std::chrono::seconds>(then.time_since_epoch()).count();
}

// Its default template, and what that has places for. One that cannot be read is told when the model is loaded.
void add_template(const GgufFile& file, models::ModelCard& card) {
  const Result<std::string_view> source = file.get_string("tokenizer.chat_template");
  if (!source) return;
  card.chat_template = *source;
  const auto parsed = engine::chat::Template::parse("chat_template", card.chat_template, {});
  if (!parsed) return;
  card.tools = parsed->takes_tools();
  card.thinking = engine::tools::find_reasoning_format(*parsed).has_value();
}

bool has_fill_tokens(const GgufFile& file) {
  return file.find("tokenizer.ggml.fim_pre_token_id") != nullptr ||
         file.find("tokenizer.ggml.prefix_token_id") != nullptr;
}

// What its weights take in memory: in the kernels' layout a little more than in the file.
std::uint64_t weight_bytes(const GgufFile& file, const engine::ModelOutline& outline, const Options& options) {
  const auto kernels = kernels::select_tier_from_environment();
  if (options.model.pack == "off" || !kernels)
    return outline.info.size_bytes;  // a tier that is not there: told elsewhere
  return engine::packed_bytes(file, **kernels);
}

std::uint64_t estimate(std::uint64_t weights, const engine::ModelOutline& outline, const Options& options,
                       const models::ModelCard& card) {
  std::uint64_t out = weights + kOtherBuffers;
  if (!card.generates) return out;
  const kv::KvConfig kv = kv_config(outline.params, options.model);
  out += std::uint64_t{kv::pages_for(card.max_context, options.model.page_tokens)} * kv.page_bytes();
  out += std::uint64_t{options.sched.max_running} * (kv.state_page_bytes() + outline.info.n_vocab * sizeof(float));
  return out;
}

}  // namespace

std::string main_quantization(const GgufFile& file) {
  std::map<kernels::TensorType, std::uint64_t> bytes;
  for (const engine::gguf::Tensor& tensor : file.tensors()) bytes[tensor.type] += tensor.data.size();
  const auto by_bytes = [](const auto& a, const auto& b) { return a.second < b.second; };
  const auto most = std::ranges::max_element(bytes, by_bytes);
  std::string name = most == bytes.end() ? "" : std::string(kernels::format_of(most->first).name);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

Result<models::LoadableModel> describe_model(const Options& options, const ModelFile& from, bool embeds) {
  QUERN_TRY(const auto file, open_model_file(from));
  QUERN_TRY(const engine::ModelOutline outline, engine::outline_of(*file));
  const std::vector<std::string> names = model_names(from, options.model.alias);
  models::LoadableModel out;
  models::ModelCard& card = out.card;
  card.id = names.front();
  card.aliases = {names.begin() + 1, names.end()};
  card.created_unix_s = created_unix_s(from);
  card.info = outline.info;
  card.quantization = main_quantization(*file);
  QUERN_TRY(card.digest, model_digest(*file));
  card.generates = outline.info.generates && !embeds;
  const bool pools = outline.info.pooling != engine::Pooling::none;
  card.ranks = !card.generates && outline.info.pooling == engine::Pooling::rank;
  card.embeds = !card.generates && pools && !card.ranks;
  if (!card.generates && !card.embeds && !card.ranks)
    return fail(Errc::unsupported, "{}: it generates no text, and names no way to make vectors of texts", from.path);
  const std::uint32_t trained = outline.info.n_context_train == 0 ? kDefaultContext : outline.info.n_context_train;
  const std::uint32_t asked = card.generates ? options.model.ctx : options.model.embedding_ctx;
  card.max_context = asked != 0 ? asked : std::min(trained, from.settings.ctx.value_or(kDefaultContext));
  QUERN_TRY(const auto sampling,
            registry::sampling_over(engine::sampling::read_file_defaults(*file).params, from.settings));
  card.sampling = sampling_over(sampling, options);
  card.stops = from.settings.stop;
  if (card.generates) {
    add_template(*file, card);
    card.insert = has_fill_tokens(*file);
  }
  out.shared_bytes = weight_bytes(*file, outline, options);
  out.estimated_bytes = estimate(out.shared_bytes, outline, options, card);
  out.stay.keep_alive = options.model.keep_alive;
  return out;
}

}  // namespace quern::app
