#include "registry/modelfile.hpp"

#include "registry/name_parts.hpp"
#include "registry/sampling_names.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace quern::registry {
namespace {

constexpr std::string_view kBlank = " \t";
constexpr std::string_view kBlock = "\"\"\"";
constexpr std::array<std::string_view, 3> kMessageRoles{"system", "user", "assistant"};
constexpr std::string_view kCommands =
    "FROM, PARAMETER, TEMPLATE, SYSTEM, ADAPTER, LICENSE, MESSAGE, REQUIRES, RENDERER or PARSER";

std::string_view trimmed_front(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text;
}

std::string_view trimmed_text(std::string_view text) {
  text = trimmed_front(text);
  while (!text.empty() && (kBlank.find(text.back()) != std::string_view::npos || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

// Jinja has statements; Go's templates begin theirs with a dot or a word inside of {{ }}.
bool is_jinja(std::string_view text) {
  return text.find("{%") != std::string_view::npos;
}

class ModelfileParser {
 public:
  ModelfileParser(std::string_view text, const std::string& name) : rest_(text), name_(name) {}

  Result<Modelfile> parse() {
    if (rest_.size() > kMaxModelfileBytes) {
      return fail(Errc::bad_input, "{}: want at most {} bytes, found {}", name_, kMaxModelfileBytes, rest_.size());
    }
    while (!rest_.empty()) {
      std::string_view line = trimmed_text(take_line());
      if (line.empty() || line.starts_with('#')) continue;
      const std::size_t blank = std::min(line.find_first_of(kBlank), line.size());
      const std::string command = lower(line.substr(0, blank));
      const Status done = run(command, line.substr(0, blank), trimmed_text(line.substr(blank)));
      if (!done) return at_line(done.error());
    }
    line_ = 0;
    if (out_.from.empty())
      return fail(Errc::bad_input, "{}: want a line FROM with a name or a path, found none", name_);
    return std::move(out_);
  }

 private:
  std::string_view take_line() {
    ++line_;
    return take_until(rest_, '\n');
  }

  Error at_line(const Error& error) const {
    return Error{Errc::bad_input, fmt::format("{}:{}: {}", name_, first_line_, error.detail), error.field};
  }

  Status run(const std::string& command, std::string_view written, std::string_view rest) {
    first_line_ = line_;
    if (command == "parameter") return parameter(rest);
    if (command == "message") return message(rest);
    if (command != "from" && command != "adapter" && command != "template" && command != "system" &&
        command != "license" && command != "requires" && command != "renderer" && command != "parser" &&
        command != "draft") {
      return fail(Errc::bad_input, "want {}, found '{}'", kCommands, shown(written));
    }
    QUERN_TRY(std::string value, value_of(rest));
    if (value.empty()) return fail(Errc::bad_input, "{}: want a value, found none", written);
    return set(command, std::move(value));
  }

  Status set(const std::string& command, std::string value) {
    if (command == "from") {
      if (!out_.from.empty()) return fail(Errc::bad_input, "FROM: want it once, found it again");
      out_.from = std::move(value);
    } else if (command == "adapter") {
      out_.adapters.push_back(std::move(value));
    } else if (command == "system") {
      out_.settings.system = std::move(value);
    } else if (command == "license") {
      out_.settings.licenses.push_back(std::move(value));
    } else if (command == "template" && is_jinja(value)) {
      out_.settings.template_text = std::move(value);
    } else if (command == "template") {
      out_.settings.go_template = std::move(value);
      out_.notes.push_back("TEMPLATE: written for Go, not used: the chat template of the model's file is");
    } else if (command == "draft") {
      return fail(Errc::bad_input, "DRAFT: models that draft for others are not supported");
    } else {
      out_.tags[command] = std::move(value);
      if (command != "requires") out_.notes.push_back(command + ": not used: it names code of Ollama's");
    }
    return {};
  }

  Status parameter(std::string_view rest) {
    const std::size_t blank = std::min(rest.find_first_of(kBlank), rest.size());
    const std::string_view name = rest.substr(0, blank);
    QUERN_TRY(const std::string value, value_of(trimmed_text(rest.substr(blank))));
    if (name.empty() || value.empty()) {
      return fail(Errc::bad_input, "PARAMETER: want a name and a value, found '{}'", shown(rest));
    }
    QUERN_TRY(std::string note, set_parameter(name, value, out_.settings));
    if (!note.empty()) out_.notes.push_back(std::move(note));
    return {};
  }

  Status message(std::string_view rest) {
    const std::size_t blank = std::min(rest.find_first_of(kBlank), rest.size());
    const std::string role = lower(rest.substr(0, blank));
    if (std::ranges::find(kMessageRoles, role) == kMessageRoles.end()) {
      return fail(Errc::bad_input, "MESSAGE: want system, user or assistant and a text, found '{}'", shown(role));
    }
    QUERN_TRY(std::string content, value_of(trimmed_text(rest.substr(blank))));
    out_.settings.messages.push_back({role, std::move(content)});
    return {};
  }

  // The rest of the line, a "quoted" one, or a block of lines between triple quotes.
  Result<std::string> value_of(std::string_view text) {
    if (text.starts_with(kBlock)) return block_of(text.substr(kBlock.size()));
    if (!text.starts_with('"')) return std::string(text);
    if (text.size() >= 2 && text.ends_with('"')) return std::string(text.substr(1, text.size() - 2));
    return fail(Errc::bad_input, "want a quote that ends the text, found none on the line: {}", shown(text));
  }

  Result<std::string> block_of(std::string_view text) {
    std::string out;
    for (;;) {
      const std::size_t end = text.find(kBlock);
      if (end != std::string_view::npos) {
        const std::string_view behind = trimmed_text(text.substr(end + kBlock.size()));
        if (!behind.empty()) {
          return fail(Errc::bad_input, "want nothing behind the \"\"\" that ends the text, found '{}'", shown(behind));
        }
        out += text.substr(0, end);
        // A line of its own for each of the quotes does not belong to the text.
        if (out.starts_with('\n')) out.erase(0, 1);
        if (out.ends_with('\n')) out.pop_back();
        return out;
      }
      out += text;
      out += '\n';
      if (rest_.empty()) return fail(Errc::bad_input, "want \"\"\" that end the text, found the end of the file");
      text = take_line();
      if (text.ends_with('\r')) text.remove_suffix(1);
    }
  }

  std::string_view rest_;
  const std::string& name_;
  int line_ = 0, first_line_ = 0;
  Modelfile out_;
};

std::string quoted_text(std::string_view text) {
  const bool plain = text.find('\n') == std::string_view::npos && text.find('"') == std::string_view::npos;
  return plain ? fmt::format("\"{}\"", text) : fmt::format("\"\"\"\n{}\n\"\"\"", text);
}

}  // namespace

Result<Modelfile> parse_modelfile(std::string_view text, const std::string& name) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return ModelfileParser(text, name).parse();
}

std::string modelfile_text(const Model& model) {
  const Settings& settings = model.settings;
  std::string out = fmt::format("FROM {}\n", model.name.display());
  for (const ModelFile& file : model.files) {
    if (file.role == FileRole::adapter) out += fmt::format("ADAPTER {}\n", file.path);
  }
  const std::string& text = settings.template_text.empty() ? settings.go_template : settings.template_text;
  if (!text.empty()) out += fmt::format("TEMPLATE {}\n", quoted_text(text));
  if (!settings.system.empty()) out += fmt::format("SYSTEM {}\n", quoted_text(settings.system));
  for (const auto& [name, value] : settings.sampling) out += fmt::format("PARAMETER {} {}\n", name, value);
  for (const std::string& stop : settings.stop) out += fmt::format("PARAMETER stop {}\n", quoted_text(stop));
  if (settings.ctx) out += fmt::format("PARAMETER num_ctx {}\n", *settings.ctx);
  if (settings.max_tokens) out += fmt::format("PARAMETER num_predict {}\n", *settings.max_tokens);
  if (settings.keep_alive) out += fmt::format("PARAMETER keep_alive {}\n", settings.keep_alive->count());
  for (const SampleMessage& message : settings.messages) {
    out += fmt::format("MESSAGE {} {}\n", message.role, quoted_text(message.content));
  }
  for (const std::string& license : settings.licenses) out += fmt::format("LICENSE {}\n", quoted_text(license));
  return out;
}

}  // namespace quern::registry
