#include "server/tracing/span.hpp"

#include "server/request_head.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace quern::server {
namespace {

namespace json = boost::json;

struct AttributeValue {
  json::object operator()(std::int64_t value) const { return {{"intValue", fmt::format("{}", value)}}; }
  json::object operator()(double value) const { return {{"doubleValue", value}}; }
  json::object operator()(const std::string& value) const { return {{"stringValue", value}}; }
};

json::object attribute(std::string_view key, json::object value) {
  return {{"key", json::string(key)}, {"value", std::move(value)}};
}

json::object span_json(const Span& span) {
  constexpr int kServer = 2, kOk = 1, kError = 2;
  json::array attributes;
  for (const auto& [key, value] : span.attributes)
    attributes.push_back(attribute(key, std::visit(AttributeValue{}, value)));
  json::object out{{"traceId", span.trace_id}, {"spanId", span.span_id}};
  if (!span.parent_id.empty()) out["parentSpanId"] = span.parent_id;
  out["name"] = span.name;
  out["kind"] = kServer;
  out["startTimeUnixNano"] = fmt::format("{}", span.start_unix_ns);
  out["endTimeUnixNano"] = fmt::format("{}", span.end_unix_ns);
  out["attributes"] = std::move(attributes);
  out["status"] = json::object{{"code", span.failed ? kError : kOk}};
  return out;
}

}  // namespace

Span make_span(std::string name, std::string_view traceparent) {
  Span span{.name = std::move(name)};
  span.span_id = make_id("").substr(0, 16);
  if (traceparent.empty()) {
    span.trace_id = (make_id("") + make_id("")).substr(0, 32);
  } else {
    span.trace_id = traceparent.substr(3, 32);
    span.parent_id = traceparent.substr(36, 16);
  }
  return span;
}

std::string spans_json(std::span<const Span> spans) {
  json::array list;
  for (const Span& span : spans) list.push_back(span_json(span));
  const json::object scope{{"name", "quern"}, {"version", QUERN_VERSION}};
  const json::object service = attribute("service.name", {{"stringValue", "quern"}});
  return json::serialize(json::object{
      {"resourceSpans",
       json::array{json::object{{"resource", json::object{{"attributes", json::array{service}}}},
                                {"scopeSpans", json::array{json::object{{"scope", scope}, {"spans", list}}}}}}}});
}

}  // namespace quern::server
