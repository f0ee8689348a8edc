#include "app/commands/model_report.hpp"

#include "app/model_store.hpp"
#include "engine/gguf/printable.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace quern::app {
namespace {

namespace json = boost::json;
using engine::gguf::printable;
using engine::gguf::valid_utf8;
using registry::FoundIn;
using registry::Model;
using registry::ResolvedModel;
using registry::Settings;

constexpr std::size_t kColumns = 6;
using Row = std::array<std::string, kColumns>;

json::value json_settings(const Settings& settings) {
  json::array rows;
  for (const auto& [key, value] : registry::rows_of(settings)) rows.push_back(json::array{key, valid_utf8(value)});
  return rows;
}

json::object json_model(const Model& model, FoundIn found_in) {
  json::array files;
  for (const registry::ModelFile& file : model.files) {
    files.push_back(json::object{{"role", registry::file_role_name(file.role)},
                                 {"path", valid_utf8(file.path)},
                                 {"digest", file.digest.empty() ? json::value() : json::value(file.digest.text())},
                                 {"size_bytes", file.size_bytes}});
  }
  const registry::ModelFacts& facts = model.facts;
  return {{"name", model.name.display()},
          {"canonical", model.name.canonical()},
          {"found_in", registry::found_in_name(found_in)},
          {"origin", valid_utf8(model.origin)},
          {"digest", model.digest.empty() ? json::value() : json::value(model.digest.text())},
          {"size_bytes", model.size_bytes()},
          {"family", valid_utf8(facts.family)},
          {"quant", facts.quant},
          {"params", facts.params},
          {"n_ctx", facts.n_ctx},
          {"n_layer", facts.n_layer},
          {"vocab_size", facts.vocab_size},
          {"pinned", model.pinned},
          {"aliases", json::array(model.aliases.begin(), model.aliases.end())},
          {"created_unix_s", model.created_unix_s},
          {"last_used_unix_s", model.last_used_unix_s},
          {"files", std::move(files)}};
}

// "  context      40960\n"
void line(std::string& out, std::string_view name, const std::string& value) {
  if (!value.empty()) out += fmt::format("  {:<14}{}\n", name, value);
}

void block(std::string& out, std::string_view name, const std::string& text) {
  if (text.empty()) return;
  out += fmt::format("\n{}:\n", name);
  constexpr std::size_t kMaxLines = 20, kMaxLineBytes = 400;
  std::size_t n_lines = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    if (++n_lines > kMaxLines) {
      out += "  ... (--json shows all)\n";
      return;
    }
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out += fmt::format("  {}\n", printable(std::string_view(text).substr(begin, end - begin), kMaxLineBytes));
    begin = end + 1;
  }
}

std::string number(std::uint64_t n) {
  return n == 0 ? "" : fmt::format("{}", n);
}

void settings_lines(std::string& out, const Settings& settings) {
  for (const auto& [name, value] : settings.sampling) line(out, name, value);
  for (const std::string& stop : settings.stop) line(out, "stop", fmt::format("\"{}\"", printable(stop)));
  if (settings.ctx) line(out, "ctx", number(*settings.ctx));
  if (settings.max_tokens) line(out, "max_tokens", number(*settings.max_tokens));
  if (settings.keep_alive) {
    const auto seconds = settings.keep_alive->count();
    line(out, "keep_alive", seconds < 0 ? "for ever" : fmt::format("{} s", seconds));
  }
  for (const registry::SampleMessage& message : settings.messages) {
    line(out, message.role, printable(message.content, 80));
  }
}

}  // namespace

std::string list_table(const std::vector<ListedModel>& models, std::int64_t now_unix_s) {
  std::vector<Row> rows{{"name", "size", "quant", "parameters", "where", "used"}};
  for (const ListedModel& listed : models) {
    const Model& model = listed.model;
    const bool ours = listed.found_in == FoundIn::registry;
    rows.push_back({model.name.display(), bytes_text(model.size_bytes()), printable(model.facts.quant, 20),
                    rounded_text(model.facts.params),
                    std::string(registry::found_in_name(listed.found_in)) + (model.pinned ? ", pinned" : ""),
                    ours ? ago_text(model.last_used_unix_s, now_unix_s) : ""});
  }
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    std::string text;
    for (std::size_t i = 0; i < kColumns; ++i) text += fmt::format("{:<{}}  ", row[i], widths[i]);
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  return out;
}

std::string list_json(const std::vector<ListedModel>& models, const std::vector<std::string>& notes) {
  json::array listed;
  for (const ListedModel& one : models) listed.push_back(json_model(one.model, one.found_in));
  json::array said;
  for (const std::string& note : notes) said.emplace_back(valid_utf8(note));
  return json::serialize(json::object{{"models", std::move(listed)}, {"notes", std::move(said)}}) + "\n";
}

std::string show_text(const ResolvedModel& shown, const std::optional<Model>& previous, std::int64_t now_unix_s) {
  const Model& model = shown.model;
  const registry::ModelFacts& facts = model.facts;
  std::string out = fmt::format("{}\n", model.name.display());
  line(out, "architecture", printable(facts.family));
  line(out, "parameters", rounded_text(facts.params));
  line(out, "quantisation", printable(facts.quant));
  line(out, "context", number(facts.n_ctx));
  line(out, "layers", number(facts.n_layer));
  line(out, "vocabulary", number(facts.vocab_size));
  line(out, "size", bytes_text(model.size_bytes()));
  line(out, "where", std::string(registry::found_in_name(shown.found_in)));
  line(out, "from", printable(model.origin));
  line(out, "digest", model.digest.empty() ? "" : model.digest.text());
  if (shown.found_in == FoundIn::registry) line(out, "used", ago_text(model.last_used_unix_s, now_unix_s));
  line(out, "pinned", model.pinned ? "yes" : "");
  for (const std::string& alias : model.aliases) line(out, "alias", alias);
  if (previous)
    line(out, "previous", fmt::format("{}, `quern models restore` brings it back", bytes_text(previous->size_bytes())));
  out += "\nFiles:\n";
  for (const registry::ModelFile& file : model.files) {
    out += fmt::format("  {:<10} {:>7}  {}\n", registry::file_role_name(file.role), bytes_text(file.size_bytes),
                       printable(file.path, 1024));
  }
  if (!shown.settings.sampling.empty() || !shown.settings.stop.empty() || shown.settings.ctx ||
      shown.settings.keep_alive || shown.settings.max_tokens || !shown.settings.messages.empty()) {
    out += "\nSettings:\n";
    settings_lines(out, shown.settings);
  }
  for (const auto& [name, settings] : model.variants) {
    out += fmt::format("\nVariant @{}:\n", name);
    settings_lines(out, settings);
    line(out, "system", printable(settings.system, 80));
  }
  block(out, "System", shown.settings.system);
  block(out, "Template", shown.settings.template_text);
  block(out, "Template for Go (not used)", shown.settings.go_template);
  for (const std::string& license : shown.settings.licenses)
    block(out, "License", license.substr(0, license.find("\n\n")));
  for (const std::string& note : shown.notes) out += fmt::format("\nnote: {}\n", printable(note));
  return out;
}

std::string show_json(const ResolvedModel& shown, const std::optional<Model>& previous) {
  json::object out = json_model(shown.model, shown.found_in);
  out["settings"] = json_settings(shown.settings);
  json::object variants, tags;
  for (const auto& [name, settings] : shown.model.variants) variants[name] = json_settings(settings);
  for (const auto& [key, value] : shown.model.tags) tags[key] = valid_utf8(value);
  out["variants"] = std::move(variants);
  out["tags"] = std::move(tags);
  json::array notes;
  for (const std::string& note : shown.notes) notes.emplace_back(valid_utf8(note));
  out["notes"] = std::move(notes);
  if (previous) out["previous"] = json_model(*previous, shown.found_in);
  return json::serialize(out) + "\n";
}

}  // namespace quern::app
