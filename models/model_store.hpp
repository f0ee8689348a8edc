// The models on this machine's disk, beside those that are served: fetched from hubs, made, copied, removed. What it
// adds or removes the catalog has or loses with it. Threads: any; all but pull() block on the disk: not on an I/O
// thread. Ownership: outlives its pulls' readers.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::models {

// One model being fetched. Destroying it does not end it.
class Pull {
 public:
  virtual ~Pull() = default;
  virtual void cancel() noexcept = 0;  // what is whole is kept, and the next pull goes on from there
};

// Both are called on a thread of the store's, on_end once and last. Lines are Ollama's progress events, as JSON without
// their ends.
struct PullListener {
  std::function<void(std::string line)> on_line;
  std::function<void(Status end)> on_end;
};

// A file being uploaded. Destroying it before finish() drops what came. Threads: one at a time; blocks on the disk.
class BlobUpload {
 public:
  virtual ~BlobUpload() = default;
  virtual Status write(std::string_view bytes) = 0;
  virtual Status finish() = 0;  // Errors also: bad_input: other bytes than the digest says
};

// A model made from another one, or from files that were uploaded: as Ollama's API says it.
struct ModelRecipe {
  std::string from;                                        // a name; empty: files
  std::vector<std::pair<std::string, std::string>> files;  // name, digest "sha256:..."
  std::string system, chat_template;
  std::vector<std::string> licenses;
  std::vector<std::pair<std::string, std::string>> parameters;  // name, value as text; names may repeat
  std::vector<std::pair<std::string, std::string>> messages;    // role, content
};

class ModelStore {
 public:
  virtual ~ModelStore() = default;

  // insecure: registries may be asked without TLS. Errors come as the listener's end.
  virtual std::shared_ptr<Pull> pull(std::string name, bool insecure, PullListener listener) = 0;
  // Errors: not_found, bad_input naming the name, io, those of registries.
  virtual Status remove(const std::string& name) = 0;
  virtual Status copy(const std::string& from, const std::string& to) = 0;
  // -> what of it has no effect, and why.
  virtual Result<std::vector<std::string>> create(const std::string& name, const ModelRecipe& recipe) = 0;
  virtual Result<bool> has_blob(const std::string& digest) = 0;
  // A file of `n_bytes` that arrives piece by piece. Errors: bad_input: no digest; overloaded: no room for it; io.
  virtual Result<std::unique_ptr<BlobUpload>> begin_blob(const std::string& digest, std::uint64_t n_bytes) = 0;
  // A model of that name that is on the disk is in the catalog afterwards. Errors: not_found.
  virtual Status look_up(const std::string& name) = 0;
};

}  // namespace quern::models
