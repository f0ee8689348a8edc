#include "engine/tokenizer/text_pattern.hpp"

#include <array>
#include <string>
#include <utility>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace quern::engine {
namespace {

// An honest match needs a few steps per character; these stop patterns that backtrack without end.
constexpr std::uint32_t kMatchSteps = 10'000'000;
constexpr std::uint32_t kMatchHeapKib = 16 * 1024;

template <auto Free>
struct Pcre2Free {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

std::string pcre2_message(int code) {
  std::array<PCRE2_UCHAR, 160> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

}  // namespace

struct TextPattern::Scratch::Impl {
  std::unique_ptr<pcre2_match_data, Pcre2Free<pcre2_match_data_free>> data{pcre2_match_data_create(1, nullptr)};
  std::unique_ptr<pcre2_match_context, Pcre2Free<pcre2_match_context_free>> context{
      pcre2_match_context_create(nullptr)};
};

struct TextPattern::Code {
  std::unique_ptr<pcre2_code, Pcre2Free<pcre2_code_free>> code;
  bool jit = false;
};

TextPattern::Scratch::Scratch() : impl_(std::make_unique<Impl>()) {
  if (!impl_->data || !impl_->context) {
    impl_.reset();
    return;
  }
  pcre2_set_match_limit(impl_->context.get(), kMatchSteps);
  pcre2_set_heap_limit(impl_->context.get(), kMatchHeapKib);
}
TextPattern::Scratch::~Scratch() = default;

TextPattern::TextPattern(std::unique_ptr<Code> code) : code_(std::move(code)) {}
TextPattern::TextPattern(TextPattern&&) noexcept = default;
TextPattern& TextPattern::operator=(TextPattern&&) noexcept = default;
TextPattern::~TextPattern() = default;

Result<TextPattern> TextPattern::compile(std::string_view owner, std::string_view source, bool use_jit) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto out = std::make_unique<Code>();
  out->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(source.data()), source.size(),
                                PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &error, &offset,
                                nullptr));
  if (!out->code)
    return fail(Errc::unsupported, "pre-tokenizer '{}': pattern '{}', offset {}: {}", owner, source, offset,
                pcre2_message(error));
  out->jit = use_jit && pcre2_jit_compile(out->code.get(), PCRE2_JIT_COMPLETE) == 0;
  return TextPattern(std::move(out));
}

TextPattern::Match TextPattern::next(std::string_view text, std::size_t from, const Scratch& scratch) const {
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  pcre2_match_data* const data = scratch.impl_->data.get();
  pcre2_match_context* const context = scratch.impl_->context.get();
  const pcre2_code* const code = code_->code.get();
  // The text was checked once; checking it again at every match would make splitting quadratic.
  const int rc = code_->jit ? pcre2_jit_match(code, subject, text.size(), from, 0, data, context)
                            : pcre2_match(code, subject, text.size(), from, PCRE2_NO_UTF_CHECK, data, context);
  if (rc < 0) return {};
  const PCRE2_SIZE* const range = pcre2_get_ovector_pointer(data);
  return {range[0], range[1], range[1] >= range[0]};
}

}  // namespace quern::engine
