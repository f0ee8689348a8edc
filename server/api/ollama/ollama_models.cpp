#include "server/api/ollama/ollama_models.hpp"

#include "server/api/timestamp.hpp"

#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace quern::server {
namespace {

constexpr const char* kNever = "2318-01-01T00:00:00Z";  // Ollama's way to say that it stays

std::string rfc3339_in(Duration from_now) {
  const auto then = std::chrono::system_clock::now() + std::chrono::duration_cast<std::chrono::seconds>(from_now);
  return rfc3339(std::chrono::duration_cast<std::chrono::seconds>(then.time_since_epoch()).count());
}

// A name always has a tag.
std::string tagged(const std::string& id) {
  return id.find(':') == std::string::npos ? id + ":latest" : id;
}

// "1.1B", "640M".
std::string parameter_size(std::uint64_t n) {
  if (n >= 1'000'000'000) return fmt::format("{:.1f}B", static_cast<double>(n) / 1e9);
  return n >= 1'000'000 ? fmt::format("{:.0f}M", static_cast<double>(n) / 1e6)
                        : fmt::format("{:.0f}K", static_cast<double>(n) / 1e3);
}

// Clients tell one model from another by it.
std::string digest(const models::ModelCard& model) {
  constexpr std::size_t kDigits = 64;
  return model.digest.empty() ? std::string(kDigits, '0') : model.digest;
}

json::object details(const models::ModelCard& model) {
  json::object out;
  out["parent_model"] = "";
  out["format"] = model.local ? "gguf" : "";
  out["family"] = model.info.architecture;
  out["families"] = json::array{json::value(model.info.architecture)};
  out["parameter_size"] = parameter_size(model.info.n_params);
  out["quantization_level"] = model.quantization;
  out["context_length"] = model.max_context;
  out["embedding_length"] = model.info.n_embd;
  return out;
}

json::array capabilities(const models::ModelCard& model) {
  if (!model.generates) return {"embedding"};  // rankers too: Ollama has no word for them
  json::array out{"completion"};
  if (!model.local) return out;  // what else it can do is for its server to say
  if (model.tools) out.emplace_back("tools");
  if (model.thinking) out.emplace_back("thinking");
  if (model.insert) out.emplace_back("insert");
  return out;
}

std::string parameters(const models::ModelCard& model) {
  if (!model.local) return {};
  std::string out = fmt::format("num_ctx {}\ntemperature {}\ntop_k {}\ntop_p {}", model.max_context,
                                model.sampling.temperature, model.sampling.top_k, model.sampling.top_p);
  for (const std::string& stop : model.stops) out += fmt::format("\nstop \"{}\"", stop);
  return out;
}

}  // namespace

json::object ollama_list(const models::ModelCatalog& catalog, bool running) {
  json::array list;
  for (const models::ModelView& view : catalog.views()) {
    const bool there = view.state == models::ModelState::resident || view.state == models::ModelState::leaving;
    if (running && !there) continue;
    const models::ModelCard& model = *view.card;
    json::object one;
    one["name"] = tagged(model.id);
    one["model"] = tagged(model.id);
    one["size"] = running ? view.bytes : model.info.size_bytes;
    one["digest"] = digest(model);
    one["details"] = details(model);
    if (running) {
      one["expires_at"] = view.expires_in ? rfc3339_in(*view.expires_in) : kNever;
      one["size_vram"] = 0;
      one["context_length"] = model.max_context;
    } else {
      one["modified_at"] = rfc3339(model.created_unix_s);
      one["capabilities"] = capabilities(model);
    }
    list.push_back(std::move(one));
  }
  json::object out;
  out["models"] = std::move(list);
  return out;
}

json::object ollama_show(const models::ModelCard& model) {
  const std::string& arch = model.info.architecture;
  json::object info;
  info["general.architecture"] = arch;
  info["general.basename"] = model.info.name;
  info["general.parameter_count"] = model.info.n_params;
  info[arch + ".context_length"] = model.max_context;
  info[arch + ".embedding_length"] = model.info.n_embd;
  info[arch + ".block_count"] = model.info.n_layers;
  json::object out;
  out["license"] = "";
  out["modelfile"] = "FROM " + model.id + "\n";
  out["parameters"] = parameters(model);
  out["template"] = model.chat_template;
  out["system"] = "";
  out["details"] = details(model);
  out["model_info"] = std::move(info);
  out["capabilities"] = capabilities(model);
  out["modified_at"] = rfc3339(model.created_unix_s);
  return out;
}

}  // namespace quern::server
