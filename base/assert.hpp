// QUERN_ASSERT: programmer errors at API and op entry, on in every build. QUERN_DCHECK: inner loops, debug builds only.
// Never for outside data: that is what Result is for.
#pragma once

namespace quern {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;
}

#define QUERN_ASSERT(expr) ((expr) ? static_cast<void>(0) : ::quern::assertion_failed(#expr, __FILE__, __LINE__))
#ifdef NDEBUG
#define QUERN_DCHECK(expr) static_cast<void>(sizeof(!(expr)))
#else
#define QUERN_DCHECK(expr) QUERN_ASSERT(expr)
#endif
