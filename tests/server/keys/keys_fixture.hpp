// A keys file for tests, and secrets that are in it.
#pragma once

#include "server/keys/key_file.hpp"
#include "tests/support/temp_dir.hpp"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace quern::test {

class KeysFile {
 public:
  // A key of one scope; its secret. expires_unix_s: 0 never.
  std::string add(const std::string& name, server::KeyScope scope, std::int64_t expires_unix_s = 0,
                  const std::string& tenant = "", float weight = 1) {
    const std::string secret = server::random_secret().value();
    const Status added = server::edit_key_file(path, [&](server::KeySet& set) -> Status {
      server::ApiKey key;
      key.id = server::random_key_id().value();
      key.name = name;
      key.scopes.add(scope);
      key.tenant = tenant.empty() ? name : tenant;
      key.weight = weight;
      key.created_unix_s = 1;
      key.expires_unix_s = expires_unix_s;
      key.hash = server::hash_of(set.salt, secret);
      set.keys.push_back(std::move(key));
      return {};
    });
    EXPECT_TRUE(added) << (added ? "" : added.error().detail);
    return secret;
  }
  void revoke(const std::string& name) {
    EXPECT_TRUE(server::edit_key_file(path, [&](server::KeySet& set) -> Status {
      EXPECT_EQ(std::erase_if(set.keys, [&](const server::ApiKey& key) { return key.name == name; }), 1u);
      return {};
    }));
  }

  TempDir dir;
  const std::string path = dir.path("keys.json");
};

inline std::string bearer(const std::string& secret) {
  return "Authorization: Bearer " + secret + "\r\n";
}

}  // namespace quern::test
