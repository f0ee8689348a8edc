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

std::string names_of(const std::vector<std::string>& ids) {
  constexpr std::size_t kShown = 8;
  std::string out;
  for (std::size_t i = 0; i < std::min(ids.size(), kShown); ++i) out += (i == 0 ? "" : ", ") + ids[i];
  return ids.size() > kShown ? out + ", ..." : out;
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

const char* what_it_does(const ModelCard& card) noexcept {
  if (card.can(Work::generate)) return "generates text";
  return card.can(Work::rank) ? "ranks documents" : "computes embeddings";
}

std::vector<std::string> all_names(const std::string& id, const std::vector<std::string>& aliases) {
  std::vector<std::string> out{id};
  out.insert(out.end(), aliases.begin(), aliases.end());
  return out;
}

Error nobody_called(std::string_view name, const std::vector<std::string>& ids) {
  constexpr std::size_t kShownBytes = 80;
  std::size_t n_shown = std::min(name.size(), kShownBytes);
  while (n_shown < name.size() && n_shown > 0 && (static_cast<unsigned char>(name[n_shown]) & 0xC0u) == 0x80u)
    --n_shown;
  Error error = fail_field("model", "this server has {}, not \"{}\"{}", names_of(ids), name.substr(0, n_shown),
                           n_shown < name.size() ? "..." : "");
  error.code = Errc::not_found;
  return error;
}

}  // namespace

Status ModelCatalog::check_names(const ModelCard& card) const {
  std::vector<std::string> names = card.aliases;
  names.push_back(card.id);
  for (const std::string& name : names) {
    for (const Named& other : named_) {
      const auto is_name = [&](const std::string& own) {
        return without_default_tag(own) == without_default_tag(name);
      };
      if (std::ranges::any_of(other.names, is_name))
        return fail_field("model", "two models are called '{}', want different names: NAME=FILE", name);
    }
  }
  return {};
}

Status ModelCatalog::add(std::shared_ptr<ServedModel> model) {
  const std::lock_guard lock(mutex_);
  QUERN_CHECK(check_names({.id = model->id, .aliases = model->aliases}));
  std::vector<std::string> names = all_names(model->id, model->aliases);
  named_.push_back({std::move(names), residency_.add(std::move(model))});
  return {};
}

Status ModelCatalog::add(LoadableModel model) {
  const std::lock_guard lock(mutex_);
  QUERN_CHECK(check_names(model.card));
  std::vector<std::string> names = all_names(model.card.id, model.card.aliases);
  named_.push_back({std::move(names), residency_.add(std::move(model))});
  return {};
}

bool ModelCatalog::describe(LoadableModel model) {
  const std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(named_, model.card.id, [](const Named& one) { return one.names.front(); });
  if (known == named_.end()) return false;
  residency_.replace(known->id, std::move(model));
  return true;
}

bool ModelCatalog::add_name(std::string_view id, const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(named_, id, [](const Named& one) { return one.names.front(); });
  if (known == named_.end()) return false;
  if (check_names({.id = name})) known->names.push_back(name);
  return true;
}

bool ModelCatalog::remove(std::string_view name) {
  const std::string_view wanted = without_default_tag(name);
  const std::lock_guard lock(mutex_);
  const auto is_name = [&](const std::string& own) { return without_default_tag(own) == wanted; };
  const auto found =
      std::ranges::find_if(named_, [&](const Named& one) { return std::ranges::any_of(one.names, is_name); });
  if (found == named_.end()) return false;
  residency_.remove(found->id);
  named_.erase(found);
  return true;
}

Result<Residency::Id> ModelCatalog::find_id(std::string_view name, Work work) const {
  const std::string_view wanted = without_default_tag(name);
  const std::shared_lock lock(mutex_);
  std::vector<std::string> ids;
  for (const Named& one : named_) ids.push_back(one.names.front());
  const Named* named = nullptr;
  const Named* able = nullptr;
  bool able_is_there = false;
  for (const Named& one : named_) {
    const auto is_name = [&](const std::string& own) { return without_default_tag(own) == wanted; };
    if (named == nullptr && std::ranges::any_of(one.names, is_name)) named = &one;
    const auto card = residency_.card(one.id);
    if (!card->can(work)) continue;
    if (able != nullptr && able_is_there) continue;
    const bool there = residency_.resident(one.id);
    if (able == nullptr || there) able = &one, able_is_there = there;
  }
  if (named != nullptr) {
    const auto card = residency_.card(named->id);
    if (card->can(work)) return named->id;
    Error error = fail_field("model", "{} {}, it cannot {}{}", card->id, what_it_does(*card), verb_of(work),
                             able != nullptr ? fmt::format("; {} can", able->names.front()) : "");
    error.code = Errc::unsupported;
    return error;
  }
  if (!wanted.empty() && !any_name_) return nobody_called(name, ids);
  if (able != nullptr) return able->id;
  Error error = fail_field("model", "no model of this server can {}: {}", verb_of(work), names_of(ids));
  error.code = Errc::not_found;
  return error;
}

Result<std::shared_ptr<const ModelCard>> ModelCatalog::find(std::string_view name, Work work) const {
  QUERN_TRY(const Residency::Id id, find_id(name, work));
  return residency_.card(id);
}

boost::asio::awaitable<Result<std::shared_ptr<ServedModel>>> ModelCatalog::acquire(std::string name, Work work,
                                                                                   std::shared_ptr<ModelWait> wait,
                                                                                   std::optional<Duration> keep_alive) {
  const Result<Residency::Id> id = find_id(name, work);
  if (!id) co_return id.error();
  Result<std::shared_ptr<ServedModel>> model = co_await residency_.acquire(*id, keep_alive, std::move(wait));
  co_return model;
}

Status ModelCatalog::keep(std::string_view name, Duration keep_alive) {
  QUERN_TRY(const Residency::Id id, find_id(name, Work::any));
  residency_.keep(id, keep_alive);
  return {};
}

Status ModelCatalog::load(std::string_view name) {
  QUERN_TRY(const Residency::Id id, find_id(name, Work::any));
  residency_.load(id);
  return {};
}

Status ModelCatalog::unload(std::string_view name) {
  QUERN_TRY(const Residency::Id id, find_id(name, Work::any));
  residency_.unload(id);
  return {};
}

std::vector<std::shared_ptr<TaskQueue>> ModelCatalog::queues() const {
  std::vector<std::shared_ptr<TaskQueue>> out;
  for (const std::shared_ptr<ServedModel>& model : residents()) {
    for (TaskQueue* const queue : model->queues()) out.emplace_back(model, queue);
  }
  return out;
}

Duration ModelCatalog::stalled() const {
  Duration out = Duration::zero();
  for (const auto& queue : queues()) out = std::max(out, queue->stalled());
  return out;
}

}  // namespace quern::models
