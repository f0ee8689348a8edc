#include "engine/tokenizer/spm_normalizer.hpp"

#include "engine/tokenizer/utf8.hpp"

namespace quern::engine {
namespace {

// Collects normalized text and places blanks by BlankRules.
class BlankWriter {
 public:
  BlankWriter(BlankRules rules, std::string& out) : rules_(rules), out_(out) {
    if (!rules.prefix_blanks || !rules.add_prefix || rules.merge_blanks) return;
    out_.push_back(' ');
    prefixed_ = true;
  }

  void append(std::string_view text) {
    for (const char c : text) {
      if (c == ' ')
        blank();
      else
        letter(c);
    }
  }

 private:
  void blank() {
    in_word_ = false;
    if (!rules_.merge_blanks) out_.push_back(' ');
  }
  void letter(char c) {
    if (!in_word_) {
      in_word_ = true;
      const bool prefix = rules_.add_prefix && !prefixed_;
      const bool between = rules_.merge_blanks && prefixed_;
      if (prefix || between) out_.push_back(' ');
      prefixed_ = true;
    }
    out_.push_back(c);
  }

  BlankRules rules_;
  std::string& out_;
  bool in_word_ = false;
  bool prefixed_ = false;
};

}  // namespace

Result<std::string> SpmNormalizer::apply(std::string_view text) const {
  std::string out;
  if (text.empty()) return out;
  out.reserve(text.size() + text.size() / 8 + 1);
  BlankWriter writer(blanks_, out);
  while (!text.empty()) {
    std::size_t kept = 0;
    kept_.each_prefix(text, [&](std::size_t size, std::uint32_t) { kept = size; });
    if (kept > 0) {
      writer.append(text.substr(0, kept));
      text.remove_prefix(kept);
      continue;
    }
    if (const CharsMap::Match match = rules_.longest(text); match.size > 0) {
      writer.append(match.replacement);
      text.remove_prefix(match.size);
      continue;
    }
    const Utf8Step step = utf8_front(text);
    const bool valid = step.kind == Utf8Kind::valid;
    writer.append(valid ? text.substr(0, step.size) : kReplacementCharacter);
    text.remove_prefix(valid ? step.size : 1);
  }
  return out;
}

}  // namespace quern::engine
