// Changes a registry at random until somebody kills it: adds, replaces, removes, copies, creates, restores, pins,
// cleans. Arguments: the folder, one with files that are not the registry's, a seed. Ends by itself, with a message and
// status 3, only where something fails that should not.
#include "base/xoshiro.hpp"
#include "registry/clean.hpp"
#include "registry/create.hpp"
#include "registry/registry.hpp"

#include <cstdio>
#include <cstdlib>

#include <unistd.h>

namespace quern::registry {
namespace {

class Worker {
 public:
  Worker(const std::string& folder, std::string foreign, std::uint64_t seed)
      : registry_(Registry::open(folder).value()), foreign_(std::move(foreign)), random_(seed) {}

  void work() {
    // Whoever kills may want to do it in the middle of the work.
    if (::write(STDOUT_FILENO, "r", 1) != 1) return;
    for (;;) expect(step());
  }

 private:
  std::uint64_t below(std::uint64_t n) { return random_.next() % n; }
  ModelRef name() { return ModelRef::parse(fmt::format("m{}", below(6))).value(); }
  // Few texts, so that models share blobs.
  std::string text() { return fmt::format("weights {} {}", below(12), std::string(2000, 'w')); }

  Status step() {
    switch (below(9)) {
      case 0:
      case 1:
      case 2:
        return add();
      case 3:
        return dropped(registry_->remove(name()));
      case 4:
        return registry_->copy(name(), name());
      case 5:
        return describe();
      case 6:
        return registry_->restore(name());
      case 7:
        return registry_->update(name(), [this](Model& model) {
          model.pinned = below(2) == 0;
          model.settings.system = fmt::format("system {}", below(100));
          return Status();
        });
      default:
        return dropped(
            clean(*registry_, {.limit_bytes = below(20'000), .in_use = {}, .min_age = std::chrono::seconds(0)}));
    }
  }

  template <class T>
  static Status dropped(const Result<T>& result) {
    return result ? Status() : Status(result.error());
  }

  Status add() {
    Model model;
    model.name = name();
    std::vector<BlobHold> holds;
    for (std::uint64_t i = 0, n = 1 + below(3); i < n; ++i) {
      const std::string content = text();
      QUERN_TRY(const Digest digest, registry_->blobs().put(content));
      QUERN_TRY(BlobHold hold, registry_->blobs().hold(digest));  // another process may clean at this moment
      holds.push_back(std::move(hold));
      model.files.push_back(
          {.path = registry_->blobs().path_of(digest), .digest = digest, .size_bytes = content.size()});
    }
    if (below(4) == 0) {
      QUERN_TRY(const Digest digest, digest_of_file(foreign_ + "/a.gguf"));
      model.files.push_back({.role = FileRole::other, .path = foreign_ + "/a.gguf", .digest = digest, .size_bytes = 7});
    }
    return registry_->add(std::move(model), below(2) == 0 ? OnConflict::replace : OnConflict::refuse);
  }

  Status describe() {
    Modelfile description;
    const ModelRef from = name();
    description.from = from.display();
    description.settings.system = "made";
    QUERN_TRY(const Model base, registry_->find(from));
    if (base.facts.params == 0) return registry_->copy(from, name());  // these are no real models
    return dropped(create(*registry_, {}, name(), description, {.folder = foreign_, .copy = true, .on_bytes = {}}));
  }

  // A name that is taken or not there, a file that went meanwhile: that is life.
  static void expect(const Status& status) {
    if (status || status.error().code == Errc::not_found || status.error().code == Errc::bad_input) return;
    std::fprintf(stderr, "worker: %s: %s\n", errc_name(status.error().code), status.error().detail.c_str());
    std::exit(3);
  }

  std::unique_ptr<Registry> registry_;
  const std::string foreign_;
  Xoshiro256 random_;
};

}  // namespace
}  // namespace quern::registry

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  quern::registry::Worker(argv[1], argv[2], std::strtoull(argv[3], nullptr, 10)).work();
}
