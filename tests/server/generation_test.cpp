// Completions and chat over real sockets: answers, streams, limits, and clients that leave or read slowly.
#include "server/api/generate.hpp"
#include "tests/server/server_harness.hpp"

namespace quern::test {
namespace {

using std::chrono::milliseconds;

struct Streamed {
  std::string text;
  std::string finish;
  std::int64_t completion_tokens = -1;
  int n_events = 0;
  bool done = false;
};

Streamed read_completion_stream(HttpClient& client) {
  Streamed out;
  EXPECT_EQ(client.read_head().status, 200);
  for (std::string event = client.read_event(); !event.empty(); event = client.read_event()) {
    if (event.starts_with(':')) continue;
    if (event == "data: [DONE]") {
      out.done = true;
      continue;
    }
    const json::value chunk = event_json(event);
    ++out.n_events;
    if (const json::value* usage = chunk.as_object().if_contains("usage"); usage && usage->is_object()) {
      out.completion_tokens = usage->at("completion_tokens").to_number<std::int64_t>();
    }
    for (const json::value& choice : chunk.at("choices").as_array()) {
      out.text += choice.at("text").get_string();
      if (choice.at("finish_reason").is_string()) out.finish = choice.at("finish_reason").get_string();
    }
  }
  return out;
}

TEST(Generation, WholeCompletion) {
  ServerHarness server;
  const Reply reply = server.post("/v1/completions", R"({"model":"test-model","prompt":"xa","max_tokens":5})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const json::value answer = json::parse(reply.body);
  EXPECT_EQ(answer.at("object"), "text_completion");
  EXPECT_EQ(answer.at("model"), "test-model");
  EXPECT_EQ(answer.at("choices").at(0).at("text"), "bcdef");
  EXPECT_EQ(answer.at("choices").at(0).at("finish_reason"), "length");
  EXPECT_EQ(answer.at("usage"), json::parse(R"({"prompt_tokens":2,"completion_tokens":5,"total_tokens":7,
                                                "prompt_tokens_details":{"cached_tokens":0},
                                                "completion_tokens_details":{"reasoning_tokens":0}})"));
}

TEST(Generation, StreamedCompletion) {
  ServerHarness server;
  HttpClient client = server.tcp();
  client.post("/v1/completions",
              R"({"prompt":"a","max_tokens":5,"stream":true,"stream_options":{"include_usage":true}})");
  const Streamed out = read_completion_stream(client);
  EXPECT_EQ(out.text, "bcdef");
  EXPECT_EQ(out.finish, "length");
  EXPECT_EQ(out.completion_tokens, 5);
  EXPECT_EQ(out.n_events, 7) << "five tokens, the end, the usage";
  EXPECT_TRUE(out.done);
}

TEST(Generation, StreamedChatIsRoleContentReasonUsage) {
  ServerHarness server;
  HttpClient client = server.tcp();
  client.post("/v1/chat/completions", R"({"messages":[{"role":"user","content":"hi"}],"max_tokens":2,"stream":true,
                                          "stream_options":{"include_usage":true}})");
  EXPECT_EQ(client.read_head().header("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(event_json(client.read_event()).at("choices").at(0).at("delta").at("role"), "assistant");
  std::string text;
  json::value event = event_json(client.read_event());
  for (; event.at("choices").at(0).at("finish_reason").is_null(); event = event_json(client.read_event())) {
    text += event.at("choices").at(0).at("delta").at("content").get_string();
  }
  EXPECT_EQ(text.size(), 2u);
  EXPECT_EQ(event.at("choices").at(0).at("finish_reason"), "length");
  EXPECT_EQ(event_json(client.read_event()).at("usage").at("completion_tokens"), 2);
  EXPECT_EQ(client.read_event(), "data: [DONE]");
  EXPECT_EQ(client.read_event(), "");
}

TEST(Generation, WholeChatStopsWhereThePlainTemplateSaysSo) {
  ServerHarness server;
  const Reply reply =
      server.post("/v1/chat/completions", R"({"messages":[{"role":"user","content":"hi"}],"max_tokens":3})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const json::value answer = json::parse(reply.body);
  EXPECT_EQ(answer.at("object"), "chat.completion");
  EXPECT_EQ(answer.at("choices").at(0).at("message").at("role"), "assistant");
  EXPECT_EQ(answer.at("choices").at(0).at("message").at("content").get_string().size(), 3u);
}

TEST(Generation, AStopStringAcrossTokensEndsTheSequence) {
  ServerHarness server;
  const Reply reply = server.post("/v1/completions", R"({"prompt":"a","max_tokens":500,"stop":["zzz","fgh"]})");
  const json::value answer = json::parse(reply.body);
  EXPECT_EQ(answer.at("choices").at(0).at("text"), "bcde");
  EXPECT_EQ(answer.at("choices").at(0).at("finish_reason"), "stop");
  EXPECT_EQ(answer.at("usage").at("completion_tokens"), 7) << "the tokens of the stop string were generated too";
  server.eventually_all_pages_free();
  const sched::Snapshot now = server.scheduler->snapshot();
  EXPECT_EQ(now.finished_stop, 1u);
  EXPECT_EQ(now.finished_cancelled, 0u) << "the client has all that it asked for";
}

TEST(Generation, SeveralPromptsAndAnswersKeepTheirOrder) {
  ServerHarness server;
  const Reply reply = server.post("/v1/completions", R"({"prompt":["a",[66],"p"],"n":2,"max_tokens":3})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const json::array choices = json::parse(reply.body).at("choices").as_array();
  ASSERT_EQ(choices.size(), 6u);
  const std::array<const char*, 6> texts{"bcd", "bcd", "cde", "cde", "qrs", "qrs"};
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(choices[i].at("index"), i);
    EXPECT_EQ(choices[i].at("text"), texts[i]);
  }
  EXPECT_EQ(json::parse(reply.body).at("usage").at("prompt_tokens"), 3) << "each prompt once";
  EXPECT_EQ(json::parse(reply.body).at("usage").at("completion_tokens"), 18);
}

TEST(Generation, SeveralChoicesInOneStream) {
  ServerHarness server;
  HttpClient client = server.tcp();
  client.post("/v1/completions", R"({"prompt":["a","k","u"],"max_tokens":40,"stream":true,"stop":"o"})");
  EXPECT_EQ(client.read_head().status, 200);
  std::array<std::string, 3> texts, reasons;
  std::string event = client.read_event();
  for (; event != "data: [DONE]"; event = client.read_event()) {
    const json::value choice = event_json(event).at("choices").at(0);
    const auto index = choice.at("index").to_number<std::size_t>();
    texts.at(index) += choice.at("text").get_string();
    if (choice.at("finish_reason").is_string()) reasons.at(index) = choice.at("finish_reason").get_string();
  }
  EXPECT_EQ(texts, (std::array<std::string, 3>{"bcdefghijklmn", "lmn", alphabet_after('u', 40)}));
  EXPECT_EQ(reasons, (std::array<std::string, 3>{"stop", "stop", "length"}));
}

TEST(Generation, LogprobsOfTheChosenTokens) {
  ServerHarness server;
  const Reply completion = server.post("/v1/completions", R"({"prompt":"a","max_tokens":2,"logprobs":0})");
  const json::value logprobs = json::parse(completion.body).at("choices").at(0).at("logprobs");
  EXPECT_EQ(logprobs.at("tokens"), json::parse(R"(["b","c"])"));
  EXPECT_EQ(logprobs.at("text_offset"), json::parse("[0,1]"));
  EXPECT_LE(logprobs.at("token_logprobs").at(0).to_number<double>(), 0.0);
  const Reply chat = server.post("/v1/chat/completions",
                                 R"({"messages":[{"role":"user","content":"x"}],"max_tokens":2,"logprobs":true})");
  EXPECT_EQ(json::parse(chat.body).at("choices").at(0).at("logprobs").at("content").as_array().size(), 2u);
}

TEST(Generation, ErrorsBeforeAnythingRuns) {
  ServerHarness server;
  const Reply model = server.post("/v1/completions", R"({"prompt":"a","model":"gpt-4"})");
  EXPECT_EQ(model.status, 404);
  EXPECT_EQ(json::parse(model.body).at("error").at("code"), "model_not_found");
  const Reply field = server.post("/v1/completions", R"({"prompt":"a","temperature":-1})");
  EXPECT_EQ(field.status, 400);
  EXPECT_EQ(error_param(field), "temperature");
  const Reply empty = server.post("/v1/completions", R"({"prompt":""})");
  EXPECT_EQ(empty.status, 400);
  EXPECT_EQ(error_param(empty), "prompt");
  EXPECT_EQ(server.scheduler->snapshot().steps, 0u);
}

TEST(Generation, WhatDoesNotFitIsSaidWithNumbers) {
  ServerHarness server;
  const std::string prompt(1000, 'a');
  const auto ask = [&](std::string_view text, int max_tokens) {
    return server.post("/v1/completions", fmt::format(R"({{"prompt":"{}","max_tokens":{}}})", text, max_tokens));
  };
  const json::value cut = json::parse(ask(prompt, 32'000).body);
  EXPECT_EQ(cut.at("usage").at("completion_tokens"), 24) << "what clients ask for whatever the model is";
  EXPECT_EQ(cut.at("choices").at(0).at("finish_reason"), "length");
  const Reply too_long = ask(std::string(1024, 'a'), 1);
  EXPECT_EQ(too_long.status, 400);
  EXPECT_EQ(error_param(too_long), "prompt");
  EXPECT_EQ(json::parse(too_long.body).at("error").at("code"), "context_length_exceeded");
  EXPECT_NE(too_long.body.find("1024"), std::string::npos);
  EXPECT_EQ(error_param(ask(std::string(100'000, 'a'), 1)), "prompt") << "refused without counting tokens";
  const Reply fitting = server.post("/v1/completions", fmt::format(R"({{"prompt":"{}"}})", prompt));
  EXPECT_EQ(json::parse(fitting.body).at("usage").at("completion_tokens"), 24) << "no max_tokens: what fits";
}

TEST(Generation, AFullQueueIs429) {
  ServerHarnessOptions options;
  options.gated = true;
  options.scheduler.queue_capacity = 1;
  options.scheduler.max_running = 1;
  ServerHarness server(options);
  HttpClient running = server.tcp(), waiting = server.tcp();
  running.post("/v1/completions", R"({"prompt":"a","max_tokens":3})");
  server.gate.wait_for_arrival(1);
  waiting.post("/v1/completions", R"({"prompt":"b","max_tokens":3})");
  ServerHarness::eventually("one waits", [&] { return server.scheduler->snapshot().queued == 1; });
  const Reply refused = server.post("/v1/completions", R"({"prompt":"c","max_tokens":3})");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("retry-after"), "1");
  EXPECT_EQ(json::parse(refused.body).at("error").at("type"), "rate_limit_error");
  server.gate.open();
  EXPECT_EQ(running.read_reply().status, 200);
  EXPECT_EQ(waiting.read_reply().status, 200);
}

TEST(Generation, LookingInsideWorksWhileAStepRuns) {
  ServerHarnessOptions options;
  options.gated = true;
  ServerHarness server(options);
  HttpClient running = server.tcp();
  running.post("/v1/completions", R"({"prompt":"a","max_tokens":3})");
  server.gate.wait_for_arrival(1);
  EXPECT_EQ(server.get("/health").status, 200);
  EXPECT_EQ(server.get("/v1/models").status, 200);
  EXPECT_NE(server.get("/metrics").body.find("vllm:num_requests_running{model_name=\"test-model\"} 1\n"),
            std::string::npos);
  HttpClient local = server.unix_socket();
  local.get("/control/requests");
  EXPECT_EQ(json::parse(local.read_reply().body).at("requests").as_array().size(), 1u);
  server.gate.open();
  EXPECT_EQ(running.read_reply().status, 200);
}

TEST(Generation, SilenceIsFilledWithComments) {
  ServerHarnessOptions options;
  options.gated = true;
  options.server.limits.ping_interval = milliseconds(5);
  options.server.limits.stream_head_after = milliseconds(5);  // the second waits behind a step that does not end
  ServerHarness server(options);
  for (const char* prompt : {R"("a")", R"(["a","b"])"}) {
    HttpClient client = server.tcp();
    client.post("/v1/completions", fmt::format(R"({{"prompt":{},"max_tokens":1,"stream":true}})", prompt));
    EXPECT_EQ(client.read_head().status, 200);
    EXPECT_EQ(client.read_event(), ": ping");
    EXPECT_EQ(client.read_event(), ": ping");
  }
  server.gate.open();
}

TEST(Generation, AClientThatLeavesInMidStreamFreesItsPages) {
  ServerHarness server;
  {
    HttpClient client = server.tcp();
    client.post("/v1/completions", R"({"prompt":"a","max_tokens":1000,"stream":true})");
    client.read_head();
    client.read_event();
  }
  server.eventually_all_pages_free();
}

TEST(Generation, AClientThatLeavesWhileNothingIsWrittenIsNoticed) {
  ServerHarnessOptions options;
  options.gated = true;
  options.scheduler.max_running = 1;
  ServerHarness server(options);
  std::optional<HttpClient> prefilling(server.tcp()), queued(server.tcp());
  prefilling->post("/v1/completions", R"({"prompt":"a long prompt","max_tokens":3})");
  server.gate.wait_for_arrival(1);
  queued->post("/v1/completions", R"({"prompt":["b","c"],"max_tokens":3})");
  ServerHarness::eventually("two wait", [&] { return server.scheduler->snapshot().queued == 2; });
  queued.reset();
  prefilling.reset();
  // The step still runs and nothing is written: it is the sessions that must notice, before a write could fail.
  ServerHarness::eventually("the step is told", [&] { return server.first_in_step.load()->load(); });
  EXPECT_EQ(server.get("/health").status, 200);
  server.gate.open();
  ServerHarness::eventually("all were cancelled", [&] { return server.scheduler->snapshot().finished_cancelled == 3; });
  EXPECT_EQ(server.scheduler->snapshot().generated_tokens, 0u);
}

TEST(Generation, AClientThatLeavesBehindUnreadBytesIsNoticed) {
  ServerHarnessOptions options;
  options.gated = true;
  ServerHarness server(options);
  std::optional<HttpClient> client(server.tcp());
  client->post("/v1/completions", R"({"prompt":"a","max_tokens":3})");
  server.gate.wait_for_arrival(1);
  client->send(std::string(200'000, '\n'));  // more than is read ahead
  client.reset();
  ServerHarness::eventually("the step is told", [&] { return server.first_in_step.load()->load(); });
  server.gate.open();
  ServerHarness::eventually("it is cancelled", [&] { return server.scheduler->snapshot().finished_cancelled == 1; });
}

ServerHarnessOptions slow_reader_options() {
  ServerHarnessOptions options;
  options.backend.n_pages = 2048;
  options.backend.limits.max_context = 8192;
  options.scheduler.stream_capacity = 16;
  options.server.limits.max_backlog_bytes = 4096;
  return options;
}

TEST(Generation, ASlowReaderParksOnlyItself) {
  ServerHarness server(slow_reader_options());
  HttpClient slow = server.tcp(4096);
  slow.post("/v1/completions", R"({"prompt":"a","max_tokens":6000,"stream":true})");
  ServerHarness::eventually("it is parked", [&] { return server.scheduler->snapshot().parked == 1; });
  EXPECT_EQ(json::parse(server.post("/v1/completions", R"({"prompt":"a","max_tokens":200})").body)
                .at("usage")
                .at("completion_tokens"),
            200);
  const Streamed out = read_completion_stream(slow);
  EXPECT_EQ(out.text, alphabet_after('a', 6000));
  EXPECT_TRUE(out.done);
}

TEST(Generation, AReaderThatTakesNothingIsDropped) {
  ServerHarnessOptions options = slow_reader_options();
  options.server.limits.write_timeout = milliseconds(50);
  ServerHarness server(options);
  HttpClient stuck = server.tcp(4096);
  stuck.post("/v1/completions", R"({"prompt":"a","max_tokens":6000,"stream":true})");
  ServerHarness::eventually("it is cancelled", [&] { return server.scheduler->snapshot().finished_cancelled == 1; });
  server.eventually_all_pages_free();
}

TEST(Generation, ManyClientsAtOnceOverSeveralIoThreads) {
  ServerHarnessOptions options;
  options.n_io_threads = 2;
  ServerHarness server(options);
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back([&server, i] {
      for (int round = 0; round < 4; ++round) {
        HttpClient client = i % 2 == 0 ? server.tcp() : server.unix_socket();
        const char last = static_cast<char>('a' + i);
        client.post("/v1/completions",
                    fmt::format(R"({{"prompt":["{0}","{0}"],"max_tokens":30,"stream":true}})", last));
        if ((i + round) % 3 == 0) continue;  // leaves at once
        client.read_head();
        std::string text;
        for (std::string event = client.read_event(); event != "data: [DONE]"; event = client.read_event()) {
          const json::value choice = event_json(event).at("choices").at(0);
          if (choice.at("index") == 0) text += choice.at("text").get_string();
        }
        EXPECT_EQ(text, alphabet_after(last, 30));
      }
    });
  }
  for (std::thread& client : clients) client.join();
  server.eventually_all_pages_free();
}

TEST(FitContext, ChoosesAndRefuses) {
  server::ServerLimits limits;
  limits.max_tokens_default = 50;
  limits.max_prompt_tokens = 90;
  EXPECT_EQ(*server::fit_context(10, std::nullopt, "prompt", limits, 100), 50u);
  EXPECT_EQ(*server::fit_context(80, std::nullopt, "prompt", limits, 100), 20u);
  EXPECT_EQ(*server::fit_context(80, 20, "prompt", limits, 100), 20u);
  EXPECT_EQ(*server::fit_context(80, 21, "prompt", limits, 100), 20u);
  EXPECT_EQ(server::fit_context(91, 1, "messages", limits, 100).error().field, "messages");
  EXPECT_EQ(server::fit_context(0, 1, "prompt", limits, 100).error().field, "prompt");
  limits.max_tokens_default = 0;
  EXPECT_EQ(*server::fit_context(10, std::nullopt, "prompt", limits, 100), 90u);
}

}  // namespace
}  // namespace quern::test
