// What a pull needs of this process: addresses and tokens of hubs, other tools' folders, roots of trust, proxies.
// Threads: any. Errors: those of sources::hub_options(), of TLS and of the proxies' addresses.
#pragma once

#include "base/result.hpp"
#include "registry/pull/puller.hpp"

namespace quern::app {

// offline: as if HF_HUB_OFFLINE was set. Warnings about the environment are in the result's hub options.
Result<registry::pull::PullOptions> pull_setup(registry::ModelRef ref, bool offline);

}  // namespace quern::app
