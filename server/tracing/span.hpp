// One request as distributed tracing sees it, and its form on the wire. Threads: pure functions.
// Source: OpenTelemetry Protocol 1.x, JSON encoding of ExportTraceServiceRequest; W3C Trace Context 1.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace quern::server {

struct Span {
  std::string trace_id;   // 32 hex digits
  std::string span_id;    // 16 hex digits
  std::string parent_id;  // empty: the trace begins here
  std::string name;
  std::int64_t start_unix_ns = 0, end_unix_ns = 0;
  bool failed = false;
  std::vector<std::pair<std::string, std::variant<std::int64_t, double, std::string>>> attributes;
};

// A span with ids: of the trace that the client sent (traceparent), else of a new one.
Span make_span(std::string name, std::string_view traceparent);

std::string spans_json(std::span<const Span> spans);

}  // namespace quern::server
