#include "registry/pull/drop_texts.hpp"

#include <utility>
#include <vector>

namespace quern::registry::pull {
namespace {

bool is_text(sources::Role role) noexcept {
  switch (role) {
    case sources::Role::weights:
    case sources::Role::projector:
    case sources::Role::adapter:
    case sources::Role::draft:
      return false;
    case sources::Role::chat_template:
    case sources::Role::system:
    case sources::Role::params:
    case sources::Role::messages:
    case sources::Role::license:
    case sources::Role::config:
      return true;
  }
  return false;
}

}  // namespace

Status drop_texts(Registry& registry, PullResult pulled) {
  std::vector<ModelFile> files;
  for (PulledFile& file : pulled.files) {
    if (!file.ours || !is_text(file.plan.role)) continue;
    files.push_back({.role = FileRole::other, .path = file.path, .digest = file.digest, .size_bytes = file.plan.size});
  }
  pulled.files.clear();  // nobody holds them any more
  QUERN_TRY(const Freed freed, registry.free_files(files));
  return {};
}

}  // namespace quern::registry::pull
