#include "server/response.hpp"

#include <array>
#include <iterator>

#include <fmt/format.h>

namespace quern::server {
namespace {

void append_common(std::string& out, unsigned status, std::string_view content_type, const ReplyContext& context) {
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nServer: quern\r\nDate: {}\r\n", status,
                 reason_phrase(status), http_date(context.now));
  if (!content_type.empty()) {
    fmt::format_to(std::back_inserter(out), "Content-Type: {}\r\nX-Content-Type-Options: nosniff\r\n", content_type);
  }
  if (!context.request_id.empty()) {
    fmt::format_to(std::back_inserter(out), "X-Request-Id: {}\r\n", context.request_id);
  }
  if (!context.ignored.empty()) fmt::format_to(std::back_inserter(out), "X-Quern-Ignored: {}\r\n", context.ignored);
  if (!context.allowed_origin.empty()) {
    fmt::format_to(std::back_inserter(out),
                   "Access-Control-Allow-Origin: {}\r\nAccess-Control-Expose-Headers: X-Request-Id, "
                   "X-Quern-Ignored\r\nVary: Origin\r\n",
                   context.allowed_origin);
  }
  if (!context.keep_alive) {
    out += "Connection: close\r\n";
  } else if (context.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
}

}  // namespace

std::string_view reason_phrase(unsigned status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

std::string serialize(const Response& response, const ReplyContext& context) {
  std::string out = serialize_head(response, context);
  if (!context.head_only && response.status != 204) out += response.body;
  return out;
}

std::string serialize_head(const Response& response, const ReplyContext& context) {
  std::string out;
  out.reserve(512);
  const bool no_content = response.status == 204;
  append_common(out, response.status, no_content ? "" : std::string_view(response.content_type), context);
  for (const auto& [name, value] : response.headers) out.append(name).append(": ").append(value).append("\r\n");
  if (!no_content) fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.body.size());
  out += "\r\n";
  return out;
}

std::string stream_head(std::string_view content_type, const ReplyContext& context) {
  std::string out;
  append_common(out, 200, content_type, context);
  // Some proxies collect a response before they pass it on, unless told not to.
  out += "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n";
  if (!context.http_1_0) out += "Transfer-Encoding: chunked\r\n";
  if (context.trailers) out += "Trailer: Server-Timing\r\n";
  out += "\r\n";
  return out;
}

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", data.size());
  out.append(data).append("\r\n");
}

void append_last_chunk(std::string& out, std::string_view server_timing) {
  out += "0\r\n";
  if (!server_timing.empty()) out.append("Server-Timing: ").append(server_timing).append("\r\n");
  out += "\r\n";
}

std::string http_date(std::chrono::sys_seconds time) {
  static constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[std::chrono::weekday(day).c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
                     clock.seconds().count());
}

}  // namespace quern::server
