// The models that a server can answer with, by name. A request holds what acquire() gave it until its answer has left.
// Which models are in memory is the catalog's affair: acquire() is where one that is not would be loaded.
// Threads: any; add() before anything else is called.
#pragma once

#include "base/result.hpp"
#include "models/served_model.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/awaitable.hpp>

namespace quern::models {

class ModelCatalog {
 public:
  // any_name: a name that nobody has means no name, as clients with a fixed idea of names need it.
  explicit ModelCatalog(bool any_name = false) noexcept : any_name_(any_name) {}

  // Errors: bad_input, where another one has one of its names.
  Status add(std::shared_ptr<ServedModel> model);

  // `name` is an id or an alias, with or without ":latest"; empty: the first model that can do the work.
  // Errors: not_found naming the field "model" (no such name, or nobody can do the work); unsupported naming it, where
  // that model cannot.
  boost::asio::awaitable<Result<std::shared_ptr<ServedModel>>> acquire(std::string name, Work work = Work::generate);
  // Without loading anything.
  Result<std::shared_ptr<ServedModel>> find(std::string_view name, Work work = Work::any) const;

  const std::vector<std::shared_ptr<ServedModel>>& all() const noexcept { return models_; }

  std::vector<TaskQueue*> queues() const;  // of all models

  // Of all models together.
  void drain() noexcept;
  Duration stalled() const;  // of the one that has been stuck for longest

 private:
  const bool any_name_;
  std::vector<std::shared_ptr<ServedModel>> models_;
};

}  // namespace quern::models
