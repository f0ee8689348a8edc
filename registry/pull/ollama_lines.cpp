#include "registry/pull/ollama_lines.hpp"

#include <algorithm>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace quern::registry::pull {
namespace {

namespace json = boost::json;

constexpr std::size_t kShownDigits = 12;

std::string status_line(std::string_view status) {
  return json::serialize(json::object{{"status", status}});
}

std::string file_line(const PullEvent& event) {
  const std::size_t colon = event.digest.find(':');
  const std::string name = colon == std::string::npos ? event.file : event.digest.substr(colon + 1, kShownDigits);
  json::object out{
      {"status", "pulling " + name}, {"digest", event.digest}, {"total", event.total}, {"completed", event.bytes}};
  return json::serialize(out);
}

}  // namespace

std::string ollama_line(const PullEvent& event) {
  switch (event.stage) {
    case Stage::asking:
      return status_line("pulling manifest");
    case Stage::downloading:
    case Stage::elsewhere:
    case Stage::present:
    case Stage::finished:
      return file_line(event);
    case Stage::verifying:
      return status_line("verifying sha256 digest");
    case Stage::waiting:
      return status_line(event.text);
    case Stage::done:
      return status_line("writing manifest");
    case Stage::planned:
      break;
  }
  return {};
}

std::string ollama_error_line(std::string_view detail) {
  return json::serialize(json::object{{"error", detail}});
}

}  // namespace quern::registry::pull
