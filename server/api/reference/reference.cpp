#include "server/api/reference/reference.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace quern::server {
namespace {

const char* type_name(FieldKind kind) noexcept {
  switch (kind) {
    case FieldKind::boolean:
      return "boolean";
    case FieldKind::text:
      return "string";
    case FieldKind::number:
      return "number";
    case FieldKind::integer:
      return "integer";
    case FieldKind::texts:
      return "array of strings";
    case FieldKind::object:
      return "object";
    case FieldKind::array:
      return "array";
    default:
      return "see API.md";
  }
}

const char* status_name(FieldKind kind) noexcept {
  if (kind == FieldKind::ignored) return "accepted, without effect";
  return kind == FieldKind::unsupported ? "refused unless empty" : "honoured";
}

json::object schema_of(FieldKind kind) {
  switch (kind) {
    case FieldKind::boolean:
    case FieldKind::text:
    case FieldKind::number:
    case FieldKind::integer:
      return {{"type", type_name(kind)}};
    case FieldKind::texts:
      return {{"type", "array"}, {"items", json::object{{"type", "string"}}}};
    case FieldKind::object:
      return {{"type", "object"}};
    case FieldKind::array:
      return {{"type", "array"}};
    case FieldKind::ignored:
      return {{"description", "Accepted, without effect."}};
    case FieldKind::unsupported:
      return {{"description", "Not supported: refused unless it is empty."}};
    case FieldKind::any:
      break;
  }
  return {};
}

// The schema's object that holds the fields of `path`, made on the way: "a.b[].c" is in that of "a.b[]".
json::object& properties_of(json::object& schema, std::string_view path, std::string_view& name) {
  json::object* at = &schema;
  for (;;) {
    const std::size_t dot = path.find('.');
    if (dot == std::string_view::npos) break;
    std::string_view segment = path.substr(0, dot);
    path.remove_prefix(dot + 1);
    const bool of_items = segment.ends_with("[]");
    if (of_items) segment.remove_suffix(2);
    json::value& properties = at->emplace("properties", json::object()).first->value();
    json::value& next = properties.as_object()
                            .emplace(json::string_view(segment.data(), segment.size()), json::object())
                            .first->value();
    at = &next.as_object();
    if (of_items) at = &at->emplace("items", json::object{{"type", "object"}}).first->value().as_object();
  }
  name = path;
  return at->emplace("properties", json::object()).first->value().as_object();
}

json::object body_schema(const std::vector<FieldUse>& fields) {
  json::object schema{{"type", "object"}};
  for (const FieldUse& field : fields) {
    std::string_view name;
    json::object& properties = properties_of(schema, field.path, name);
    json::object own = schema_of(field.kind);
    json::value& there = properties.emplace(json::string_view(name.data(), name.size()), json::object()).first->value();
    for (auto& [key, value] : own) there.as_object().insert_or_assign(key, std::move(value));
  }
  return schema;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

json::array path_parameters(std::string_view path) {
  json::array out;
  for (const char* const name : {"id", "path"}) {
    if (path.find(fmt::format("{{{}}}", name)) == std::string_view::npos) continue;
    out.push_back(
        json::object{{"name", name}, {"in", "path"}, {"required", true}, {"schema", json::object{{"type", "string"}}}});
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

json::value text(std::string_view s) {
  return json::string(s.data(), s.size());
}

}  // namespace

std::string openapi_json(const std::vector<Endpoint>& endpoints) {
  json::object paths;
  for (const Endpoint& endpoint : endpoints) {
    json::object operation{{"summary", text(endpoint.summary)}, {"tags", json::array{text(endpoint.dialect)}}};
    if (json::array parameters = path_parameters(endpoint.path); !parameters.empty())
      operation["parameters"] = std::move(parameters);
    if (!endpoint.fields.empty()) {
      json::object media{{"schema", body_schema(endpoint.fields)}};
      operation["requestBody"] =
          json::object{{"required", true}, {"content", json::object{{"application/json", std::move(media)}}}};
    }
    operation["responses"] = json::object{
        {"200", json::object{{"description", "The answer; of one that is streamed, events or lines of JSON"}}},
        {"4XX", json::object{{"description", "What is wrong with the request, in the shape of its API"}}},
        {"5XX", json::object{{"description", "The server cannot answer now, or failed"}}}};
    json::value& path =
        paths.emplace(json::string_view(endpoint.path.data(), endpoint.path.size()), json::object()).first->value();
    path.as_object()[lower(endpoint.method)] = std::move(operation);
  }
  json::object out{{"openapi", "3.1.0"},
                   {"info", json::object{{"title", "quern"}, {"version", QUERN_VERSION}}},
                   {"servers", json::array{json::object{{"url", "/"}}}},
                   {"paths", std::move(paths)}};
  return json::serialize(out);
}

std::string reference_page(const std::vector<Endpoint>& endpoints) {
  std::string out =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>quern: HTTP API</title>"
      "<meta name=\"viewport\" content=\"width=device-width\">"
      "<style>body{font:16px/1.5 system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}"
      "table{border-collapse:collapse}td,th{text-align:left;padding:.1rem 1rem .1rem 0;vertical-align:top}"
      "code{font-size:.9em}summary{cursor:pointer}details{margin:.3rem 0}</style>"
      "<h1>quern: HTTP API</h1><p>The same as an OpenAPI document: <a href=\"/openapi.json\">/openapi.json</a></p>";
  std::string_view dialect;
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.dialect != dialect) out += fmt::format("<h2>{}</h2>", escaped(dialect = endpoint.dialect));
    const std::string head =
        fmt::format("<code>{} {}</code> {}", endpoint.method, escaped(endpoint.path), escaped(endpoint.summary));
    if (endpoint.fields.empty()) {
      out += "<p>" + head + "</p>";
      continue;
    }
    out += "<details><summary>" + head + "</summary><table><tr><th>field<th>type<th>status</tr>";
    for (const FieldUse& field : endpoint.fields) {
      out += fmt::format("<tr><td><code>{}</code><td>{}<td>{}</tr>", escaped(field.path), type_name(field.kind),
                         status_name(field.kind));
    }
    out += "</table></details>";
  }
  return out + "</html>\n";
}

std::string reference_markdown(const std::vector<Endpoint>& endpoints) {
  std::string out =
      "# Every endpoint and field\n\n"
      "Written by the parsers themselves (`tools/update_api_fields.sh`); what the fields mean is in "
      "[API.md](API.md).\n";
  // Endpoints that take the same body share a table.
  std::map<std::string, std::string> shared;
  for (const Endpoint& endpoint : endpoints) {
    const std::string name = fmt::format("{} {}", endpoint.method, endpoint.path);
    out += fmt::format("\n## {} ({})\n\n{}.\n", name, endpoint.dialect, endpoint.summary);
    if (endpoint.fields.empty()) continue;
    std::string table = "\n| field | type | status |\n| --- | --- | --- |\n";
    for (const FieldUse& field : endpoint.fields)
      table += fmt::format("| `{}` | {} | {} |\n", field.path, type_name(field.kind), status_name(field.kind));
    const auto [same, is_new] = shared.emplace(std::move(table), name);
    out += is_new ? same->first : fmt::format("\nThe body of {}.\n", same->second);
  }
  return out;
}

}  // namespace quern::server
