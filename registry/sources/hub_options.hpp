// How hubs are asked: addresses, tokens, patience. Read once from the environment, by the names that the hub's own
// tools use: HF_ENDPOINT, HF_TOKEN, HF_TOKEN_PATH (default $HF_HOME/token), HF_HUB_DISABLE_IMPLICIT_TOKEN,
// HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE. Threads: values.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "net/url.hpp"
#include "registry/sources/retry_policy.hpp"

#include <functional>
#include <string>
#include <vector>

namespace quern::registry::sources {

struct HubOptions {
  net::Url hf_endpoint;  // without a path; set by hub_options()
  std::string hf_token;  // empty: none
  bool offline = false;  // nothing is asked
  RetryLimits retries;
  Duration silence = std::chrono::seconds(30);       // a connection on which nothing comes for so long is given up
  Duration answer_time = std::chrono::seconds(120);  // in which a small answer has to be whole
  std::vector<std::string> warnings;                 // about the environment, in sentences
};

// The value of a variable; nullptr: not set.
using Environment = std::function<const char*(const char* name)>;

// Errors: bad_input: HF_ENDPOINT is no address, a token with blanks or control characters; io: HF_TOKEN_PATH names a
// file that cannot be read. A token file that others can read is used, with a warning.
Result<HubOptions> hub_options(const Environment& environment);
Result<HubOptions> hub_options();  // of this process

}  // namespace quern::registry::sources
