#include "engine/tools/arguments.hpp"

#include "engine/tools/marks.hpp"

namespace quern::engine::tools {

Step ArgumentsCopy::feed(char c, std::string& json) {
  switch (state_) {
    case State::start:
      if (is_blank(c)) return Step::more;
      if (c == '"') return state_ = State::text, Step::more;
      if (c == 'n') return state_ = State::null, n_null_ = 1, Step::more;
      if (c != '{') return Step::refused;
      state_ = State::object;
      return object_.feed(c, json);
    case State::object:
      return object_.feed(c, json);
    case State::null:
      if (c != std::string_view("null")[n_null_]) return Step::refused;
      if (++n_null_ < 4) return Step::more;
      json += "{}";
      return Step::done;
    case State::text:
      break;
  }
  return inside_text(c, json);
}

Step ArgumentsCopy::inside_text(char c, std::string& json) {
  std::string text;
  const Step step = decoder_.feed(c, text);
  if (step == Step::refused) return step;
  for (const char inner : text) {
    if ((over_ || !begun_) && is_blank(inner)) continue;
    if (over_ || (!begun_ && inner != '{')) return Step::refused;
    begun_ = true;
    const Step copied = object_.feed(inner, json);
    if (copied == Step::refused) return copied;
    over_ = copied == Step::done;
  }
  if (step == Step::more) return step;
  if (begun_ && !over_) return Step::refused;
  if (!begun_) json += "{}";
  return Step::done;
}

}  // namespace quern::engine::tools
