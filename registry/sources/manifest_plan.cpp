#include "registry/sources/manifest_plan.hpp"

#include "registry/digest.hpp"

#include <algorithm>

namespace quern::registry::sources {
namespace {

constexpr std::size_t kMaxManifestBytes = 4u << 20, kMaxConfigBytes = 4u << 20;

net::Url at(const Repository& repository, std::string_view kind, std::string_view reference) {
  net::Url out = repository.registry;
  out.target = fmt::format("/v2/{}/{}/{}", repository.path, kind, reference);
  return out;
}

std::string name_of(const Layer& layer, Role role) {
  if (!layer.name.empty()) return layer.name;
  return fmt::format("{}-{}{}", role_name(role), layer.digest.hex.substr(0, 12), is_gguf_role(role) ? ".gguf" : "");
}

}  // namespace

asio::awaitable<Result<FetchedManifest>> fetch_manifest(HubSession& session, Repository repository,
                                                        std::string reference) {
  for (const bool may_be_index : {true, false}) {
    net::Url url = at(repository, "manifests", reference);
    std::vector<net::Header> headers{{"Accept", std::string(kManifestTypes)}};
    Result<HubReply> reply = co_await session.get(std::move(url), std::move(headers), kMaxManifestBytes);
    if (!reply) co_return reply.error();
    Result<Manifest> manifest = read_manifest(reply->body);
    if (!manifest) co_return fail(manifest.error().code, "{}: {}", repository.subject, manifest.error().detail);
    const Result<Digest> digest = digest_of(reply->body);
    if (!digest) co_return digest.error();
    if (reference.starts_with("sha256:") && reference != digest->text()) {
      co_return fail(Errc::corrupt, "{}: its manifest has the digest {}, want {}", repository.subject, digest->text(),
                     reference);
    }
    if (manifest->choices.empty())
      co_return FetchedManifest{std::move(*manifest), std::move(reply->body), digest->text()};
    if (!may_be_index) break;
    reference = to_text(manifest->choices.front().digest);
  }
  co_return fail(Errc::corrupt, "{}: its index names another index", repository.subject);
}

asio::awaitable<Result<std::string>> fetch_blob(HubSession& session, Repository repository, Layer layer) {
  net::Url url = at(repository, "blobs", to_text(layer.digest));
  std::vector<net::Header> headers;
  Result<HubReply> reply = co_await session.get(std::move(url), std::move(headers), kMaxConfigBytes);
  if (!reply) co_return reply.error();
  const Result<Digest> digest = digest_of(reply->body);
  if (!digest) co_return digest.error();
  if (digest->hex() != layer.digest.hex) {
    co_return fail(Errc::corrupt, "{}: a part of it has the digest {}, want {}", repository.subject, digest->text(),
                   to_text(layer.digest));
  }
  co_return std::move(reply->body);
}

PlanFile file_of(const Repository& repository, const Layer& layer, Role role) {
  const net::Url url = at(repository, "blobs", to_text(layer.digest));
  return {name_of(layer, role), role, layer.size, layer.digest, {}, url.text()};
}

Status add_layers(const Repository& repository, const Manifest& manifest, PullPlan& plan) {
  std::string foreign, left_out;
  bool has_weights = false;
  for (const Layer& layer : manifest.layers) {
    const std::optional<Role> role = role_of(layer.media_type);
    if (!role) {
      if (const std::string_view form = foreign_form(layer.media_type); !form.empty()) foreign = form;
      if (left_out.empty()) left_out = layer.media_type;
      continue;
    }
    has_weights = has_weights || *role == Role::weights;
    plan.files.push_back(file_of(repository, layer, *role));
  }
  if (!has_weights) {
    return fail(Errc::unsupported, "{}: want a model in GGUF, found one in {}", repository.subject,
                foreign.empty() ? quoted(left_out.empty() ? "nothing" : left_out) : foreign);
  }
  if (!left_out.empty()) plan.notes.push_back(fmt::format("left out: what quern does not read, {}", quoted(left_out)));
  // Weights first: whoever looks at a list of files looks for them. The shards of a split model keep their order.
  std::ranges::stable_partition(plan.files, [](const PlanFile& file) { return file.role == Role::weights; });
  return {};
}

}  // namespace quern::registry::sources
