// The arguments of one call in any syntax, byte by byte, as JSON. Threads: one.
#pragma once

#include "engine/tools/json_copy.hpp"
#include "engine/tools/tool.hpp"
#include "engine/tools/tool_format.hpp"

#include <memory>
#include <string>

namespace quern::engine::tools {

class ArgumentsReader {
 public:
  ArgumentsReader() = default;
  ArgumentsReader(const ArgumentsReader&) = delete;
  ArgumentsReader& operator=(const ArgumentsReader&) = delete;
  virtual ~ArgumentsReader() = default;
  virtual void begin_call(const std::string& name) = 0;
  // json: where JSON is appended to; nothing before it is clear that arguments come. Never done_before.
  virtual Step feed(char c, std::string& json) = 0;
  // Bytes with which they may begin, besides blanks.
  virtual std::string firsts() const = 0;
  // Whether they end with the mark that follows them.
  virtual bool takes_end() const { return false; }
};

std::unique_ptr<ArgumentsReader> make_json_arguments();
// end: the mark that ends the call.
std::unique_ptr<ArgumentsReader> make_parameters(const ToolFormat::Parameters& marks, const std::string& end,
                                                 const ToolTable& tools);
std::unique_ptr<ArgumentsReader> make_quoted_arguments(const std::string& quote);

}  // namespace quern::engine::tools
