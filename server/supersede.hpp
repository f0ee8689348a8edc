// Requests that a newer one replaces: a completion for every keystroke makes the one for the previous keystroke
// useless. Per tenant and supersede_key at most one request runs; a newer one cancels the older before it asks for a
// place itself. Newer is what arrived later, however long each took to prepare. Threads: any (one mutex, held for a
// look-up). Limits: one entry per request that is being answered.
#pragma once

#include "models/served_model.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace quern::server {

class SupersedeTable {
  // The sequences of one request, at the model that has them.
  struct Sequences {
    std::shared_ptr<models::ServedModel> model;
    std::vector<sched::RequestId> ids;

    void cancel() const;
    bool run() const;  // one of them has not ended
  };

 public:
  // While it lives, a newer request with the same key cancels this one.
  class Entry {
   public:
    Entry() = default;
    Entry(Entry&& other) noexcept;
    Entry& operator=(Entry&& other) noexcept;
    ~Entry() { leave(); }

    bool superseded() const;  // a newer one has come
    // What a newer one cancels; cancelled now if there is one already.
    void stand_for(std::vector<sched::RequestId> ids, std::shared_ptr<models::ServedModel> model);
    // Whether this one has cancelled another, and whether that has not yet ended.
    bool replaces() const noexcept { return !older_.ids.empty(); }
    bool older_runs() const { return older_.run(); }
    // Calls `then` (from any thread) when the one that this one has replaced has left.
    void when_older_left(std::function<void()> then);

   private:
    friend class SupersedeTable;
    void leave() noexcept;
    SupersedeTable* table_ = nullptr;
    std::string key_;
    std::uint64_t arrival_ = 0, older_arrival_ = 0;
    Sequences older_;
  };

  // Cancels what this key stood for, and stands for it from now on, unless a newer one does. An empty key: nothing
  // happens.
  Entry enter(std::string key, std::uint64_t arrival);

 private:
  struct Standing {
    std::uint64_t arrival = 0;
    Sequences sequences;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Standing> standing_;
  std::map<std::uint64_t, std::function<void()>> when_left_;  // by arrival
};

}  // namespace quern::server
