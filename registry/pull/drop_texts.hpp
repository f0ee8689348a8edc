// Texts that came with a pull (settings, system, licences, what describes the model) are in the model's row once it is
// added: their files go, where no model names them. Threads: any; blocks on the disk. Errors: those of Registry.
#pragma once

#include "base/result.hpp"
#include "registry/pull/puller.hpp"
#include "registry/registry.hpp"

namespace quern::registry::pull {

Status drop_texts(Registry& registry, PullResult pulled);

}  // namespace quern::registry::pull
