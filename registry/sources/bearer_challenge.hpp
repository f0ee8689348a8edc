// `WWW-Authenticate: Bearer realm="..",service="..",scope=".."`: where a registry wants a token to be fetched. The
// address comes from outside, so it is held against the registry's own host before anything is sent there.
// Threads: pure functions.
#pragma once

#include "base/result.hpp"
#include "net/url.hpp"

#include <string>
#include <string_view>

namespace quern::registry::sources {

struct BearerChallenge {
  std::string realm, service, scope;
};
// Errors: unsupported: another scheme; corrupt: no realm, or text that is no list of parameters.
Result<BearerChallenge> read_challenge(std::string_view header);

// The address to ask for a token. Errors: bad_input: a realm on another host than the registry's (one exception:
// auth.docker.io for registry-1.docker.io), or one without TLS beyond loopback.
Result<net::Url> token_address(const BearerChallenge& challenge, const net::Url& registry);

// The token in the realm's answer: at most 64 KiB of visible characters. Errors: corrupt.
Result<std::string> read_token(std::string_view json);

}  // namespace quern::registry::sources
