#include "engine/tools/event.hpp"

#include "base/assert.hpp"

namespace quern::engine::tools {

void EventList::reasoning(std::string_view text) {
  if (text.empty()) return;
  if (auto* last = events_.empty() ? nullptr : std::get_if<Reasoning>(&events_.back()); last != nullptr)
    last->text += text;
  else
    events_.emplace_back(Reasoning{std::string(text)});
}

void EventList::text(std::string_view text) {
  if (text.empty()) return;
  if (auto* last = events_.empty() ? nullptr : std::get_if<Text>(&events_.back()); last != nullptr)
    last->text += text;
  else
    events_.emplace_back(Text{std::string(text)});
}

void EventList::begin_call(std::string id, std::string name) {
  QUERN_DCHECK(!open_);
  open_ = true;
  events_.emplace_back(CallBegin{n_calls_++, std::move(id), std::move(name)});
}

void EventList::arguments(std::string_view json) {
  QUERN_DCHECK(open_);
  if (json.empty()) return;
  if (auto* last = events_.empty() ? nullptr : std::get_if<CallArguments>(&events_.back()); last != nullptr)
    last->json += json;
  else
    events_.emplace_back(CallArguments{n_calls_ - 1, std::string(json)});
}

void EventList::end_call() {
  QUERN_DCHECK(open_);
  open_ = false;
  events_.emplace_back(CallEnd{n_calls_ - 1});
}

void EventList::break_call(std::string text) {
  QUERN_DCHECK(open_);
  open_ = false;
  events_.emplace_back(CallBroken{n_calls_ - 1, std::move(text)});
}

}  // namespace quern::engine::tools
