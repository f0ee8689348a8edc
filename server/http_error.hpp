// Errc -> HTTP status, and what went wrong as plain data; a dialect writes it in its own shape. Threads: pure
// functions.
#pragma once

#include "base/result.hpp"
#include "server/response.hpp"

#include <string>
#include <string_view>

namespace quern::server {

unsigned http_status(const Error& error) noexcept;

// An empty `code` stands for the usual code of the error.
HttpError http_error(const Error& error, std::string_view code = {});

// 429 and 503 come with Retry-After.
Response error_response(HttpError error);
Response error_response(const Error& error, std::string_view code = {});

// For what is refused before there is a request to speak of: 404, 405, 413, 415, ...
Response error_response(unsigned status, std::string_view message, std::string_view code = {});

}  // namespace quern::server
