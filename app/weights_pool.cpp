#include "app/weights_pool.hpp"

#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>

namespace quern::app {

std::string WeightsPool::key_of(const std::string& path) {
  if (path.empty()) return "embedded";
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return path;  // opening it says why
  return fmt::format("{}:{}:{}:{}.{}", found.st_dev, found.st_ino, found.st_size, found.st_mtim.tv_sec,
                     found.st_mtim.tv_nsec);
}

Result<std::shared_ptr<const engine::Model>> WeightsPool::get(const std::string& key, const Load& load) {
  const std::lock_guard lock(mutex_);
  std::erase_if(models_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<const engine::Model>& known = models_[key];
  if (std::shared_ptr<const engine::Model> model = known.lock()) return model;
  QUERN_TRY(std::shared_ptr<const engine::Model> model, load());
  known = model;
  return model;
}

std::shared_ptr<const engine::Model> WeightsPool::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto known = models_.find(key);
  return known == models_.end() ? nullptr : known->second.lock();
}

}  // namespace quern::app
