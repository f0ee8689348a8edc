// A whole pull: from a name to files that are whole, checked and in the blob store. What is here already, in our store
// or in that of another program, is not fetched again. Two processes that pull the same file share the work: one
// fetches, the other waits for it and takes over should it die. Threads: run() on the caller's, with a network loop of
// its own; cancel() any. Events come on the thread of run(). Ownership: sessions and connections for the time of run().
// Errors: those of plan_pull() and FileDownload; overloaded: the disk has less room than is missing; corrupt: the
// digest is another one than the source says, after which the file is gone; cancelled: by cancel(), what is whole is
// kept.
#pragma once

#include "registry/blob_store.hpp"
#include "registry/model_name.hpp"
#include "registry/pull/file_download.hpp"
#include "registry/pull/local_copies.hpp"
#include "registry/pull/pull_event.hpp"
#include "registry/sources/hub_options.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

namespace quern::registry::pull {

struct PullOptions {
  ModelRef ref;  // with the quantisation as its tag, where one is wished
  sources::HubOptions hub;
  DownloadLimits limits;
  LocalFolders folders;
  std::shared_ptr<net::TlsContext> tls;
  net::ProxySettings proxies;
  std::function<double()> random;  // uniform in [0, 1); empty: of the system
  // Whether all that the plan names is here under this name already. No function: nothing is.
  std::function<bool(const sources::PullPlan& plan)> have_all;
};

struct PulledFile {
  sources::PlanFile plan;
  Digest digest;     // of what is there
  std::string path;  // in our store, or where another program has it
  bool ours = true;
  BlobHold hold;  // of ours: nobody removes it before it is named
};

struct PullResult {
  bool up_to_date = false;  // PullOptions::have_all said so; no files then
  sources::PullPlan plan;
  std::vector<PulledFile> files;  // as in the plan
  std::uint64_t fetched_bytes = 0;
};

class Puller {
 public:
  Puller(PullOptions options, const BlobStore& store, OnEvent on_event);
  ~Puller();

  // Asks only. Errors: those of plan_pull().
  Result<sources::PullPlan> plan();
  Result<PullResult> run();
  void cancel();

 private:
  struct Task;
  template <class T>
  Result<T> drive(boost::asio::awaitable<Result<T>> (*body)(Task& task));

  const PullOptions options_;
  const BlobStore& store_;
  const OnEvent on_event_;
  std::mutex mutex_;
  boost::asio::io_context* io_ = nullptr;  // guarded by mutex_; of the run under way
  bool cancelled_ = false;                 // guarded by mutex_
};

// What the disk has to have room for: missing bytes of the files that are neither in the store nor elsewhere.
std::uint64_t missing_bytes(const BlobStore& store, const LocalFolders& folders, const sources::PullPlan& plan);

// Under which name a file is kept while it is fetched: its digest, or that of what is known of it.
Result<Digest> part_key(const sources::PlanFile& file);

}  // namespace quern::registry::pull
