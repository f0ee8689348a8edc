// What the test hub answers: the protocols, without faults.
#include "registry/digest.hpp"
#include "tests/support/hub/test_hub.hpp"

#include <algorithm>
#include <stdexcept>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/evp.h>

namespace quern::test {
namespace {

namespace json = boost::json;

std::string sha256_of(std::string_view bytes) {
  return registry::digest_of(bytes).value().hex();
}

std::string git_sha1_of(std::string_view bytes) {
  const std::string text = "blob " + std::to_string(bytes.size()) + std::string(1, '\0') + std::string(bytes);
  unsigned char out[20];
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), out, &size, EVP_sha1(), nullptr) != 1) throw std::runtime_error("no SHA-1");
  std::string hex;
  for (const unsigned char byte : out) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", byte);
    hex += digits;
  }
  return hex;
}

HubAnswer text_answer(int status, std::string text, std::string type = "application/json") {
  HubAnswer out{.status = status,
                .headers = {{"Content-Type", std::move(type)}},
                .body = std::make_shared<std::string>(std::move(text))};
  out.end = out.body->size();
  return out;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string_view without_query(std::string_view target) {
  return target.substr(0, target.find('?'));
}

// The repository in "/api/models/<org>/<name>/...", or in "/<org>/<name>/...".
std::string repo_in(std::string_view path) {
  const std::size_t first = path.find('/');
  return std::string(path.substr(0, path.find('/', first + 1)));
}

std::string listing(const HubRepo& repo, std::size_t first, std::size_t n) {
  json::array entries;
  if (first == 0)
    entries.push_back(
        json::object{{"type", "directory"}, {"path", "folder"}, {"size", 0}, {"oid", std::string(40, '0')}});
  std::size_t index = 0;
  for (const auto& [path, file] : repo.files) {
    if (index++ < first || index > first + n) continue;
    const std::uint64_t size = file.claimed_size;
    json::object entry{{"type", "file"}, {"path", path}, {"size", size}, {"oid", file.git_sha1}};
    if (!file.in_git) entry["lfs"] = json::object{{"oid", file.sha256}, {"size", size}, {"pointerSize", 134}};
    entries.push_back(std::move(entry));
  }
  return json::serialize(entries);
}

}  // namespace

HubFile HubFile::of(std::string bytes, bool in_git) {
  HubFile out{.bytes = std::move(bytes), .in_git = in_git};
  out.sha256 = sha256_of(out.bytes);
  out.git_sha1 = git_sha1_of(out.bytes);
  return out;
}

void TestHub::set_repo(const std::string& name, HubRepo repo) {
  const std::lock_guard lock(mutex_);
  for (auto& [path, file] : repo.files) {
    if (file.claimed_size == 0) file.claimed_size = file.bytes.size();
    blobs_[file.sha256] = std::make_shared<std::string>(std::move(file.bytes));
  }
  repos_[name] = std::move(repo);
}

void TestHub::set_plain(const std::string& name, std::string bytes) {
  const std::lock_guard lock(mutex_);
  plain_[name] = std::make_shared<std::string>(std::move(bytes));
}

void TestHub::require_token(std::string realm_url) {
  const std::lock_guard lock(mutex_);
  wants_token_ = true;
  realm_ = realm_url.empty() ? url() + "/token" : std::move(realm_url);
}

void TestHub::set_model(const std::string& path_and_tag, HubModel model) {
  const std::lock_guard lock(mutex_);
  const auto layer_of = [this](const std::string& media_type, const std::string& bytes) {
    const std::string digest = sha256_of(bytes);
    blobs_[digest] = std::make_shared<std::string>(bytes);
    return json::object{{"mediaType", media_type}, {"digest", "sha256:" + digest}, {"size", bytes.size()}};
  };
  json::array layers;
  for (const HubLayer& layer : model.layers) layers.push_back(layer_of(layer.media_type, layer.bytes));
  const json::object manifest{{"schemaVersion", 2},
                              {"mediaType", "application/vnd.docker.distribution.manifest.v2+json"},
                              {"config", layer_of(model.config_type, model.config)},
                              {"layers", std::move(layers)}};
  const std::string text = json::serialize(manifest);
  const std::string digest = "sha256:" + sha256_of(text), path = path_and_tag.substr(0, path_and_tag.find(':'));
  manifests_[path + ":" + digest] = text;
  manifests_[path_and_tag] = text;
  if (model.behind_index) {
    const json::object index{
        {"schemaVersion", 2},
        {"manifests",
         json::array{json::object{
             {"mediaType", "application/vnd.oci.image.manifest.v1+json"}, {"digest", digest}, {"size", text.size()}}}}};
    manifests_[path_and_tag] = json::serialize(index);
  }
}

HubAnswer TestHub::route(const HubRequest& request) {
  if (request.origin == "hub") return route_hub(request);
  constexpr std::string_view kPrefix = "/cdn/";
  const std::string_view target = request.target;
  const std::size_t query = target.find("?sig=");
  if (!target.starts_with(kPrefix) || query == std::string_view::npos)
    return text_answer(404, "no such object", "text/plain");
  if (!request.authorization.empty()) return text_answer(400, "a signed address takes no Authorization", "text/plain");
  if (std::stoull(std::string(target.substr(query + 5))) < oldest_signature_)
    return text_answer(403, "Request has expired", "text/plain");
  return blob(std::string(target.substr(kPrefix.size(), query - kPrefix.size())), request);
}

HubAnswer TestHub::route_hub(const HubRequest& request) {
  const std::string_view path = without_query(request.target);
  constexpr std::string_view kApi = "/api/models/", kFiles = "/files/";
  if (path.starts_with(kApi)) return repo_info(request, path.substr(kApi.size()));
  if (path.starts_with("/v2/")) return registry(request);
  if (path == "/token") return text_answer(200, R"({"token":"registry-token","expires_in":300})");
  if (path.starts_with(kFiles)) {
    const auto found = plain_.find(decoded(path.substr(kFiles.size())));
    if (found == plain_.end()) return text_answer(404, "none", "text/plain");
    HubAnswer out{
        .headers = {{"ETag", "\"v" + std::to_string(plain_version_) + "\""}}, .body = found->second, .ranges = true};
    return out;
  }
  return resolve(request);
}

HubAnswer TestHub::repo_info(const HubRequest& request, std::string_view path) {
  const auto found = repos_.find(decoded(repo_in(path)));
  const bool allowed = found != repos_.end() &&
                       (found->second.token.empty() || request.authorization == "Bearer " + found->second.token);
  if (found == repos_.end() || !allowed) {
    HubAnswer out = text_answer(401, R"({"error":"Invalid username or password."})");
    out.headers.emplace_back("X-Error-Code", "RepoNotFound");
    out.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"Authentication required\", charset=\"UTF-8\"");
    return out;
  }
  const HubRepo& repo = found->second;
  if (repo.status != 200) {
    HubAnswer out = text_answer(repo.status, "{}");
    if (!repo.error_code.empty()) out.headers.emplace_back("X-Error-Code", repo.error_code);
    if (!repo.error_message.empty()) out.headers.emplace_back("X-Error-Message", repo.error_message);
    out.headers.emplace_back("X-Request-Id", "Root=1-test");
    return out;
  }
  const std::string_view rest = path.substr(repo_in(path).size());
  if (rest.starts_with("/revision/")) {
    const std::string revision = decoded(rest.substr(10));
    if (revision != "main" && revision != repo.commit && revision != "refs/pr/1") {
      HubAnswer out = text_answer(404, "{}");
      out.headers.emplace_back("X-Error-Code", "RevisionNotFound");
      return out;
    }
    return text_answer(200,
                       json::serialize(json::object{{"id", found->first}, {"sha", repo.commit}, {"gated", false}}));
  }
  if (!rest.starts_with("/tree/" + repo.commit)) return text_answer(404, "{}");
  const std::size_t cursor = request.target.find("cursor=");
  const std::size_t first = cursor == std::string::npos ? 0 : std::stoul(request.target.substr(cursor + 7));
  HubAnswer out = text_answer(200, listing(repo, first, page_files_));
  if (first + page_files_ < repo.files.size()) {
    out.headers.emplace_back("Link", "<" + url() + std::string(without_query(request.target)) +
                                         "?recursive=true&cursor=" + std::to_string(first + page_files_) +
                                         ">; rel=\"next\"");
  }
  return out;
}

HubAnswer TestHub::resolve(const HubRequest& request) {
  const std::string_view path = without_query(request.target).substr(1);
  const std::string name = repo_in(path);
  const auto repo = repos_.find(decoded(name));
  if (repo == repos_.end()) return text_answer(404, "none", "text/plain");
  if (!repo->second.token.empty() && request.authorization != "Bearer " + repo->second.token)
    return text_answer(401, "{}");
  const std::string prefix = name + "/resolve/" + repo->second.commit + "/";
  const auto file = path.starts_with(prefix) ? repo->second.files.find(decoded(path.substr(prefix.size())))
                                             : repo->second.files.end();
  if (file == repo->second.files.end()) return text_answer(404, "none", "text/plain");
  if (!file->second.in_git) return signed_redirect(file->second.sha256);
  HubAnswer out{.headers = {{"ETag", "\"" + file->second.git_sha1 + "\""}, {"X-Repo-Commit", repo->second.commit}},
                .ranges = true};
  out.body = blobs_[file->second.sha256];
  return out;
}

HubAnswer TestHub::signed_redirect(const std::string& sha256) {
  ++signature_;
  HubAnswer out = text_answer(302, "moved", "text/plain");
  out.headers.emplace_back("Location", cdn_url() + "/cdn/" + sha256 + "?sig=" + std::to_string(signature_));
  out.headers.emplace_back("X-Linked-Etag", "\"" + sha256 + "\"");
  return out;
}

HubAnswer TestHub::blob(const std::string& sha256, const HubRequest&) {
  const auto found = blobs_.find(sha256);
  if (found == blobs_.end()) return text_answer(404, "no such blob", "text/plain");
  return {.headers = {{"ETag", "\"" + sha256 + "\""}}, .body = found->second, .ranges = true};
}

HubAnswer TestHub::registry(const HubRequest& request) {
  if (wants_token_ && request.authorization != "Bearer registry-token") {
    HubAnswer out = text_answer(401, R"({"errors":[{"code":"UNAUTHORIZED"}]})");
    out.headers.emplace_back("WWW-Authenticate",
                             "Bearer realm=\"" + realm_ + "\",service=\"test\",scope=\"repository:x:pull\"");
    return out;
  }
  const std::string path = request.target.substr(4);
  if (const std::size_t at = path.find("/manifests/"); at != std::string::npos) {
    const auto found = manifests_.find(path.substr(0, at) + ":" + decoded(path.substr(at + 11)));
    if (found == manifests_.end()) return text_answer(404, R"({"errors":[{"code":"MANIFEST_UNKNOWN"}]})");
    return text_answer(200, found->second, "application/vnd.docker.distribution.manifest.v2+json");
  }
  const std::size_t at = path.find("/blobs/sha256:");
  if (at == std::string::npos) return text_answer(404, "{}");
  return signed_redirect(path.substr(at + 14));
}

}  // namespace quern::test
