// The real server before a model that follows a script (script.hpp): for tests with real clients, which want to know
// what the model was given and to choose what it answers.
//   scripted_server SCRIPT.json [--context N] [--prompts DIRECTORY]
// The tokenizer and the chat template are those of real models (tests/data). The first line on stdout is the address;
// then come JSON lines, one when a request comes and one when it ends; stderr has the log, refused requests among it.
// --prompts: the text of each prompt, as a file. SIGTERM: drains and ends. Threads: one.
#include "base/byte_ledger.hpp"
#include "base/log.hpp"
#include "engine/chat/template_set.hpp"
#include "engine/gguf/reader.hpp"
#include "models/model_catalog.hpp"
#include "server/server.hpp"
#include "tests/support/scripted/scripted_generator.hpp"

#include <charconv>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json.hpp>

namespace quern::test {
namespace {

constexpr const char* kTokenizer = QUERN_TEST_DATA_DIR "/tokenizer/qwen2-reduced.gguf";
constexpr const char* kTemplate = QUERN_TEST_DATA_DIR "/chat/templates/Qwen-Qwen3-0.6B.jinja";

struct Arguments {
  std::string script, prompts;
  std::uint32_t n_context = 262'144;
};

Result<Arguments> read_arguments(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
    if (argument == "--context") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out.n_context);
      if (error != std::errc() || end != value.data() + value.size()) return fail_field("--context", "want a number");
      ++i;
    } else if (argument == "--prompts") {
      out.prompts = value;
      ++i;
    } else {
      out.script = argument;
    }
  }
  if (out.script.empty()) return fail_field("SCRIPT.json", "missing");
  return out;
}

void print_report(const PromptReport& report, const std::string& folder) {
  if (report.ended.empty() && !folder.empty())
    std::ofstream(fmt::format("{}/{}.txt", folder, report.id)) << report.text;
  boost::json::object line{{"request", report.id},
                           {"endpoint", report.label.substr(0, report.label.rfind(' '))},
                           {"prompt_tokens", report.n_prompt},
                           {"shared_tokens", report.n_shared},
                           {"shared_with", report.shared_with},
                           {"shared_with_tokens", report.n_shared_prompt}};
  if (!report.ended.empty()) line["ended"] = report.ended;
  std::printf("%s\n", boost::json::serialize(line).c_str());
  std::fflush(stdout);
}

Status serve(const Arguments& arguments) {
  QUERN_CHECK(log::set_up("info"));
  std::ifstream file(arguments.script, std::ios::binary);
  if (!file) return fail(Errc::io, "cannot read {}", arguments.script);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  QUERN_TRY(Script script, Script::parse(text));
  QUERN_TRY(const auto model_file, engine::gguf::GgufFile::open(kTokenizer));
  QUERN_TRY(const auto tokenizer, engine::load_tokenizer(*model_file));
  QUERN_TRY(const auto chat, engine::chat::TemplateSet::load(*model_file, *tokenizer, kTemplate));
  const auto report = [&](const PromptReport& what) { print_report(what, arguments.prompts); };

  SteadyClock clock;
  ByteLedger ledger(1u << 30);
  boost::asio::io_context io{1};
  engine::ModelInfo info{.name = "scripted", .architecture = "qwen3", .n_vocab = tokenizer->n_vocab()};
  info.n_context_train = arguments.n_context;
  models::ModelCatalog catalog(ledger, clock);
  QUERN_CHECK(catalog.add(std::make_shared<models::ServedModel>(models::ServedModel{
      .id = "scripted",
      .info = info,
      .tokenizer = *tokenizer,
      .chat = chat,
      .longest_token_bytes = models::longest_token(*tokenizer),
      .generator = std::make_unique<ScriptedGenerator>(std::move(script), *tokenizer, arguments.n_context, report)})));
  const server::ServerOptions options{.port = 0, .log_requests = true};
  QUERN_TRY(const auto server, server::Server::create(io, options, server::Services{catalog, ledger, clock}));
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](boost::system::error_code, int) { server->drain(); });
  server->start();
  std::printf("listening on http://127.0.0.1:%u\n", static_cast<unsigned>(server->port()));
  std::fflush(stdout);
  io.run();
  if (ledger.used(MemoryUse::requests) != 0) return fail(Errc::corrupt, "requests still hold memory");
  return {};
}

}  // namespace
}  // namespace quern::test

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto arguments = quern::test::read_arguments(argc, argv);
  const quern::Status ran = arguments ? quern::test::serve(*arguments) : quern::Status(arguments.error());
  if (ran) return 0;
  std::fprintf(stderr, "scripted_server: %s\n", ran.error().detail.c_str());
  return 1;
}
