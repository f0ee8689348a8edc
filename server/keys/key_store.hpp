// The API keys that a server asks for, as its file had them when it was last read. Threads: all functions from any; who
// has taken a set keeps it while it is replaced. Ownership: shared by the server's state and whoever reloads it.
#pragma once

#include "base/result.hpp"
#include "server/keys/api_key.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace quern::server {

class KeyStore {
 public:
  // required: a file that is missing is an error; else nobody is asked for a key until there is one.
  // Errors: those of read_key_file().
  static Result<std::shared_ptr<KeyStore>> open(std::string path, bool required);

  // nullptr: nobody is asked for a key. A set without keys lets nobody in.
  std::shared_ptr<const KeySet> current() const;

  // Reads the file again; blocks. Errors: those of read_key_file(); the keys then stay as they were. A file that is
  // gone is an error once there was one: removing it must not open the server.
  Status reload();

 private:
  explicit KeyStore(std::string path) : path_(std::move(path)) {}

  const std::string path_;
  mutable std::mutex mutex_;
  std::shared_ptr<const KeySet> set_;  // guarded by mutex_
};

}  // namespace quern::server
