// The models that a server can answer with, by name. A request holds what acquire() gave it until its answer has left.
// Which of them are in memory is Residency's affair: acquire() waits for one that has to be loaded first.
// Threads: any.
#pragma once

#include "base/result.hpp"
#include "models/residency.hpp"

#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

namespace quern::models {

class ModelCatalog {
 public:
  // any_name: a name that nobody has means no name, as clients with a fixed idea of names need it.
  ModelCatalog(const ByteLedger& ledger, const Clock& clock, bool any_name = false)
      : any_name_(any_name), residency_(ledger, clock) {}

  // One that is in memory for good, or one that is loaded when it is asked for. Errors: bad_input, where another one
  // has one of its names.
  Status add(std::shared_ptr<ServedModel> model);
  Status add(LoadableModel model);

  // What is known of one that is loaded when it is asked for, better than before; false: there is none of that id.
  bool describe(LoadableModel model);
  // Another name of the model with this id, where nobody has it; false: there is no such model.
  bool add_name(std::string_view id, const std::string& name);
  // Nobody finds it any more; it leaves memory with its last holder. False: there is none of that name.
  bool remove(std::string_view name);

  // `name` is an id or an alias, with or without ":latest"; empty: the first model that can do the work, one in memory
  // before others.
  // Errors: not_found naming the field "model" (no such name, or nobody can do the work); unsupported naming it, where
  // that model cannot; those of Residency::acquire().
  boost::asio::awaitable<Result<std::shared_ptr<ServedModel>>> acquire(std::string name, Work work,
                                                                       std::shared_ptr<ModelWait> wait,
                                                                       std::optional<Duration> keep_alive = {});
  // What is known of it, without loading anything. Errors: as acquire().
  Result<std::shared_ptr<const ModelCard>> find(std::string_view name, Work work = Work::any) const;
  // How long it stays after its last use; what happens soon, while nobody waits for it. Errors: not_found.
  Status keep(std::string_view name, Duration keep_alive);
  Status load(std::string_view name);
  Status unload(std::string_view name);

  std::vector<ModelView> views() const { return residency_.views(); }
  std::vector<std::shared_ptr<ServedModel>> residents() const { return residency_.residents(); }
  std::vector<std::shared_ptr<TaskQueue>> queues() const;  // of all that are in memory
  Residency& residency() noexcept { return residency_; }

  // Of all models together.
  void drain() noexcept { residency_.drain(); }
  Duration stalled() const;  // of the one that has been stuck for longest

 private:
  struct Named {
    std::vector<std::string> names;  // the first one is its id
    Residency::Id id;
  };

  Status check_names(const ModelCard& card) const;
  Result<Residency::Id> find_id(std::string_view name, Work work) const;

  const bool any_name_;
  mutable std::shared_mutex mutex_;
  std::vector<Named> named_;  // guarded by mutex_
  Residency residency_;
};

}  // namespace quern::models
