// The test hub as a program: serves the files of a folder as a Hugging Face repository `test/model`, and a small one of
// them as the Ollama model `library/tiny:latest`, until stdin ends.
//   test_hub FOLDER_FOR_CERTIFICATE FOLDER_OF_FILES [BYTES_PER_S_OF_A_CONNECTION]
// Prints one line of JSON: {"hub":URL,"authority":..,"certificate":PATH}. A line "stats" on stdin is answered with
// {"body_bytes":N,"leaks":N}: what large files cost, and requests to the CDN that carried an Authorization.
#include "tests/support/hub/test_hub.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace {

namespace fs = std::filesystem;
using namespace quern::test;

void print(const boost::json::object& line) {
  std::cout << boost::json::serialize(line) << std::endl;
}

constexpr std::size_t kSmall = 64u << 20;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

int serve(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: test_hub FOLDER_FOR_CERTIFICATE FOLDER_OF_FILES [RATE]\n";
    return 2;
  }
  TestHub hub(argv[1]);
  HubRepo repo;
  HubModel model{.config = R"({"model_format":"gguf","model_family":"llama","file_type":"F32"})"};
  for (const auto& entry : fs::directory_iterator(argv[2])) {
    if (!entry.is_regular_file()) continue;
    std::string bytes = read_file(entry.path());
    if (entry.path().extension() == ".gguf" && model.layers.empty() && bytes.size() < kSmall) {
      model.layers = {{"application/vnd.ollama.image.model", bytes},
                      {"application/vnd.ollama.image.params", R"({"temperature":0,"stop":["</s>"]})"},
                      {"application/vnd.ollama.image.system", "You tell stories."}};
    }
    repo.files[entry.path().filename()] = HubFile::of(std::move(bytes));
  }
  if (argc > 3) hub.set_rate(std::stoull(argv[3]));
  hub.set_repo("test/model", std::move(repo));
  if (!model.layers.empty()) hub.set_model("library/tiny:latest", std::move(model));
  print({{"hub", hub.url()}, {"authority", hub.authority()}, {"certificate", hub.certificate()}});
  for (std::string line; std::getline(std::cin, line);) {
    if (line != "stats") continue;
    std::uint64_t n_leaks = 0;
    for (const HubRecord& record : hub.records())
      n_leaks += record.origin == "cdn" && !record.authorization.empty() ? 1 : 0;
    print({{"body_bytes", hub.body_bytes()}, {"leaks", n_leaks}});
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) try { return serve(argc, argv); } catch (const std::exception& e) {
  std::fprintf(stderr, "test_hub: %s\n", e.what());
  return 1;
}
