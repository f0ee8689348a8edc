// Why a template could not be parsed or rendered. Inside this folder failures travel as exceptions; Program's functions
// catch them and return a Failure. Threads: values, no shared state.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace quern::engine::chat::jinja {

enum class FailureKind : std::uint8_t {
  syntax,     // the source is no template
  type,       // an operation that its values do not have, as Python's TypeError and ValueError
  undefined,  // a variable or attribute that is not there was used, not only looked at
  raised,     // the template called raise_exception
  limit,      // steps, memory, output or depth ran out
};

struct Failure {
  FailureKind kind = FailureKind::syntax;
  std::string message;     // of raise_exception: exactly its argument
  std::uint32_t line = 0;  // in the source, from 1
};

class FailureException final : public std::exception {
 public:
  FailureException(FailureKind kind, std::string message) : failure{kind, std::move(message), 0} {}
  const char* what() const noexcept override { return failure.message.c_str(); }
  Failure failure;
};

template <class... Args>
[[noreturn]] void throw_failure(FailureKind kind, fmt::format_string<Args...> format, Args&&... args) {
  throw FailureException(kind, fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
[[noreturn]] void throw_type(fmt::format_string<Args...> format, Args&&... args) {
  throw FailureException(FailureKind::type, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace quern::engine::chat::jinja
