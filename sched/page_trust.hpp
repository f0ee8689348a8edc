// What a broken row of logits says about the pages that it read. Keys and values may be broken long before logits show
// it (a prompt's chunks are listed in the prefix cache before its last token has any), and whoever finds such a page
// breaks too. So a sequence that breaks takes out of the cache what it computed itself, and of what it found the pages
// that no sound row has read since they were listed, or since they were last under suspicion: a page that others
// computed and use stays, and a broken one cannot stay for ever. Forgetting too much costs no more than computing it
// again. Threads: engine thread.
#pragma once

#include "kv/kv_config.hpp"
#include "sched/request.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace quern::sched {

class PageTrust {
 public:
  explicit PageTrust(std::uint32_t n_pages) : pages_(n_pages) {}

  void listed(kv::PageId page, RequestId author) noexcept { pages_[page] = {author, false}; }
  void read_soundly(std::span<const kv::PageId> pages) noexcept;
  // `reader` has broken, and this listed page is one of those that it read: whether to forget it. Asked once a failure.
  bool gives_up(kv::PageId page, RequestId reader) noexcept;

 private:
  struct Page {
    RequestId author = 0;  // who computed it
    bool sound = false;    // a sound row has read it
  };
  std::vector<Page> pages_;
};

}  // namespace quern::sched
