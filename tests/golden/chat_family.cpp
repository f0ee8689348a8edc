// chat/: templates with conversations and the prompts that they give. Texts must be equal; what a template refuses must
// be refused with its message. Where Python's typing fails (the reference's error, not the template's), anything goes.
#include "engine/chat/jinja/program.hpp"
#include "tests/golden/family.hpp"
#include "tests/support/golden_json.hpp"
#include "tests/support/jinja_values.hpp"

#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace quern::golden {

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
namespace jinja = engine::chat::jinja;

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// "2026-01-02T00:00:00"
std::tm read_time(const json::object& file) {
  std::tm out{};
  const json::value* const now = file.if_contains("now");
  if (now == nullptr) return out;
  strptime(now->as_string().c_str(), "%Y-%m-%dT%H:%M:%S", &out);
  return out;
}

jinja::Variables variables_of(jinja::Heap& heap, const json::object& file, const json::object& test, bool lenient) {
  jinja::Variables out;
  const auto add = [&](const json::object& from, const char* name) {
    const json::value* const value = from.if_contains(name);
    if (lenient && (value == nullptr || value->is_null())) return;
    out.emplace_back(name, value == nullptr ? jinja::Value::none() : test::to_jinja(heap, *value));
  };
  for (const char* name : {"bos_token", "eos_token", "documents"}) add(file, name);
  for (const char* name : {"messages", "tools", "add_generation_prompt"}) add(test, name);
  if (const json::value* const extra = test.if_contains("extra_context"); extra != nullptr && extra->is_object())
    for (const auto& [name, value] : extra->as_object())
      out.emplace_back(std::string(name), test::to_jinja(heap, value));
  return out;
}

std::string shown(std::string_view text) {
  return json::serialize(json::string(text.substr(0, 400)));
}

// Where they begin to differ, with what stands before.
std::string difference(std::string_view got, std::string_view want) {
  std::size_t at = 0;
  while (at < got.size() && at < want.size() && got[at] == want[at]) ++at;
  const std::size_t begin = at > 60 ? at - 60 : 0;
  return fmt::format("at byte {}: got {}, expected {}", at, shown(got.substr(begin)), shown(want.substr(begin)));
}

// Empty where the case holds.
std::string check_case(const jinja::Program& program, const json::object& file, const json::object& test) {
  const json::value* const mark = test.if_contains("lenient");
  const bool lenient = mark != nullptr && mark->is_bool() && mark->as_bool();
  jinja::Heap heap;
  const jinja::Variables variables = variables_of(heap, file, test, lenient);
  const jinja::Outcome<std::string> got = program.render(heap, variables, read_time(file));
  const json::value& want = test.at("expected");
  if (want.is_string()) {
    if (!got) return fmt::format("failed in line {}: {}", got.error().line, got.error().message);
    return *got == std::string_view(want.as_string()) ? std::string() : difference(*got, want.as_string());
  }
  const json::object& error = want.as_object();
  if (!error.at("raised_by_template").as_bool()) return {};
  if (got) return fmt::format("got {}, expected the error {}", shown(*got), json::serialize(error.at("error")));
  if (got.error().kind == jinja::FailureKind::raised && got.error().message == error.at("error").as_string()) return {};
  return fmt::format("failed in line {}: {}; expected {}", got.error().line, got.error().message,
                     json::serialize(error.at("error")));
}

FileResult run_file(const fs::path& path) {
  FileResult out{.file = "chat/" + path.stem().string(), .passed = false, .message = {}};
  const json::value document = test::read_json(path);
  const json::object& file = document.as_object();
  const fs::path source = path.parent_path() / "templates" / std::string(file.at("template").as_string());
  const auto program = jinja::Program::parse(read_text(source));
  if (!program) {
    out.message = fmt::format("line {}: {}", program.error().line, program.error().message);
    return out;
  }
  std::size_t n_failed = 0;
  const json::array& cases = file.at("cases").as_array();
  for (const json::value& test : cases) {
    const std::string problem = check_case(**program, file, test.as_object());
    if (!problem.empty() && n_failed++ == 0)
      out.message = fmt::format("{}: {}", std::string_view(test.at("name").as_string()), problem);
  }
  out.passed = n_failed == 0 && !cases.empty();
  out.message = out.passed ? fmt::format("{} cases", cases.size())
                           : fmt::format("{} of {} cases failed; {}", n_failed, cases.size(), out.message);
  return out;
}

void run(const Options& options, const std::function<void(const FileResult&)>& report) {
  for (const fs::path& path : files_of(options, "chat", ".json")) {
    try {
      report(run_file(path));
    } catch (const std::exception& e) {
      report({.file = "chat/" + path.stem().string(), .passed = false, .message = e.what()});
    }
  }
}

}  // namespace

const Family kChatFamily{"chat", &run};

}  // namespace quern::golden
