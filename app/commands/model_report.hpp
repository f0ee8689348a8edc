// What `quern list` and `quern show` print. Threads: pure functions.
#pragma once

#include "registry/resolve.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quern::app {

struct ListedModel {
  registry::Model model;
  registry::FoundIn found_in = registry::FoundIn::registry;
};

std::string list_table(const std::vector<ListedModel>& models, std::int64_t now_unix_s);
std::string list_json(const std::vector<ListedModel>& models, const std::vector<std::string>& notes);

// previous: when the version that can be restored was used last, if there is one.
std::string show_text(const registry::ResolvedModel& shown, const std::optional<registry::Model>& previous,
                      std::int64_t now_unix_s);
std::string show_json(const registry::ResolvedModel& shown, const std::optional<registry::Model>& previous);

}  // namespace quern::app
