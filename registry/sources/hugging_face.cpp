#include "registry/sources/gguf_choice.hpp"
#include "registry/sources/hf_listing.hpp"
#include "registry/sources/plan.hpp"

namespace quern::registry::sources {
namespace {

constexpr std::size_t kMaxInfoBytes = 16u << 20, kMaxPageBytes = 16u << 20;
constexpr int kMaxPages = 200;

net::Url at(const net::Url& endpoint, std::string target) {
  net::Url out = endpoint;
  out.target = std::move(target);
  return out;
}

// A path, each of its parts quoted.
std::string quoted_path(std::string_view path) {
  std::string out;
  for (std::string_view rest = path;;) {
    const std::size_t slash = rest.find('/');
    out += net::percent_encode(rest.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    out += '/';
    rest.remove_prefix(slash + 1);
  }
}

asio::awaitable<Result<std::vector<RepoFile>>> list_files(HubSession& session, net::Url url) {
  std::vector<RepoFile> files;
  for (int page = 0; page < kMaxPages; ++page) {
    std::vector<net::Header> headers;
    Result<HubReply> reply = co_await session.get(url, std::move(headers), kMaxPageBytes);
    if (!reply) co_return reply.error();
    const Status read = read_tree_page(reply->body, files);
    if (!read) co_return read.error();
    const auto next = next_page(reply->head.header("Link"));
    if (!next) co_return files;
    Result<net::Url> resolved = net::resolve_url(url, *next);
    if (!resolved) co_return resolved.error();
    // At the endpoint that was asked, whatever host stands in it: mirrors pass on the hub's own addresses.
    url.target = std::move(resolved->target);
  }
  co_return fail(Errc::corrupt, "listing of the repository: want at most {} pages, found more", kMaxPages);
}

}  // namespace

asio::awaitable<Result<PullPlan>> plan_hugging_face(HubSession& session, ModelRef ref) {
  const net::Url endpoint = session.options().hf_endpoint;
  const std::string repo = fmt::format("{}/{}", ref.namespace_, ref.model);
  const std::string name = fmt::format("{}/{}", kHubHost, repo);
  session.introduce(endpoint, HubKind::hugging_face, name);

  const std::string revision = ref.revision.empty() ? "main" : ref.revision;
  net::Url info_url =
      at(endpoint, fmt::format("/api/models/{}/revision/{}", quoted_path(repo), net::percent_encode(revision)));
  std::vector<net::Header> headers;
  Result<HubReply> reply = co_await session.get(std::move(info_url), std::move(headers), kMaxInfoBytes);
  if (!reply) co_return reply.error();
  const Result<RepoInfo> info = read_repo_info(reply->body);
  if (!info) co_return info.error();

  net::Url tree_url =
      at(endpoint, fmt::format("/api/models/{}/tree/{}?recursive=true", quoted_path(repo), info->commit));
  Result<std::vector<RepoFile>> files = co_await list_files(session, std::move(tree_url));
  if (!files) co_return files.error();
  Result<Choice> choice = ref.file.empty() ? choose_gguf(*files, ref.tag, name) : choose_file(*files, ref.file, name);
  if (!choice) co_return choice.error();

  PullPlan plan{
      .source = "huggingface", .name = ref.display(), .repo = repo, .commit = info->commit, .quant = choice->quant};
  plan.files = std::move(choice->files);
  plan.notes = std::move(choice->notes);
  for (PlanFile& file : plan.files) {
    file.url =
        at(endpoint, fmt::format("/{}/resolve/{}/{}", quoted_path(repo), info->commit, quoted_path(file.name))).text();
  }
  co_return plan;
}

}  // namespace quern::registry::sources
