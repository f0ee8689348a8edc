// What this server's endpoints are and what their requests may contain, found by running the parsers themselves: as an
// OpenAPI document, as a page, and as the tables of docs/API-FIELDS.md. Pure. Threads: any.
// Source: the OpenAPI Specification 3.1.0.
#pragma once

#include "server/api/json_fields.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

struct Endpoint {
  std::string_view dialect, method, path, summary;
  std::vector<FieldUse> fields;  // of its body; empty: it has none
};

// In the order of the routes. Not those of the control socket.
std::vector<Endpoint> describe_endpoints();

std::string openapi_json(const std::vector<Endpoint>& endpoints);
std::string reference_page(const std::vector<Endpoint>& endpoints);
std::string reference_markdown(const std::vector<Endpoint>& endpoints);

}  // namespace quern::server
