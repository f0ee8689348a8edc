#include "server/api/answer_form.hpp"

#include <fmt/format.h>

namespace quern::server {
namespace {

using Kind = AnswerForm::Kind;

std::string_view view(const json::string& text) noexcept {
  return {text.data(), text.size()};
}

// Two of them would contradict each other.
bool set(JsonFields& fields, std::string_view key, Kind kind, AnswerForm& out) {
  const std::string path = fields.path_of(key);
  if (!out.is_free() && out.field != path) {
    fields.refuse(key, fmt::format("contradicts {}: an answer has one form", out.field));
    return false;
  }
  out.kind = kind;
  out.field = path;
  return true;
}

void read_style(JsonFields& fields, AnswerForm& out) {
  if (fields.read("whitespace", out.whitespace) && out.whitespace != "flexible" && out.whitespace != "single" &&
      out.whitespace != "compact") {
    fields.refuse("whitespace", fmt::format("expected flexible, single or compact, found \"{}\"", out.whitespace));
  }
  std::string order;
  if (!fields.read("property_order", order)) return;
  if (order != "free" && order != "schema") {
    fields.refuse("property_order", fmt::format("expected free or schema, found \"{}\"", order));
  }
  out.ordered = order == "schema";
}

}  // namespace

void set_schema(JsonFields& fields, std::string_view key, const json::value& value, bool strict, AnswerForm& out) {
  if (!value.is_object() && !value.is_bool()) {
    return fields.refuse(key, fmt::format("expected a JSON schema, found {}", describe(value)));
  }
  if (!set(fields, key, Kind::json_schema, out)) return;
  out.schema = value;
  out.strict = strict;
}

void read_response_format(JsonFields& fields, std::string_view key, AnswerForm& out) {
  const json::object* const object = fields.object(key);
  if (object == nullptr) return;
  JsonFields format(fields, *object, key);
  std::string type;
  format.read("type", type);
  if (FieldRecorder::current() != nullptr) type = "json_schema";  // the form with the most fields
  if (type == "json_object") {
    read_style(format, out);
    const json::value* const schema = format.value("schema");
    if (schema != nullptr) {
      set_schema(format, "schema", *schema, false, out);
    } else if (set(format, "type", Kind::json_object, out)) {
      out.field = format.path_of("type");
    }
  } else if (type == "json_schema") {
    // Chat completions have one more level, Responses and llama-server do not.
    const json::object* const entry = format.object("json_schema");
    const auto read_entry = [&out](JsonFields& in) {
      bool strict = false;
      in.read("strict", strict);
      in.ignore({"name", "description"});
      read_style(in, out);
      const json::value* const schema = in.value("schema");
      if (schema == nullptr) return in.refuse("schema", "expected a JSON schema, found nothing");
      set_schema(in, "schema", *schema, strict, out);
    };
    if (entry != nullptr) {
      JsonFields nested(format, *entry, "json_schema");
      read_entry(nested);
      if (const Status status = nested.finish(); !status) format.refuse(status.error());
    } else {
      read_entry(format);
    }
  } else if (type == "grammar") {
    if (format.read("grammar", out.text)) set(format, "grammar", Kind::gbnf, out);
  } else if (type == "regex") {
    if (format.read("regex", out.text) || format.read("pattern", out.text)) set(format, "regex", Kind::regex, out);
  } else if (type != "text") {
    format.refuse("type", fmt::format("expected text, json_object, json_schema, regex or grammar, found \"{}\"", type));
  }
  if (const Status status = format.finish(); !status) fields.refuse(status.error());
}

void read_ollama_format(JsonFields& fields, AnswerForm& out) {
  const json::value* const format = fields.value("format");
  if (format == nullptr) return;
  if (const json::string* const text = format->if_string()) {
    if (text->empty()) return;
    if (*text != "json") {
      return fields.refuse("format", fmt::format("expected \"json\" or a JSON schema, found \"{}\"", view(*text)));
    }
    set(fields, "format", Kind::json_object, out);
    return;
  }
  set_schema(fields, "format", *format, false, out);
}

void read_guided(JsonFields& fields, AnswerForm& out) {
  const auto schema = [&out](JsonFields& in, std::string_view key) {
    const json::value* const value = in.value(key);
    if (value == nullptr) return;
    if (const json::string* const text = value->if_string()) {  // a schema as text
      const Result<json::value> parsed = parse_json(view(*text), 64);
      if (!parsed) return in.refuse(key, parsed.error().detail);
      return set_schema(in, key, *parsed, false, out);
    }
    set_schema(in, key, *value, false, out);
  };
  const auto text = [&out](JsonFields& in, std::string_view key, Kind kind) {
    std::string found;
    if (!in.read(key, found) || found.empty()) return;
    if (set(in, key, kind, out)) out.text = std::move(found);
  };
  const auto choice = [&out](JsonFields& in, std::string_view key) {
    std::vector<std::string> found;
    if (!in.read(key, found) || found.empty()) return;
    if (set(in, key, Kind::choice, out)) out.choices = std::move(found);
  };
  text(fields, "grammar", Kind::gbnf);
  schema(fields, "json_schema");
  schema(fields, "guided_json");
  text(fields, "guided_regex", Kind::regex);
  text(fields, "guided_grammar", Kind::gbnf);
  choice(fields, "guided_choice");
  fields.ignore({"guided_decoding_backend", "guided_whitespace_pattern"});
  const json::object* const outputs = fields.object("structured_outputs");
  if (outputs == nullptr) return;
  JsonFields nested(fields, *outputs, "structured_outputs");
  schema(nested, "json");
  text(nested, "regex", Kind::regex);
  text(nested, "grammar", Kind::gbnf);
  choice(nested, "choice");
  bool any_object = false;
  if (nested.read("json_object", any_object) && any_object) set(nested, "json_object", Kind::json_object, out);
  bool compact = false;
  if (nested.read("disable_any_whitespace", compact) && compact) out.whitespace = "compact";
  nested.unsupported({"structural_tag", "whitespace_pattern"});
  nested.ignore({"disable_fallback", "disable_additional_properties", "backend"});
  if (const Status status = nested.finish(); !status) fields.refuse(status.error());
}

}  // namespace quern::server
