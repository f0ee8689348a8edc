#include "models/model_catalog.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace quern::models {
namespace {

constexpr std::string_view kDefaultTag = ":latest";

std::string_view without_default_tag(std::string_view name) noexcept {
  if (name.ends_with(kDefaultTag)) name.remove_suffix(kDefaultTag.size());
  return name;
}

bool answers_to(const ServedModel& model, std::string_view name) noexcept {
  const auto is_name = [name](std::string_view own) { return without_default_tag(own) == name; };
  return is_name(model.id) || std::ranges::any_of(model.aliases, is_name);
}

std::string names_of(const std::vector<std::shared_ptr<ServedModel>>& models) {
  constexpr std::size_t kShown = 8;
  std::string out;
  for (std::size_t i = 0; i < std::min(models.size(), kShown); ++i) out += (i == 0 ? "" : ", ") + models[i]->id;
  return models.size() > kShown ? out + ", ..." : out;
}

const char* verb_of(Work work) noexcept {
  switch (work) {
    case Work::any:
      return "do anything";
    case Work::generate:
      return "generate text";
    case Work::embed:
      return "compute embeddings";
    case Work::rank:
      return "rank documents";
  }
  return "do that";
}

const char* what_it_does(const ServedModel& model) noexcept {
  if (model.can(Work::generate)) return "generates text";
  return model.can(Work::rank) ? "ranks documents" : "computes embeddings";
}

}  // namespace

Status ModelCatalog::add(std::shared_ptr<ServedModel> model) {
  std::vector<std::string> names = model->aliases;
  names.push_back(model->id);
  for (const std::string& name : names) {
    for (const auto& other : models_) {
      if (answers_to(*other, without_default_tag(name)))
        return fail_field("model", "two models are called '{}', want different names: NAME=FILE", name);
    }
  }
  model->complete();
  models_.push_back(std::move(model));
  return {};
}

Result<std::shared_ptr<ServedModel>> ModelCatalog::find(std::string_view name, Work work) const {
  const std::string_view wanted = without_default_tag(name);
  const auto named = std::ranges::find_if(models_, [&](const auto& model) { return answers_to(*model, wanted); });
  const auto able = std::ranges::find_if(models_, [&](const auto& model) { return model->can(work); });
  if (named != models_.end()) {
    if ((*named)->can(work)) return *named;
    Error error = fail_field("model", "{} {}, it cannot {}{}", (*named)->id, what_it_does(**named), verb_of(work),
                             able != models_.end() ? fmt::format("; {} can", (*able)->id) : "");
    error.code = Errc::unsupported;
    return error;
  }
  if (wanted.empty() || any_name_) {
    if (able != models_.end()) return *able;
    Error error = fail_field("model", "no model of this server can {}: {}", verb_of(work), names_of(models_));
    error.code = Errc::not_found;
    return error;
  }
  constexpr std::size_t kShownBytes = 80;
  std::size_t n_shown = std::min(name.size(), kShownBytes);
  while (n_shown < name.size() && n_shown > 0 && (static_cast<unsigned char>(name[n_shown]) & 0xC0u) == 0x80u)
    --n_shown;
  Error error = fail_field("model", "this server has {}, not \"{}\"{}", names_of(models_), name.substr(0, n_shown),
                           n_shown < name.size() ? "..." : "");
  error.code = Errc::not_found;
  return error;
}

boost::asio::awaitable<Result<std::shared_ptr<ServedModel>>> ModelCatalog::acquire(std::string name, Work work) {
  co_return find(name, work);
}

std::vector<TaskQueue*> ModelCatalog::queues() const {
  std::vector<TaskQueue*> out;
  for (const auto& model : models_) std::ranges::copy(model->queues(), std::back_inserter(out));
  return out;
}

void ModelCatalog::drain() noexcept {
  for (TaskQueue* const queue : queues()) queue->drain();
}

Duration ModelCatalog::stalled() const {
  Duration out = Duration::zero();
  for (const TaskQueue* const queue : queues()) out = std::max(out, queue->stalled());
  return out;
}

}  // namespace quern::models
