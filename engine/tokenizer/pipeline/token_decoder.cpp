#include "engine/tokenizer/pipeline/token_decoder.hpp"

#include "engine/tokenizer/byte_alphabet.hpp"
#include "engine/tokenizer/utf8.hpp"

#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

namespace quern::engine {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  std::size_t at = text.find(from);
  if (at == std::string::npos) return;
  std::string out;
  std::size_t done = 0;
  for (; at != std::string::npos; at = text.find(from, done)) {
    out.append(text, done, at - done).append(to);
    done = at + from.size();
  }
  text = std::move(out.append(text, done, std::string::npos));
}

std::optional<char> byte_of(std::string_view token) noexcept {
  if (token.size() != 6 || !token.starts_with("<0x") || !token.ends_with('>')) return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, value, 16);
  if (error != std::errc() || end != token.data() + 5) return std::nullopt;
  return static_cast<char>(value);
}

// Appends a run of bytes and empties it.
void flush(std::string& run, std::string& out) {
  if (is_valid_utf8(run)) {
    out.append(run);
  } else {
    for (std::size_t i = 0; i < run.size(); ++i) out.append(kReplacementCharacter);
  }
  run.clear();
}

std::string repaired(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const Utf8Step step = utf8_front(bytes);
    out.append(step.kind == Utf8Kind::valid ? bytes.substr(0, step.size) : kReplacementCharacter);
    bytes.remove_prefix(step.size);
  }
  return out;
}

}  // namespace

Result<std::string> TokenDecoder::changed(std::string_view token, Place place) const {
  if (joins_bytes)
    if (const std::optional<char> byte = byte_of(token)) return std::string(1, *byte);
  std::string out(token);
  for (const Step& step : steps_) QUERN_CHECK(step(out, place));
  return out;
}

std::string TokenDecoder::decode(std::span<const Token> tokens) const {
  std::string out, run;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const std::optional<char> byte = joins_bytes ? byte_of(tokens[i].text) : std::nullopt;
    if (byte) {
      run.push_back(*byte);
      continue;
    }
    flush(run, out);
    const Place place{.first = i == 0, .last = i + 1 == tokens.size(), .added = tokens[i].added};
    const Result<std::string> text = changed(tokens[i].text, place);
    out.append(text ? *text : std::string(tokens[i].text));  // every token went through once, when the file was loaded
  }
  flush(run, out);
  if (strips_blank && out.starts_with(' ')) out.erase(0, 1);
  return repairs_utf8 && !is_valid_utf8(out) ? repaired(out) : out;
}

TokenDecoder::Step replace_in_token(std::string from, std::string to) {
  return [from = std::move(from), to = std::move(to)](std::string& token, TokenDecoder::Place) -> Status {
    replace_all(token, from, to);
    return {};
  };
}

TokenDecoder::Step replace_in_token(TextPattern from, std::string to) {
  // std::function wants copies, and an expression has none.
  const auto shared = std::make_shared<const TextPattern>(std::move(from));
  return [shared, to = std::move(to)](std::string& token, TokenDecoder::Place) -> Status {
    std::string out;
    std::size_t done = 0;
    QUERN_CHECK(shared->each_match(token, TextPattern::Scratch(), [&](std::size_t begin, std::size_t end) -> Status {
      out.append(token, done, begin - done).append(to);
      done = end;
      return {};
    }));
    token = std::move(out.append(token, done, std::string::npos));
    return {};
  };
}

TokenDecoder::Step strip_token(std::string character, std::size_t n_left, std::size_t n_right) {
  return [character = std::move(character), n_left, n_right](std::string& token, TokenDecoder::Place) -> Status {
    std::string_view rest = token;
    for (std::size_t i = 0; i < n_left && rest.starts_with(character); ++i) rest.remove_prefix(character.size());
    for (std::size_t i = 0; i < n_right && rest.ends_with(character); ++i) rest.remove_suffix(character.size());
    token = std::string(rest);
    return {};
  };
}

TokenDecoder::Step letters_to_bytes() {
  return [](std::string& token, TokenDecoder::Place place) -> Status {
    std::string bytes;
    if (append_bytes_of_letters(token, bytes) && (!place.added || is_valid_utf8(bytes))) token = std::move(bytes);
    return {};
  };
}

TokenDecoder::Step blank_for(std::string replacement, bool drops_at_start) {
  return
      [replacement = std::move(replacement), drops_at_start](std::string& token, TokenDecoder::Place place) -> Status {
        replace_all(token, replacement, place.first && drops_at_start ? "" : " ");
        return {};
      };
}

TokenDecoder::Step join_words(std::string continuing_prefix, bool cleans) {
  return [prefix = std::move(continuing_prefix), cleans](std::string& token, TokenDecoder::Place place) -> Status {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kClean{{{" .", "."},
                                                                                           {" ?", "?"},
                                                                                           {" !", "!"},
                                                                                           {" ,", ","},
                                                                                           {" ' ", "'"},
                                                                                           {" n't", "n't"},
                                                                                           {" 'm", "'m"},
                                                                                           {" do not", " don't"},
                                                                                           {" 's", "'s"},
                                                                                           {" 've", "'ve"},
                                                                                           {" 're", "'re"}}};
    if (!place.first && token.starts_with(prefix))
      token.erase(0, prefix.size());
    else if (!place.first)
      token.insert(0, 1, ' ');
    for (const auto& [from, to] : kClean)
      if (cleans) replace_all(token, from, to);
    return {};
  };
}

TokenDecoder::Step end_words(std::string suffix) {
  return [suffix = std::move(suffix)](std::string& token, TokenDecoder::Place place) -> Status {
    replace_all(token, suffix, place.last ? "" : " ");
    return {};
  };
}

TokenDecoder::Step blanks_between_tokens() {
  return [](std::string& token, TokenDecoder::Place place) -> Status {
    if (!place.first) token.insert(0, 1, ' ');
    return {};
  };
}

}  // namespace quern::engine
