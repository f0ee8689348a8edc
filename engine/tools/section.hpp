// Calls in an answer, from the mark with which they begin: the part of a parser that knows the syntax. Threads: one.
// Ownership: refers to the format and the tools.
#pragma once

#include "engine/tools/event.hpp"
#include "engine/tools/json_copy.hpp"
#include "engine/tools/tool.hpp"
#include "engine/tools/tool_format.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace quern::engine::tools {

inline constexpr std::size_t kMaxNameBytes = 1024;  // of tools, parameters and ids

class Section {
 public:
  Section() = default;
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;
  virtual ~Section() = default;
  // done: the byte was the last one of the calls; refused: it is not part of them (again after a call has ended, or in
  // the middle of one).
  virtual Step feed(char c, EventList& out) = 0;
  // Nothing but marks may be missing: what has come since the last call is no text.
  virtual bool settled() const = 0;
};

// begun: what has come already; nullopt: nothing, for formats without a mark.
using Begun = std::optional<ToolFormat::Trigger>;
std::unique_ptr<Section> make_section(const ToolFormat& format, const ToolTable& tools, const Begun& begun);

// For each syntax.
std::unique_ptr<Section> make_json_section(const ToolFormat& format, const ToolTable& tools, const Begun& begun);
std::unique_ptr<Section> make_marked_section(const ToolFormat& format, const ToolTable& tools, const Begun& begun);
std::unique_ptr<Section> make_pythonic_section(const ToolFormat& format, const ToolTable& tools, const Begun& begun);

}  // namespace quern::engine::tools
