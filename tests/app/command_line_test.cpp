#include "app/options/command_line.hpp"

#include "app/options/sampling_fields.hpp"
#include "tests/support/temp_dir.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

using Arguments = std::vector<std::string>;

Result<CommandLine> parse(Arguments arguments, std::vector<std::string> environment = {}, std::string config = "") {
  return parse_command_line({std::move(arguments), std::move(environment), std::move(config)});
}

std::string error_of(const Result<CommandLine>& line) {
  return line ? "no error" : line.error().detail;
}

class CommandLineFile : public testing::Test {
 protected:
  std::string write(const char* name, const char* text) { return dir_.write(name, text); }
  test::TempDir dir_;
};

TEST_F(CommandLineFile, CommandLineBeatsEnvironmentBeatsFileBeatsDefault) {
  const std::string config = write("quern.yaml", "port: 1\nmax_body: 2M\ndrain_timeout: 3s\n");
  const auto line = parse({"serve", "--config", config, "--port", "3"}, {"QUERN_PORT=2", "QUERN_MAX_BODY=4M"});
  ASSERT_TRUE(line) << error_of(line);
  EXPECT_EQ(line->options.server.port, 3);
  EXPECT_EQ(line->options.server.limits.max_body_bytes, 4u << 20);
  EXPECT_EQ(line->options.server.limits.drain_timeout, std::chrono::seconds(3));
  EXPECT_EQ(line->options.server.limits.max_stop_strings, server::ServerLimits{}.max_stop_strings);
}

// The model's file stands between the built-in values and whatever option was set, wherever it was set.
TEST_F(CommandLineFile, SamplingOptionsBeatTheModelsFileAndOnlyWhereTheyWereSet) {
  engine::sampling::SamplingParams file;
  file.temperature = 0.6f;
  file.top_k = 20;
  file.top_p = 0.9f;
  file.min_p = 0.01f;
  file.order = {engine::sampling::Stage::temperature};
  for (const char* const command : {"serve", "run"}) {
    const std::string config = write("quern.yaml", "top_p: 0.95\n");  // the built-in value, but set
    const auto line = parse({command, "--config", config, "--temp", "0.8"}, {"QUERN_MIN_P=0.2"});
    ASSERT_TRUE(line) << error_of(line);
    const auto got = sampling_over(file, line->options);
    EXPECT_EQ(got.temperature, 0.8f);
    EXPECT_EQ(got.top_k, 20);
    EXPECT_EQ(got.top_p, 0.95f);
    EXPECT_EQ(got.min_p, 0.2f);
    EXPECT_EQ(got.order, file.order);
    EXPECT_EQ(sampling_over(file, parse({command})->options).temperature, 0.6f);
    const auto ordered = parse({command, "--samplers", "top_k,min_p", "--dry-breaker", "none", "--dry-breaker", "x"});
    EXPECT_EQ(sampling_over(file, ordered->options).order.size(), 2u);
    EXPECT_EQ(sampling_over(file, ordered->options).dry_sequence_breakers, (std::vector<std::string>{"x"}));
  }
}

TEST_F(CommandLineFile, ConfigurationFileIsTheNamedOneElseTheVariablesElseTheSystems) {
  const std::string one = write("one.yaml", "port: 1\n"), two = write("two.yaml", "port: 2\n"),
                    three = write("three.yaml", "port: 3\n");
  EXPECT_EQ(parse({"serve", "--config", one}, {"QUERN_CONFIG=" + two}, three)->options.server.port, 1);
  EXPECT_EQ(parse({"serve"}, {"QUERN_CONFIG=" + two}, three)->options.server.port, 2);
  EXPECT_EQ(parse({"serve"}, {}, three)->options.server.port, 3);
  EXPECT_EQ(parse({"serve"}, {}, dir_.path("absent.yaml"))->options.server.port, 8080);
  EXPECT_NE(error_of(parse({"serve", "--config", dir_.path("absent.yaml")})).find("absent.yaml"), std::string::npos);
}

TEST_F(CommandLineFile, FileErrorsNameFileLineAndKey) {
  struct Case {
    const char* yaml;
    const char* want;
  };
  for (const Case& c : {
           Case{"\nprot: 1\n", "quern.yaml:2: no such option; did you mean port?"},
           Case{"port: many\n", "quern.yaml:1: port: want an integer between 0 and 65535, found 'many'"},
           Case{"port: [1, 2]\n", "quern.yaml:1: want one value (N), found a list"},
           Case{"port:\n", "quern.yaml:1: want one value (N), found nothing"},
           Case{"port: 1\nport: 2\n", "quern.yaml:2: port: set twice"},
           Case{"- port\n", "want lines of the form key: value, found a list"},
           Case{"port: \"unterminated\n", "quern.yaml:"},
           Case{"prompt: hello\n", "no such option"},
           Case{"? [a]\n: 1\n", "want the name of an option, found a list"},
       }) {
    const auto line = parse({"serve", "--config", write("quern.yaml", c.yaml)});
    ASSERT_FALSE(line) << c.yaml;
    EXPECT_NE(line.error().detail.find(c.want), std::string::npos) << c.yaml << " -> " << line.error().detail;
  }
  EXPECT_TRUE(parse({"serve", "--config", write("quern.yaml", "# nothing but a comment\n")}));
}

TEST(CommandLine, ErrorsNameTheOption) {
  struct Case {
    Arguments arguments;
    std::vector<std::string> environment;
    const char* want;
  };
  const std::vector<Case> cases = {
      {{"serve", "--port", "70000"}, {}, "--port: want an integer between 0 and 65535, found '70000'"},
      {{"serve", "--prot", "1"}, {}, "--prot: no such option; did you mean --port?"},
      {{"serve", "leftover"}, {}, "leftover: unexpected argument"},
      {{"serve", "--port"}, {}, "--port"},
      {{"serv"},
       {},
       "serv: no such command; want serve, run, list, show, create, cp, ps, stop, rm, models, bench, ctl"},
      {{"--port", "1"}, {}, "--port: no such option"},
      {{"serve"}, {"QUERN_PORT=x"}, "QUERN_PORT: want an integer"},
      {{"serve"}, {"QUERN_PROT=1"}, "QUERN_PROT: no option has this environment variable; did you mean QUERN_PORT?"},
      {{"serve"}, {"QUERN_PROMPT=hi"}, "QUERN_PROMPT: no option has"},
      {{"run", "--prot", "1"}, {}, "--prot: no such option; did you mean --prompt?"},
      {{"serve", "--kv-type", "q8"}, {}, "--kv-type: want one of f16, bf16, q8_0, f32, found 'q8'"},
      {{"serve", "--kv-page-tokens", "24"}, {}, "--kv-page-tokens: want a power of two"},
      {{"serve", "--host", "0.0.0.0"}, {}, "--host: want a loopback address, found '0.0.0.0'"},
      {{"serve", "--host", "example.org"}, {}, "--host: want a loopback address"},
      {{"serve", "--no-tcp", "--socket", "none"}, {}, "--no-tcp: want TCP or a Unix socket"},
      {{"serve", "--header-timeout", "10"}, {}, "--header-timeout: want a time between 1ms and 1h"},
      {{"run", "-p", "a", "-f", "b"}, {}, "--file: want one prompt, found --prompt and --file"},
      {{"run", "--temp", "nan"}, {}, "--temp: want a number between 0 and 100, found 'nan'"},
      {{"run", "--logit-bias", "5"}, {}, "--logit-bias: want ID=BIAS such as 15=-1.5, found '5'"},
      {{"run", "--samplers", "top_k,top_q"}, {}, "--samplers: "},
      {{"run", "--samplers", "top_k,top_k"}, {}, "--samplers: want each sampler once, found 'top_k' twice"},
      {{"bench", "-b", "1,,4"}, {}, "--batch: want integers between 1 and 1024"},
      {{"ctl", "explode"},
       {},
       "VERB: want one of status, models, requests, history, activity, request, cancel, drain, found 'explode'"},
      {{"ctl", "cancel"}, {}, "ID: want the number of a request, found none"},
      {{"synth"}, {}, "OUTPUT: want a file to write, found none"},
      {{"inspect"}, {}, "PATH: want a GGUF file to look into, found none"},
      {{"help", "nothing"}, {}, "nothing: no such command"},
  };
  for (const Case& c : cases) {
    const auto line = parse(c.arguments, c.environment);
    ASSERT_FALSE(line) << c.want;
    EXPECT_EQ(line.error().detail.find(c.want), 0u) << line.error().detail;
  }
}

TEST(CommandLine, LeavesVariablesOfOthersAlone) {
  EXPECT_TRUE(
      parse({"serve"}, {"QUERN_FORCE_ISA=scalar", "QUERN_SHARED_DIR=/x", "QUERN_WERROR=ON", "PATH=/bin", "QUERNX=1"}));
}

TEST(CommandLine, RemoteHostNeedsPermission) {
  EXPECT_TRUE(parse({"serve", "--host", "0.0.0.0", "--allow-remote"}));
  EXPECT_TRUE(parse({"serve", "--host", "0.0.0.0", "--keys", "keys.json"})) << "whether it is good shows at start";
  EXPECT_FALSE(parse({"serve", "--host", "0.0.0.0", "--keys", "none"}));
  for (const char* local : {"127.0.0.1", "127.0.0.2", "::1", "localhost"})
    EXPECT_TRUE(parse({"serve", "--host", local}));
}

TEST(CommandLine, FlagsCanBeTurnedOff) {
  EXPECT_FALSE(parse({"serve", "--no-pin"})->options.model.pin);
  EXPECT_TRUE(parse({"serve", "--pin"}, {"QUERN_PIN=off"})->options.model.pin);
  EXPECT_FALSE(parse({"serve"}, {"QUERN_PIN=off"})->options.model.pin);
}

TEST(CommandLine, PromptsAreTakenLiterally) {
  for (const char* prompt : {"[a, b]", "--port", "-1", "{\"x\": 1}", "a\nb", "'quoted'", "100%", "\\n", "Ü"}) {
    const auto line = parse({"run", "-p", prompt});
    ASSERT_TRUE(line) << prompt << ": " << error_of(line);
    EXPECT_EQ(line->options.run.prompt, prompt);
  }
}

TEST(CommandLine, SamplingOptions) {
  const auto line =
      parse({"run", "--temp", "0", "--seed", "42", "--top-n-sigma", "-1", "--samplers", "top_k,temperature",
             "--logit-bias", "15=-1.5", "--logit-bias", "7=false", "--dry-breaker", "none", "--dry-breaker", "\\n"});
  ASSERT_TRUE(line) << error_of(line);
  const engine::sampling::SamplingParams& sampling = line->options.run.sampling;
  EXPECT_EQ(sampling.temperature, 0.0f);
  EXPECT_TRUE(sampling.has_seed);
  EXPECT_EQ(sampling.seed, 42u);
  EXPECT_EQ(sampling.order, (std::vector{engine::sampling::Stage::top_k, engine::sampling::Stage::temperature}));
  ASSERT_EQ(sampling.logit_bias.size(), 2u);
  EXPECT_EQ(sampling.logit_bias[0], (std::pair<std::int32_t, float>(15, -1.5f)));
  EXPECT_EQ(sampling.logit_bias[1].second, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(sampling.dry_sequence_breakers, std::vector<std::string>{"\n"});
}

TEST(CommandLine, HelpVersionAndGuide) {
  using What = CommandLine::What;
  EXPECT_EQ(parse({})->what, What::guide);
  EXPECT_EQ(parse({"help"})->what, What::help);
  EXPECT_EQ(parse({"--version"})->what, What::version);
  EXPECT_EQ(parse({"help", "--help"})->what, What::help);
  EXPECT_EQ(parse({"help", "yaml"})->topic, "yaml");
  const auto serve = parse({"serve", "--help"});
  EXPECT_EQ(serve->what, What::help);
  EXPECT_EQ(serve->command, kServe);
  EXPECT_EQ(parse({"help", "run"})->command, kRun);
}

TEST(CommandLine, PositionalArguments) {
  const auto line = parse({"ctl", "cancel", "42", "--socket", "/tmp/x.sock"});
  ASSERT_TRUE(line) << error_of(line);
  EXPECT_EQ(line->options.ctl.verb, "cancel");
  EXPECT_EQ(line->options.ctl.id, 42u);
  EXPECT_EQ(line->options.socket, "/tmp/x.sock");
  EXPECT_EQ(parse({"ctl"})->options.ctl.verb, "status");
  EXPECT_EQ(parse({"inspect", "run"})->options.inspect.path, "run");
}

}  // namespace
}  // namespace quern::app
