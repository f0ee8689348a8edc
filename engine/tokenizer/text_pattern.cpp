#include "engine/tokenizer/text_pattern.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace quern::engine {
namespace {

// An honest match needs a few steps per character; these stop patterns that backtrack without end. A repeated group
// remembers a place for each character it took, so that one match over a long text needs memory in proportion: this
// much is enough for the nested groups of text_pattern_test.cpp over a megabyte. Stacks are mapped, and given pages
// only where they are used.
constexpr std::uint32_t kMatchSteps = 10'000'000, kStepsPerByte = 32;
constexpr std::size_t kStackBytes = 1u << 20, kStackPerByte = 192;
constexpr std::size_t kHeapKib = 16 * 1024;  // and 1 KiB for a byte of text
constexpr std::size_t kMostBytes = 1u << 30;

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
  std::unique_ptr<pcre2_jit_stack, Pcre2Free<pcre2_jit_stack_free>> stack;  // null: 32 KiB of the thread's own
  std::size_t stack_bytes = 0;
  std::size_t limits_for = SIZE_MAX;  // the size of text that the context's limits are set for

  void set_limits(std::size_t n_bytes) {
    if (limits_for == n_bytes) return;
    limits_for = n_bytes;
    pcre2_set_match_limit(context.get(), static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                             kMatchSteps + n_bytes * std::uint64_t{kStepsPerByte}, UINT32_MAX)));
    pcre2_set_heap_limit(context.get(), static_cast<std::uint32_t>(std::min(kHeapKib + n_bytes, kMostBytes / 1024)));
  }
  // False where no larger stack is to be had.
  bool grow_stack(std::size_t n_bytes) {
    const std::size_t want = std::min(kStackBytes + n_bytes * kStackPerByte, kMostBytes);
    if (stack_bytes >= want) return false;
    pcre2_jit_stack_assign(context.get(), nullptr, nullptr);
    stack.reset(pcre2_jit_stack_create(64 * 1024, want, nullptr));
    if (!stack) return false;
    stack_bytes = want;
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
    return true;
  }
};

struct TextPattern::Code {
  std::unique_ptr<pcre2_code, Pcre2Free<pcre2_code_free>> code;
  bool jit = false;
  std::string owner, source;
};

TextPattern::Scratch::Scratch() : impl_(std::make_unique<Impl>()) {
  if (!impl_->data || !impl_->context) impl_.reset();
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
  out->owner = owner;
  out->source = source;
  return TextPattern(std::move(out));
}

TextPattern::Match TextPattern::next(std::string_view text, std::size_t from, const Scratch& scratch) const {
  if (!scratch.impl_) return {.error = PCRE2_ERROR_NOMEMORY};
  Scratch::Impl& impl = *scratch.impl_;
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  pcre2_match_data* const data = impl.data.get();
  const pcre2_code* const code = code_->code.get();
  impl.set_limits(text.size());
  int rc = PCRE2_ERROR_JIT_STACKLIMIT;
  // The text was checked once; checking it again at every match would make splitting quadratic.
  if (code_->jit) rc = pcre2_jit_match(code, subject, text.size(), from, 0, data, impl.context.get());
  if (code_->jit && rc == PCRE2_ERROR_JIT_STACKLIMIT && impl.grow_stack(text.size()))
    rc = pcre2_jit_match(code, subject, text.size(), from, 0, data, impl.context.get());
  if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
    rc = pcre2_match(code, subject, text.size(), from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, data, impl.context.get());
  if (rc == PCRE2_ERROR_NOMATCH) return {};
  if (rc < 0) return {.error = rc};
  const PCRE2_SIZE* const range = pcre2_get_ovector_pointer(data);
  return {range[0], range[1], range[1] >= range[0]};
}

Error TextPattern::give_up(const Match& match, std::size_t n_bytes, std::size_t from) const {
  return fail(Errc::bad_input, "'{}' gave up on the expression '{}' at byte {} of a stretch of {}: {}", code_->owner,
              code_->source, from, n_bytes, pcre2_message(match.error));
}

}  // namespace quern::engine
