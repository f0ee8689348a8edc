// {a:1,b:<|"|>text<|"|>}: the arguments of Gemma's calls.
#include "engine/tools/arguments_reader.hpp"
#include "engine/tools/literal_copy.hpp"

namespace quern::engine::tools {
namespace {

class QuotedArguments final : public ArgumentsReader {
 public:
  explicit QuotedArguments(const std::string& quote) : copy_(quote) {}
  void begin_call(const std::string&) override {
    copy_.reset();
    begun_ = false;
  }
  Step feed(char c, std::string& json) override {
    if (!begun_ && !is_blank(c) && c != '{') return Step::refused;
    begun_ = begun_ || c == '{';
    return copy_.feed(c, json);
  }
  std::string firsts() const override { return "{"; }

 private:
  LiteralCopy copy_;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<ArgumentsReader> make_quoted_arguments(const std::string& quote) {
  return std::make_unique<QuotedArguments>(quote);
}

}  // namespace quern::engine::tools
