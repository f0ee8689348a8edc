// The wire formats that clients speak. A route names its dialect: what its errors look like, on every path of it and
// whoever reports them. What requests and answers look like is in the folder of that name. Threads: const data.
#pragma once

#include "server/response.hpp"

#include <string>
#include <string_view>

namespace quern::server {

struct Dialect {
  std::string_view name;
  std::string (*error_body)(const HttpError& error);
  std::string_view other_model_field = {};  // an older name of "model"
  bool keep_alive = false;                  // requests may say how long their model stays: see keep_alive.hpp
  // Of a stream that begins while its request waits for its model, so before anything of the answer is known.
  std::string_view stream_type = "text/event-stream; charset=utf-8";
  bool streams_unasked = false;  // where a request does not say
  void (*waiting)(std::string_view path, std::string_view model, std::string& out);
  void (*stream_error)(std::string_view path, const HttpError& error, std::string& out);
};

extern const Dialect kOpenAi;
extern const Dialect kOllama;
extern const Dialect kAnthropic;

// Of a path that no route has, as far as one can tell.
const Dialect& dialect_of(std::string_view path) noexcept;

}  // namespace quern::server
