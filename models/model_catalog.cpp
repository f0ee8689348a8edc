#include "models/model_catalog.hpp"

#include <algorithm>
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

}  // namespace

void ModelCatalog::add(std::shared_ptr<ServedModel> model) {
  models_.push_back(std::move(model));
}

Result<std::shared_ptr<ServedModel>> ModelCatalog::find(std::string_view name) const {
  const std::string_view wanted = without_default_tag(name);
  const auto found = std::ranges::find_if(models_, [&](const auto& model) { return answers_to(*model, wanted); });
  if (found != models_.end()) return *found;
  if ((wanted.empty() || any_name_) && !models_.empty()) return models_.front();
  constexpr std::size_t kShownBytes = 80;
  std::size_t n_shown = std::min(name.size(), kShownBytes);
  while (n_shown < name.size() && n_shown > 0 && (static_cast<unsigned char>(name[n_shown]) & 0xC0u) == 0x80u)
    --n_shown;
  Error error = fail_field("model", "this server has {}, not \"{}\"{}", names_of(models_), name.substr(0, n_shown),
                           n_shown < name.size() ? "..." : "");
  error.code = Errc::not_found;
  return error;
}

boost::asio::awaitable<Result<std::shared_ptr<ServedModel>>> ModelCatalog::acquire(std::string name) {
  co_return find(name);
}

void ModelCatalog::drain() noexcept {
  for (const auto& model : models_) model->generator->drain();
}

Duration ModelCatalog::stalled() const {
  Duration out = Duration::zero();
  for (const auto& model : models_) out = std::max(out, model->generator->stalled());
  return out;
}

}  // namespace quern::models
