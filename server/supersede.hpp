// Requests that a newer one replaces: a completion for every keystroke makes the one for the previous keystroke
// useless. Per tenant and supersede_key at most one request runs; a newer one cancels the older. Threads: any (one
// mutex, held for a look-up). Limits: one entry per request that is being answered.
#pragma once

#include "sched/scheduler.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace quern::server {

class SupersedeTable {
 public:
  // While it lives, a newer request with the same key cancels these.
  class Entry {
   public:
    Entry() = default;
    Entry(Entry&& other) noexcept;
    Entry& operator=(Entry&& other) noexcept;
    ~Entry() { leave(); }

   private:
    friend class SupersedeTable;
    void leave() noexcept;
    SupersedeTable* table_ = nullptr;
    std::string key_;
    std::uint64_t number_ = 0;
  };

  // Cancels what this key stood for, and stands for `ids` from now on. An empty key: nothing happens.
  Entry enter(std::string key, std::vector<sched::RequestId> ids, sched::Scheduler& scheduler);

 private:
  struct Standing {
    std::uint64_t number = 0;
    std::vector<sched::RequestId> ids;
  };
  std::mutex mutex_;
  std::map<std::string, Standing> standing_;
  std::uint64_t last_number_ = 0;
};

}  // namespace quern::server
