// What Ollama's registry and others of its kind have in common: a manifest by its tag, blobs by their digest.
// Threads: those of the session.
#pragma once

#include "registry/sources/hub_session.hpp"
#include "registry/sources/oci_manifest.hpp"
#include "registry/sources/pull_plan.hpp"

namespace quern::registry::sources {

struct Repository {
  net::Url registry;    // its origin
  std::string path;     // "library/qwen3"
  std::string subject;  // for messages
};

struct FetchedManifest {
  Manifest manifest;
  std::string text, digest;  // its bytes, and "sha256:..." of them
};

// By tag or digest; of an index the first manifest that it names. Errors besides the session's: corrupt.
asio::awaitable<Result<FetchedManifest>> fetch_manifest(HubSession& session, Repository repository,
                                                        std::string reference);
// A small blob, its digest checked.
asio::awaitable<Result<std::string>> fetch_blob(HubSession& session, Repository repository, Layer layer);

// A blob as a file of a plan.
PlanFile file_of(const Repository& repository, const Layer& layer, Role role);
// Layers in their order as files of a plan. Errors: unsupported: the model is in another form than GGUF, or in none.
Status add_layers(const Repository& repository, const Manifest& manifest, PullPlan& plan);

}  // namespace quern::registry::sources
