#include "sched/page_trust.hpp"

#include <utility>

namespace quern::sched {

void PageTrust::read_soundly(std::span<const kv::PageId> pages) noexcept {
  for (const kv::PageId page : pages) pages_[page].sound = true;
}

bool PageTrust::gives_up(kv::PageId page, RequestId reader) noexcept {
  Page& known = pages_[page];
  const bool was_sound = std::exchange(known.sound, false);
  return known.author == reader || !was_sound;
}

}  // namespace quern::sched
