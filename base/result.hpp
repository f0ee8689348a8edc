// Result<T>: a value or an Error. Used for everything that comes from outside (files, JSON, sockets, options).
// Programmer errors use QUERN_ASSERT (assert.hpp); hot kernels are noexcept and cannot fail.
// Threads: values, no shared state.
#pragma once

#include <string>
#include <utility>

#include <boost/system/result.hpp>
#include <fmt/format.h>

namespace quern {

enum class Errc {
  bad_input,    // the caller's data is wrong: HTTP 400
  not_found,    // HTTP 404
  unsupported,  // valid, but not something this build can do: HTTP 501 (or 400 where a field asks for it)
  overloaded,   // a bounded queue or budget is full: HTTP 429
  draining,     // shutting down: HTTP 503
  cancelled,    // the client or an operator gave up
  io,           // the operating system said no
  corrupt,      // a file contradicts itself
};

const char* errc_name(Errc code) noexcept;

struct Error {
  Errc code = Errc::bad_input;
  std::string detail;  // names the item, what was found and what was expected
  std::string field;   // request field or metadata key at fault, when there is one
};

template <class T>
using Result = boost::system::result<T, Error>;
using Status = Result<void>;

// fail(Errc::corrupt, "blk.0.attn_q.weight: want {} bytes, found {}", want, found)
template <class... Args>
Error fail(Errc code, fmt::format_string<Args...> format, Args&&... args) {
  return Error{code, fmt::format(format, std::forward<Args>(args)...), {}};
}

// The same, naming the field at fault: fail_field("temperature", "must be between 0 and 2, found {}", t)
template <class... Args>
Error fail_field(std::string field, fmt::format_string<Args...> format, Args&&... args) {
  std::string detail = fmt::format(format, std::forward<Args>(args)...);
  return Error{Errc::bad_input, fmt::format("{}: {}", field, detail), std::move(field)};
}

// Lets .value() work where an error is a bug (tests).
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

}  // namespace quern

#define QUERN_CAT2(a, b) a##b
#define QUERN_CAT(a, b) QUERN_CAT2(a, b)
#define QUERN_TRY_AS(tmp, decl, expr) \
  auto tmp = (expr);                  \
  if (!tmp) return tmp.error();       \
  decl = std::move(*tmp)
// QUERN_TRY(auto header, read_header(file));
#define QUERN_TRY(decl, expr) QUERN_TRY_AS(QUERN_CAT(quern_try_, __LINE__), decl, expr)
// QUERN_CHECK(validate(options)); for a Status
#define QUERN_CHECK(expr) \
  if (auto quern_status = (expr); !quern_status) return quern_status.error()
