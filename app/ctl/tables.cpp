#include "app/ctl/tables.hpp"

#include <algorithm>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace quern::app {
namespace {

namespace json = boost::json;

Result<json::value> parse(std::string_view text) {
  boost::system::error_code ec;
  json::value out = json::parse(text, ec);
  if (ec) return fail(Errc::corrupt, "the server's reply is not JSON: {}", ec.message());
  return out;
}

// Control characters in a reply (a client chooses its label) must not reach the terminal.
std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return out;
}

std::string cell(const json::value& value) {
  if (value.is_string()) return printable({value.get_string().data(), value.get_string().size()});
  if (value.is_double()) return fmt::format("{:.4g}", value.get_double());
  return printable(json::serialize(value));
}

using Line = std::pair<std::string, std::string>;

void flatten(const std::string& prefix, const json::object& object, std::vector<Line>& lines) {
  for (const auto& entry : object) {
    const std::string name = prefix + printable({entry.key().data(), entry.key().size()});
    if (entry.value().is_object()) {
      flatten(name + ".", entry.value().get_object(), lines);
    } else {
      lines.emplace_back(name, cell(entry.value()));
    }
  }
}

const json::array* find_rows(const json::value& value) {
  if (value.is_array()) return &value.get_array();
  if (!value.is_object()) return nullptr;
  for (const auto& entry : value.get_object()) {
    if (entry.value().is_array()) return &entry.value().get_array();
  }
  return nullptr;
}

std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> width(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], width[i]);
    out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return out;
}

}  // namespace

Result<std::string> object_table(std::string_view text) {
  QUERN_TRY(const json::value value, parse(text));
  if (!value.is_object()) return fail(Errc::corrupt, "the server's reply: want an object, found {}", printable(text));
  std::vector<Line> lines;
  flatten("", value.get_object(), lines);
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, shown] : lines) rows.push_back({name, shown});
  return rows.empty() ? std::string() : aligned(rows);
}

Result<std::string> rows_table(std::string_view text) {
  QUERN_TRY(const json::value value, parse(text));
  const json::array* items = find_rows(value);
  if (items == nullptr) return fail(Errc::corrupt, "the server's reply: want a list, found {}", printable(text));
  if (items->empty()) return std::string("none\n");
  if (!items->front().is_object())
    return fail(Errc::corrupt, "the server's reply: want objects, found {}", printable(text));
  std::vector<std::vector<std::string>> rows(1);
  for (const auto& entry : items->front().get_object()) rows.front().emplace_back(entry.key());
  if (rows.front().empty()) return std::string("none\n");
  for (const json::value& item : *items) {
    std::vector<std::string> row;
    for (const std::string& key : rows.front()) {
      const json::value* field = item.is_object() ? item.get_object().if_contains(key) : nullptr;
      row.push_back(field != nullptr ? cell(*field) : "");
    }
    rows.push_back(std::move(row));
  }
  for (std::string& key : rows.front()) key = printable(key);
  return aligned(rows);
}

std::string error_message(std::string_view text) {
  const Result<json::value> value = parse(text);
  if (value && value->is_object()) {
    const json::value* error = value->get_object().if_contains("error");
    if (error != nullptr && error->is_string()) return cell(*error);
    if (error != nullptr && error->is_object()) {
      if (const json::value* message = error->get_object().if_contains("message")) return cell(*message);
    }
  }
  return printable(text.substr(0, 200));
}

}  // namespace quern::app
