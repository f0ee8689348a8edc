// A whole server with real models in this process, over real sockets: machine, models, HTTP. Threads: a test's own; the
// I/O thread is the process's. Ownership: all of it; destroying it drains.
#pragma once

#include "app/serving.hpp"
#include "server/server.hpp"
#include "tests/server/http_client.hpp"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace quern::app {

namespace json = boost::json;
using test::HttpClient;
using test::Reply;

// Of the golden data: the full set where it is, else what is committed of it.
inline std::filesystem::path golden_models() {
  const char* const named = std::getenv("QUERN_SHARED_DIR");
  const std::filesystem::path data(QUERN_TEST_DATA_DIR);
  const std::filesystem::path shared = named != nullptr ? named : data / "../../../shared";
  const std::filesystem::path full = shared / "golden/arch";
  return std::filesystem::exists(full) ? full : data / "arch";
}
// In either folder of the full data, or committed; where none has it, a path that does not exist.
inline std::filesystem::path golden_model(const std::string& name) {
  std::filesystem::path path;
  for (const auto& folder : {golden_models(), golden_models() / "../../golden-next/arch",
                             std::filesystem::path(QUERN_TEST_DATA_DIR) / "arch"}) {
    path = folder / (name + ".gguf");
    if (std::filesystem::exists(path)) break;
  }
  return path;
}
inline bool has_golden(const std::string& name) {
  return std::filesystem::exists(golden_model(name));
}

// One that is committed.
inline std::string model_file(const std::string& name) {
  return std::string(QUERN_TEST_DATA_DIR) + "/arch/" + name + ".gguf";
}

inline Options options_for(std::vector<ModelFile> files, std::vector<ModelFile> embedding_files) {
  Options options;
  options.model.files = std::move(files);
  options.model.embedding_files = std::move(embedding_files);
  options.model.memory = 512u << 20;
  options.model.threads = 2;
  options.model.pin = false;
  options.server.port = 0;
  return options;
}

class ServedProcess {
 public:
  explicit ServedProcess(const Options& options)
      : machine_(Machine::create(options.model).value()),
        serving_(Serving::create(*machine_, options).value()),
        server_(
            server::Server::create(io_, options.server, {serving_->catalog(), machine_->ledger(), machine_->clock()})
                .value()) {
    server_->start();
    thread_ = std::thread([this] { io_.run(); });
  }
  ServedProcess(const ServedProcess&) = delete;
  ServedProcess& operator=(const ServedProcess&) = delete;
  ~ServedProcess() {
    boost::asio::post(io_, [this] { server_->drain(); });
    thread_.join();
  }

  Reply post(std::string_view path, const json::value& body) {
    HttpClient client = HttpClient::tcp(server_->port());
    client.post(std::string(path), json::serialize(body));
    return client.read_reply();
  }
  Reply get(std::string_view path) {
    HttpClient client = HttpClient::tcp(server_->port());
    client.get(std::string(path));
    return client.read_reply();
  }
  json::value answer(std::string_view path, const json::value& body) {
    const Reply reply = post(path, body);
    EXPECT_EQ(reply.status, 200) << path << ": " << reply.body;
    return json::parse(reply.body);
  }

 private:
  boost::asio::io_context io_;
  std::unique_ptr<Machine> machine_;
  std::unique_ptr<Serving> serving_;
  std::unique_ptr<server::Server> server_;
  std::thread thread_;
};

}  // namespace quern::app
