#include "registry/sources/manifest_plan.hpp"
#include "registry/sources/ollama_families.hpp"
#include "registry/sources/plan.hpp"

namespace quern::registry::sources {

asio::awaitable<Result<PullPlan>> plan_ollama(HubSession& session, ModelRef ref) {
  Repository repository;
  Result<net::Url> registry = net::parse_url("https://" + ref.host);
  if (!registry) co_return registry.error();
  repository.registry = std::move(*registry);
  repository.path = fmt::format("{}/{}", ref.namespace_, ref.model);
  repository.subject = ref.display();
  session.introduce(repository.registry, HubKind::registry, repository.subject);

  Result<FetchedManifest> fetched = co_await fetch_manifest(session, repository, ref.tag);
  if (!fetched) co_return fetched.error();
  if (!ref.digest.empty() && ref.digest.text() != fetched->digest) {
    co_return fail(Errc::not_found, "{}: the registry has {} now, want {}", repository.subject, fetched->digest,
                   ref.digest.text());
  }
  PullPlan plan{.source = "ollama",
                .name = ref.display(),
                .repo = fmt::format("{}/{}", ref.host, repository.path),
                .commit = fetched->digest};
  std::optional<PlanFile> config_file;
  if (fetched->manifest.config) {
    Layer layer = *fetched->manifest.config;
    Result<std::string> text = co_await fetch_blob(session, repository, std::move(layer));
    if (!text) co_return text.error();
    const Result<OllamaConfig> config = read_ollama_config(*text);
    if (!config) co_return fail(config.error().code, "{}: {}", repository.subject, config.error().detail);
    const Status readable = check_readable(*config, repository.subject);
    if (!readable) co_return readable.error();
    plan.quant = config->quant;
    config_file = file_of(repository, *fetched->manifest.config, Role::config);
  }
  const Status added = add_layers(repository, fetched->manifest, plan);
  if (!added) co_return added.error();
  if (config_file) plan.files.push_back(std::move(*config_file));
  plan.manifest = std::move(fetched->text);
  co_return plan;
}

}  // namespace quern::registry::sources
