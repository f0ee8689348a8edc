// What a pull would fetch: the answer of a source to a name. Nothing in it is trusted any more: names are checked
// relative paths, sizes are bounded, digests are hex. Threads: values.
#pragma once

#include "registry/sources/content_digest.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::registry::sources {

enum class Role : std::uint8_t {
  weights,    // a GGUF file; with several, the shards of one model in their order
  projector,  // GGUF of the vision or audio part
  adapter,    // LoRA
  draft,      // GGUF of a draft model or of heads that predict several tokens
  chat_template,
  system,
  params,    // JSON of options
  messages,  // JSON of example messages
  license,
  config,  // JSON that describes the model
};

std::string_view role_name(Role role) noexcept;
// Of the kinds that are mapped when a model is loaded; the rest is text.
bool is_gguf_role(Role role) noexcept;

inline constexpr std::uint64_t kMaxFileBytes = 1ull << 46;  // 64 TiB: nobody publishes more, sums stay exact
inline constexpr std::size_t kMaxFilesOfModel = 1024;

struct PlanFile {
  std::string name;  // as the source calls it: a relative path, or a digest
  Role role = Role::weights;
  std::uint64_t size = 0;
  ContentDigest digest;
  std::string validator;  // the ETag, where there is no digest: a file that was replaced has another
  std::string url;        // of the hub, before any redirect
};

struct PullPlan {
  std::string source;    // huggingface, ollama, oci, https
  std::string name;      // what was asked for, in words for people
  std::string repo;      // org/name, host/namespace/name, or the address
  std::string commit;    // 40 hex digits, or "sha256:..." of the manifest; empty: the source has none
  std::string quant;     // as the source names it; may be empty
  std::string manifest;  // of a registry: its bytes
  std::vector<PlanFile> files;
  std::vector<std::string> notes;  // sentences worth showing: what was chosen, what was left out

  std::uint64_t size() const noexcept;  // of all files
};

// A relative path of plain parts: no "..", no drive letter, no backslash, no control byte, at most 1,024 bytes.
// Errors: corrupt.
Status check_file_name(std::string_view name);

// Errors: corrupt: no files, too many, or more bytes than a file may have.
Status check_plan(const PullPlan& plan);

}  // namespace quern::registry::sources
