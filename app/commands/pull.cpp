// `quern pull` and `quern outdated`: models from hubs into the registry. Threads: main; the watcher's thread cancels.
#include "app/commands/commands.hpp"
#include "app/model_store.hpp"
#include "app/pull/progress.hpp"
#include "app/pull/pull_setup.hpp"
#include "app/signal_watcher.hpp"
#include "registry/pull/add_pulled.hpp"
#include "registry/pull/drop_texts.hpp"
#include "registry/pull/ollama_lines.hpp"

#include <csignal>
#include <cstdio>
#include <mutex>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace quern::app {
namespace {

namespace json = boost::json;
namespace sources = registry::sources;
using registry::ModelRef;
using registry::RefKind;
using registry::Registry;
using registry::pull::Puller;
using registry::pull::PullEvent;
using registry::pull::PullOptions;
using registry::pull::PullResult;

// What a signal ends: the pull under way, or the one that would begin next. Threads: the watcher's and main.
class Interruption {
 public:
  void signal(int number) {
    const std::lock_guard lock(mutex_);
    came_ = true;
    by_user_ = by_user_ || number == SIGINT;
    if (puller_ != nullptr) puller_->cancel();
  }
  void attach(Puller* puller) {  // nullptr: it is over
    const std::lock_guard lock(mutex_);
    puller_ = puller;
    if (came_ && puller != nullptr) puller->cancel();
  }
  bool by_user() {
    const std::lock_guard lock(mutex_);
    return by_user_;
  }

 private:
  std::mutex mutex_;
  Puller* puller_ = nullptr;
  bool came_ = false, by_user_ = false;
};

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col - 1u : 79u;
}

Result<ModelRef> asked_for(const PullCommandOptions& options) {
  QUERN_TRY(ModelRef ref, ModelRef::parse(options.name));
  if (ref.kind == RefKind::path) {
    return fail(Errc::bad_input, "{}: it is a file of this machine; `quern create NAME` makes a model of it",
                options.name);
  }
  if (!ref.variant.empty())
    return fail(Errc::bad_input, "{}: want a model, found its variant @{}", options.name, ref.variant);
  if (options.quant.empty()) return ref;
  if (ref.kind != RefKind::hugging_face || !ref.file.empty()) {
    return fail(Errc::bad_input,
                "--quant: want a repository of the hub (hf.co/ORG/NAME), found {}; of other names the tag says it",
                ref.display());
  }
  if (!ref.tag.empty() && ref.tag != options.quant) {
    return fail(Errc::bad_input, "--quant: want one quantisation, found {} and {}", ref.tag, options.quant);
  }
  ref.tag = options.quant;
  return ref;
}

Result<PullOptions> pull_options(ModelRef ref, bool offline) {
  QUERN_TRY(PullOptions out, pull_setup(std::move(ref), offline));
  for (const std::string& warning : out.hub.warnings) fmt::print(stderr, "quern: {}\n", warning);
  return out;
}

json::object json_of(const sources::PullPlan& plan) {
  json::array files;
  for (const sources::PlanFile& file : plan.files) {
    files.push_back(json::object{{"name", file.name},
                                 {"role", sources::role_name(file.role)},
                                 {"size", file.size},
                                 {"digest", sources::to_text(file.digest)}});
  }
  return {{"name", plan.name},   {"source", plan.source}, {"repo", plan.repo},        {"commit", plan.commit},
          {"quant", plan.quant}, {"size", plan.size()},   {"files", std::move(files)}};
}

void print_plan(const sources::PullPlan& plan, std::uint64_t missing) {
  fmt::print("{} from {}, {}\n", plan.name, plan.source, plan.commit.empty() ? "no version" : plan.commit);
  for (const sources::PlanFile& file : plan.files) {
    fmt::print("  {:<9}  {:>7}  {}\n", sources::role_name(file.role), bytes_text(file.size), file.name);
  }
  for (const std::string& note : plan.notes) fmt::print("  {}\n", note);
  fmt::print("{} in all, {} to fetch\n", bytes_text(plan.size()), bytes_text(missing));
}

Result<int> dry_run(const Options& options, PullOptions asked, const registry::BlobStore& store,
                    Interruption& interruption) {
  const registry::pull::LocalFolders folders = asked.folders;
  Puller puller(std::move(asked), store, [](const PullEvent&) {});
  interruption.attach(&puller);
  const Result<sources::PullPlan> asked_hub = puller.plan();
  interruption.attach(nullptr);
  if (!asked_hub) return asked_hub.error();
  const sources::PullPlan& plan = *asked_hub;
  const std::uint64_t missing = registry::pull::missing_bytes(store, folders, plan);
  if (options.json) {
    json::object out = json_of(plan);
    out["missing"] = missing;
    fmt::print("{}\n", json::serialize(out));
  } else {
    print_plan(plan, missing);
  }
  return kExitOk;
}

// What of it is here, without asking anybody.
Result<int> pull_offline(const Options& options, const ModelRef& ref, Registry& models) {
  const Result<registry::Model> found = models.find(ref);
  if (!found) {
    return fail(Errc::not_found,
                "{}: it is not in {}, and offline nobody is asked: pull it once without --offline (or HF_HUB_OFFLINE)",
                ref.display(), models.folder());
  }
  fmt::print("{}\n", options.json ? R"({"status":"success"})" : fmt::format("{} is here", found->name.display()));
  return kExitOk;
}

Result<int> fetch(const Options& options, PullOptions asked, Registry& models, Interruption& interruption) {
  const ModelRef ref = asked.ref;
  asked.have_all = [&models, &ref](const sources::PullPlan& plan) {
    return registry::pull::has_all(models, ref, plan);
  };
  PullProgress progress(stderr, !options.json && ::isatty(STDERR_FILENO) == 1, terminal_columns());
  Puller puller(std::move(asked), models.blobs(), [&](const PullEvent& event) {
    if (!options.json) return progress.show(event);
    if (const std::string line = registry::pull::ollama_line(event); !line.empty()) {
      fmt::print("{}\n", line);
      std::fflush(stdout);
    }
  });
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error of write() then, like a full disk
  interruption.attach(&puller);
  Result<PullResult> pulled = puller.run();
  interruption.attach(nullptr);
  if (!pulled && interruption.by_user()) {
    fmt::print(stderr, "\nquern: {}\n", pulled.error().detail);
    return kExitInterrupted;
  }
  if (!pulled && options.json) fmt::print("{}\n", registry::pull::ollama_error_line(pulled.error().detail));
  if (!pulled) return pulled.error();
  if (pulled->up_to_date) {
    fmt::print("{}\n", options.json
                           ? R"({"status":"success"})"
                           : fmt::format("{} is up to date", registry::pull::kept_name(ref, pulled->plan).display()));
    return kExitOk;
  }
  QUERN_TRY(const registry::pull::Added added, registry::pull::add_pulled(models, ref, *pulled));
  QUERN_CHECK(registry::pull::drop_texts(models, std::move(*pulled)));
  if (options.json) {
    fmt::print("{}\n", R"({"status":"success"})");
    return kExitOk;
  }
  for (const std::string& note : added.notes) fmt::print(stderr, "  {}\n", note);
  fmt::print("{} is here{}\n", added.name.display(),
             added.replaced ? "; the version before can be restored with `quern models restore`" : "");
  return kExitOk;
}

struct Row {
  std::string name, state, detail;
};

Row compare(const registry::Model& model, Registry& models, const PullOptions& base) {
  Row row{model.name.display(), "unknown", {}};
  const Result<ModelRef> origin = ModelRef::parse(model.origin);
  if (!origin || origin->kind == RefKind::path) {
    row.detail = "it was made here";
    return row;
  }
  PullOptions asked = base;
  asked.ref = *origin;
  Puller puller(std::move(asked), models.blobs(), [](const PullEvent&) {});
  const Result<sources::PullPlan> plan = puller.plan();
  if (!plan) {
    row.detail = plan.error().detail;
    return row;
  }
  const bool same = registry::pull::is_same_version(model, *plan);
  row.state = same ? "current" : "outdated";
  if (!same)
    row.detail = fmt::format("`quern pull {}` fetches {}", origin->display(),
                             plan->commit.empty() ? "the new one" : plan->commit.substr(0, 19));
  return row;
}

}  // namespace

Result<int> pull(const Options& options) {
  QUERN_TRY(ModelRef ref, asked_for(options.pull));
  Interruption interruption;
  const SignalWatcher watcher([&interruption](int number) { interruption.signal(number); });  // before any other thread
  QUERN_TRY(const auto models, Registry::open(registry::models_folder(options.model.models_dir)));
  QUERN_TRY(PullOptions asked, pull_options(ref, options.pull.offline));
  asked.limits.n_connections = options.pull.n_connections;
  if (asked.hub.offline) return pull_offline(options, ref, *models);
  if (options.pull.dry_run) return dry_run(options, std::move(asked), models->blobs(), interruption);
  return fetch(options, std::move(asked), *models, interruption);
}

Result<int> outdated(const Options& options) {
  QUERN_TRY(const auto models, Registry::open(registry::models_folder(options.model.models_dir)));
  QUERN_TRY(const PullOptions base, pull_options({}, false));
  QUERN_TRY(const std::vector<registry::Model> all, models->list());
  json::array rows;
  std::size_t width = 5;
  for (const registry::Model& model : all) width = std::max(width, model.name.display().size());
  for (const registry::Model& model : all) {
    const Row row = compare(model, *models, base);
    rows.push_back(json::object{{"name", row.name}, {"state", row.state}, {"detail", row.detail}});
    if (!options.json) fmt::print("{:<{}}  {:<8}  {}\n", row.name, width, row.state, row.detail);
  }
  if (options.json) fmt::print("{}\n", json::serialize(json::object{{"models", std::move(rows)}}));
  return kExitOk;
}

}  // namespace quern::app
