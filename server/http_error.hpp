// Errc -> HTTP status, and the error JSON that the official OpenAI clients read:
// {"error": {"message", "type", "param", "code"}}. Threads: pure functions.
#pragma once

#include "base/result.hpp"
#include "server/response.hpp"

#include <string>
#include <string_view>

namespace quern::server {

unsigned http_status(const Error& error) noexcept;

// The object {"error": ...}: the body of an error reply, or the data of an error event in mid-stream. An empty `code`
// stands for the usual code of the error.
std::string error_json(const Error& error, std::string_view code = {});

// 429 and 503 come with Retry-After.
Response error_response(const Error& error, std::string_view code = {});

// For what is refused before there is a request to speak of: 404, 405, 413, 415, ...
Response error_response(unsigned status, std::string_view message, std::string_view code = {});

}  // namespace quern::server
