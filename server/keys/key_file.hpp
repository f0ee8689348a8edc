// The file that API keys are kept in: JSON, written by `quern keys` and read by `quern serve`. It is replaced as a
// whole (a new file that is renamed over it), so a reader sees all of an edit or nothing; editors wait for each other
// at "FILE.lock". A file that others than its owner may write, or everybody may read, is refused, as is one of
// another user, but to root. Threads: any; blocks on the file system. Limits: kMaxKeys keys.
#pragma once

#include "base/result.hpp"
#include "server/keys/api_key.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace quern::server {

constexpr std::size_t kMaxKeys = 10'000;

// Errors: not_found (no such file), io, bad_input (permissions), corrupt naming the file and what is wrong in it.
Result<KeySet> read_key_file(const std::string& path);

// Reads the file (none: an empty set with a new salt), lets `change` edit it, and puts the result in its place, with
// mode 0600, or with the owner, the group and the group's right to read that the old one had. Errors: those of
// read_key_file() but not_found, and of `change`; then the file stays as it was.
Status edit_key_file(const std::string& path, const std::function<Status(KeySet&)>& change);

// The text of the file. parse_keys: errors are corrupt, without the file's name.
Result<KeySet> parse_keys(std::string_view text);
std::string keys_text(const KeySet& set);

}  // namespace quern::server
