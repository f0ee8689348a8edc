#include "app/socket_path.hpp"

#include <cstdlib>
#include <vector>

#include <fmt/ranges.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace quern::app {
namespace {

constexpr std::size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;

std::vector<std::string> directories() {
  std::vector<std::string> out;
  const char* user = std::getenv("XDG_RUNTIME_DIR");
  if (user != nullptr && *user == '/') {
    out.emplace_back(user);
    while (out.back().ends_with('/')) out.back().pop_back();
  }
  out.emplace_back("/run/quern");
  return out;
}

Result<std::string> checked(std::string path) {
  if (path.size() <= kMaxPath) return path;
  return fail_field("--socket", "want a path of at most {} bytes, found {}: {}", kMaxPath, path.size(), path);
}

bool is_socket(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

}  // namespace

Result<std::string> socket_to_create(const std::string& option) {
  if (option == "none") return std::string();
  if (option != "auto") return checked(option);
  for (const std::string& directory : directories()) {
    if (::access(directory.c_str(), W_OK | X_OK) == 0) return checked(directory + "/quern.sock");
  }
  return std::string();
}

Result<std::string> socket_to_connect(const std::string& option) {
  if (option == "none") return fail_field("--socket", "want the path of a server's socket, found none");
  if (option != "auto") return checked(option);
  std::vector<std::string> tried;
  for (const std::string& directory : directories()) {
    tried.push_back(directory + "/quern.sock");
    if (is_socket(tried.back())) return checked(tried.back());
  }
  return fail(Errc::not_found, "no server's socket found at {}; is `quern serve` running? --socket PATH names another",
              fmt::join(tried, " or "));
}

}  // namespace quern::app
