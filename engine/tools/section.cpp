#include "engine/tools/section.hpp"

namespace quern::engine::tools {

std::unique_ptr<Section> make_section(const ToolFormat& format, const ToolTable& tools, const Begun& begun) {
  switch (format.syntax) {
    case Syntax::json:
      return make_json_section(format, tools, begun);
    case Syntax::pythonic:
      return make_pythonic_section(format, tools, begun);
    default:
      return make_marked_section(format, tools, begun);
  }
}

}  // namespace quern::engine::tools
