// The same description as a Modelfile, in YAML.
#include "registry/modelfile.hpp"
#include "registry/name_parts.hpp"
#include "registry/sampling_names.hpp"

#include <yaml-cpp/yaml.h>

namespace quern::registry {
namespace {

constexpr std::size_t kMaxDepth = 16;

class YamlReader {
 public:
  explicit YamlReader(const std::string& name) : name_(name) {}

  Result<Modelfile> read(const YAML::Node& root) {
    if (!root.IsMap()) return fail(Errc::bad_input, "{}: want lines of the form key: value, found none", name_);
    for (const auto& entry : root) {
      const Status done = member(entry.first, entry.second);
      if (!done) return done.error();
    }
    if (out_.from.empty()) return fail(Errc::bad_input, "{}: want from: with a name or a path, found none", name_);
    return std::move(out_);
  }

 private:
  template <class... Args>
  Error wrong(const YAML::Node& node, fmt::format_string<Args...> what, Args&&... args) const {
    return fail(Errc::bad_input, "{}:{}: {}", name_, node.Mark().line + 1,
                fmt::format(what, std::forward<Args>(args)...));
  }

  Result<std::string> text(const YAML::Node& key, const YAML::Node& value) const {
    if (value.IsScalar()) return value.Scalar();
    return wrong(key, "{}: want a text, found {}", shown(key.Scalar()), value.IsNull() ? "nothing" : "more than one");
  }
  // One text, or a list of texts.
  Result<std::vector<std::string>> texts(const YAML::Node& key, const YAML::Node& value) const {
    std::vector<std::string> out;
    if (!value.IsSequence()) {
      QUERN_TRY(out.emplace_back(), text(key, value));
      return out;
    }
    for (const YAML::Node& one : value) {
      QUERN_TRY(out.emplace_back(), text(key, one));
    }
    return out;
  }

  Status member(const YAML::Node& key, const YAML::Node& value) {
    if (!key.IsScalar()) return wrong(key, "want a name in front of the colon, found something else");
    const std::string& name = key.Scalar();
    if (name == "from") {
      QUERN_TRY(out_.from, text(key, value));
    } else if (name == "adapters" || name == "adapter") {
      QUERN_TRY(out_.adapters, texts(key, value));
    } else if (name == "aliases") {
      QUERN_TRY(out_.aliases, texts(key, value));
    } else if (name == "pin") {
      QUERN_TRY(const std::string flag, text(key, value));
      if (flag != "true" && flag != "false") return wrong(key, "pin: want true or false, found '{}'", shown(flag));
      out_.pin = flag == "true";
    } else if (name == "requires") {
      QUERN_TRY(out_.tags[name], text(key, value));
    } else if (name == "variants") {
      return variants(key, value);
    } else {
      return setting(key, value, out_.settings);
    }
    return {};
  }

  Status setting(const YAML::Node& key, const YAML::Node& value, Settings& settings) {
    const std::string& name = key.Scalar();
    if (name == "parameters") return parameters(key, value, settings);
    if (name == "messages") return messages(key, value, settings);
    if (name == "system") {
      QUERN_TRY(settings.system, text(key, value));
    } else if (name == "template") {
      QUERN_TRY(settings.template_text, text(key, value));
    } else if (name == "license") {
      QUERN_TRY(settings.licenses, texts(key, value));
    } else if (name == "ctx" || name == "keep_alive" || name == "max_tokens") {
      QUERN_TRY(const std::string written, text(key, value));
      return parameter(key, name, written, settings);
    } else {
      return wrong(key,
                   "{}: there is no such key; want from, parameters, system, template, messages, adapters, license, "
                   "ctx, keep_alive, max_tokens, variants, aliases, pin or requires",
                   shown(name));
    }
    return {};
  }

  Status parameter(const YAML::Node& at, const std::string& name, const std::string& value, Settings& settings) {
    Result<std::string> note = set_parameter(name, value, settings);
    if (!note) return wrong(at, "{}", note.error().detail);
    if (!note->empty()) out_.notes.push_back(std::move(*note));
    return {};
  }

  Status parameters(const YAML::Node& key, const YAML::Node& value, Settings& settings) {
    if (!value.IsMap()) return wrong(key, "parameters: want names and values, found none");
    for (const auto& entry : value) {
      if (!entry.first.IsScalar()) return wrong(key, "parameters: want names and values, found something else");
      QUERN_TRY(const std::vector<std::string> values, texts(entry.first, entry.second));
      for (const std::string& one : values) {
        QUERN_CHECK(parameter(entry.first, entry.first.Scalar(), one, settings));
      }
    }
    return {};
  }

  Status messages(const YAML::Node& key, const YAML::Node& value, Settings& settings) {
    if (!value.IsSequence()) return wrong(key, "messages: want a list of role and content, found none");
    for (const YAML::Node& one : value) {
      if (!one.IsMap() || !one["role"] || !one["content"] || one.size() != 2) {
        return wrong(one, "messages: want role and content, found something else");
      }
      QUERN_TRY(std::string role, text(key, one["role"]));
      QUERN_TRY(std::string content, text(key, one["content"]));
      if (role != "system" && role != "user" && role != "assistant") {
        return wrong(one, "messages: want system, user or assistant as role, found '{}'", shown(role));
      }
      settings.messages.push_back({std::move(role), std::move(content)});
    }
    return {};
  }

  Status variants(const YAML::Node& key, const YAML::Node& value) {
    if (!value.IsMap()) return wrong(key, "variants: want names, each with settings, found none");
    for (const auto& entry : value) {
      if (!entry.first.IsScalar() || !entry.second.IsMap()) {
        return wrong(key, "variants: want names, each with settings, found something else");
      }
      if (const Status valid = check_variant(entry.first.Scalar()); !valid) {
        return wrong(entry.first, "{}", valid.error().detail);
      }
      Settings& settings = out_.variants[entry.first.Scalar()];
      for (const auto& member : entry.second) {
        if (!member.first.IsScalar()) return wrong(entry.first, "variants: want settings, found something else");
        QUERN_CHECK(setting(member.first, member.second, settings));
      }
    }
    return {};
  }

  const std::string& name_;
  Modelfile out_;
};

// The parser of YAML goes down a level for each bracket: what is too deep is not given to it.
bool is_too_deep(const std::string& text) {
  std::size_t depth = 0, indentation = 0, column = 0;
  bool leading = true;
  for (const char c : text) {
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    column = c == '\n' ? 0 : column + 1;
    leading = c == '\n' || (leading && (c == ' ' || c == '-' || c == '?' || c == ':'));
    if (leading && c == '-') indentation = std::max(indentation, column);
    if (depth > kMaxDepth || indentation > 100 * kMaxDepth) return true;
  }
  return false;
}

}  // namespace

Result<Modelfile> parse_model_yaml(const std::string& text, const std::string& name) {
  if (text.size() > kMaxModelfileBytes) {
    return fail(Errc::bad_input, "{}: want at most {} bytes, found {}", name, kMaxModelfileBytes, text.size());
  }
  if (is_too_deep(text)) return fail(Errc::bad_input, "{}: want less nesting", name);
  try {
    return YamlReader(name).read(YAML::Load(text));
  } catch (const YAML::Exception& e) {
    return fail(Errc::bad_input, "{}:{}: {}", name, e.mark.line + 1, e.msg);
  }
}

}  // namespace quern::registry
