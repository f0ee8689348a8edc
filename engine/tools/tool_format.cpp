#include "engine/tools/tool_format.hpp"

#include "engine/tools/families.hpp"
#include "engine/tools/marks.hpp"

namespace quern::engine::tools {
namespace {

// "<a>" of "<a>\n<b c=": a mark that is one by itself; else all of it.
std::string leading_mark(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || (text.front() != '<' && text.front() != '[')) return std::string(text);
  const std::size_t end = text.find(text.front() == '<' ? '>' : ']');
  const std::size_t blank = text.find_first_of(" \t\r\n");
  return std::string(end < blank ? text.substr(0, end + 1) : text);
}

}  // namespace

std::vector<ToolFormat::Trigger> ToolFormat::triggers() const {
  using Part = Trigger::Part;
  std::vector<Trigger> out;
  const auto add = [&](std::string text, Part part) {
    if (!text.empty() && text.size() <= kMaxMarkBytes) out.push_back({std::move(text), part});
  };
  if (syntax == Syntax::harmony) return out;
  if (bare) {
    add(optional_mark, Part::section);
  } else if (syntax == Syntax::json) {
    const bool is_word = !json_open.starts_with('<') && !json_open.starts_with('[');
    if (is_word && array)
      add(json_open + "[", Part::list);
    else
      add(leading_mark(json_open), Part::section);
  } else {
    add(leading_mark(section_begin), Part::section);
    if (!call.empty() && call.front().kind == Piece::Kind::text) {
      std::string first = leading_mark(call.front().text);
      if (out.empty() || (!first.starts_with(out.front().text) && !out.front().text.starts_with(first)))
        add(std::move(first), Part::call);
    }
  }
  return out;
}

std::optional<ToolFormat> find_tool_format(const chat::Template& subject) {
  if (auto named = find_family(subject); named) return named;
  if (auto probed = probe_tool_format(subject); probed) return probed;
  return find_fallback(subject);
}

}  // namespace quern::engine::tools
