// Manifests of container registries, as Ollama, Docker and OCI write them: which blobs a model is made of. JSON from
// outside, checked. Sources: OCI image specification (manifest, index), Docker's manifest v2, formats of Ollama.
// Limits: 1,024 layers, sizes below 64 TiB. Errors: corrupt, naming the member, what was found and expected.
// Threads: pure functions.
#pragma once

#include "base/result.hpp"
#include "registry/sources/content_digest.hpp"
#include "registry/sources/pull_plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::registry::sources {

inline constexpr std::string_view kManifestTypes =
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.cncf.model.manifest.v1+json";

struct Layer {
  std::string media_type;
  ContentDigest digest;  // SHA-256
  std::uint64_t size = 0;
  std::string name;  // a file's name, where the manifest gives one: checked
};

struct Manifest {
  std::optional<Layer> config;
  std::vector<Layer> layers;
  std::vector<Layer> choices;  // of an index: further manifests, and no layers
};

Result<Manifest> read_manifest(std::string_view json);

// What a layer is for: that of Ollama (application/vnd.ollama.image.*), Docker (vnd.docker.ai.*), ModelPack
// (vnd.cncf.model.*). Empty: nothing that quern reads.
std::optional<Role> role_of(std::string_view media_type) noexcept;
// Layers of whole models in a form other than GGUF, in words ("safetensors"); empty: no such layer.
std::string_view foreign_form(std::string_view media_type) noexcept;

}  // namespace quern::registry::sources
