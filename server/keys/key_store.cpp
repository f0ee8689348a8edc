#include "server/keys/key_store.hpp"

#include "server/keys/key_file.hpp"

#include <utility>

namespace quern::server {

Result<std::shared_ptr<KeyStore>> KeyStore::open(std::string path, bool required) {
  const std::shared_ptr<KeyStore> store(new KeyStore(std::move(path)));
  const Status loaded = store->reload();
  const bool missing = !loaded && loaded.error().code == Errc::not_found;
  if (!loaded && (required || !missing)) return loaded.error();
  return store;
}

std::shared_ptr<const KeySet> KeyStore::current() const {
  const std::lock_guard lock(mutex_);
  return set_;
}

Status KeyStore::reload() {
  QUERN_TRY(KeySet set, read_key_file(path_));
  auto fresh = std::make_shared<const KeySet>(std::move(set));
  const std::lock_guard lock(mutex_);
  set_.swap(fresh);
  return {};
}

}  // namespace quern::server
