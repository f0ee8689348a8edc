#include "registry/sources/manifest_plan.hpp"
#include "registry/sources/plan.hpp"

namespace quern::registry::sources {

asio::awaitable<Result<PullPlan>> plan_oci(HubSession& session, ModelRef ref) {
  Repository repository;
  // Docker's registry answers under another name than people call it by.
  const std::string host = ref.host == kDockerHost ? "registry-1.docker.io" : ref.host;
  Result<net::Url> registry = net::parse_url("https://" + host);
  if (!registry) co_return registry.error();
  repository.registry = std::move(*registry);
  repository.path = ref.namespace_.empty() ? ref.model : fmt::format("{}/{}", ref.namespace_, ref.model);
  repository.subject = ref.display();
  session.introduce(repository.registry, HubKind::registry, repository.subject);

  std::string reference = ref.digest.empty() ? ref.tag : ref.digest.text();
  Result<FetchedManifest> fetched = co_await fetch_manifest(session, repository, std::move(reference));
  if (!fetched) co_return fetched.error();
  PullPlan plan{.source = "oci",
                .name = ref.display(),
                .repo = fmt::format("{}/{}", ref.host, repository.path),
                .commit = fetched->digest};
  const Status added = add_layers(repository, fetched->manifest, plan);
  if (!added) co_return added.error();
  plan.manifest = std::move(fetched->text);
  co_return plan;
}

}  // namespace quern::registry::sources
