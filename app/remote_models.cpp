#include "app/remote_models.hpp"

#include "base/log.hpp"
#include "models/remote/prober.hpp"
#include "models/remote/remote_embedder.hpp"
#include "models/remote/remote_generator.hpp"
#include "models/remote/routed_generator.hpp"
#include "net/http_client.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <utility>

namespace quern::app {
namespace {

using Desk = std::shared_ptr<models::RemoteDesk>;

// Of one name.
struct Group {
  std::vector<Desk> before, after;  // a model on this machine
  bool embeds = false;
};

Result<std::shared_ptr<quern::net::HttpClient>> make_client(boost::asio::io_context& io) {
  quern::net::HttpClientOptions options;
  QUERN_TRY(options.tls, quern::net::make_client_tls());
  QUERN_TRY(options.proxies, quern::net::ProxySettings::from_environment());
  return std::make_shared<quern::net::HttpClient>(io.get_executor(), std::move(options));
}

Result<models::Upstream> with_key(models::Upstream upstream) {
  if (upstream.key_env.empty()) return upstream;
  const char* const key = std::getenv(upstream.key_env.c_str());
  if (key == nullptr || *key == '\0') {
    return fail_field("--remote", "want the key of {} in the environment variable {}, which is not set",
                      upstream.name(), upstream.key_env);
  }
  upstream.key = key;
  return upstream;
}

Result<Group> group_of(const std::string& name, const std::vector<RemoteModel>& remotes,
                       const std::shared_ptr<quern::net::HttpClient>& http, const Clock& clock) {
  Group out;
  for (const RemoteModel& remote : remotes) {
    if (remote.name != name) continue;
    const bool is_first = out.before.empty() && out.after.empty();
    if (!is_first && (out.embeds || remote.upstream.embeds)) {
      return fail_field("--remote", "want one server for the vectors of '{}', found several: theirs would differ",
                        name);
    }
    out.embeds = remote.upstream.embeds;
    QUERN_TRY(models::Upstream upstream, with_key(remote.upstream));
    log::info("{}: prompts may go to {} ({}, model {})", name, upstream.name(),
              models::upstream_kind_name(upstream.kind), upstream.model);
    Desk desk = std::make_shared<models::RemoteDesk>(http, std::move(upstream), clock);
    models::probe_when_open(desk);
    (remote.first ? out.before : out.after).push_back(std::move(desk));
  }
  return out;
}

std::unique_ptr<models::Generator> route(Group group, std::unique_ptr<models::Generator> local) {
  std::vector<std::unique_ptr<models::Generator>> ways;
  for (Desk& desk : group.before) ways.push_back(std::make_unique<models::RemoteGenerator>(std::move(desk)));
  if (local) ways.push_back(std::move(local));
  for (Desk& desk : group.after) ways.push_back(std::make_unique<models::RemoteGenerator>(std::move(desk)));
  if (ways.size() == 1) return std::move(ways.front());
  return std::make_unique<models::RoutedGenerator>(std::move(ways));
}

Status add_one(models::ModelCatalog& catalog, const std::string& name, Group group) {
  for (const auto& model : catalog.residents()) {
    if (model->id != name && std::ranges::find(model->aliases, name) == model->aliases.end()) continue;
    if (model->generator == nullptr || group.embeds) {
      return fail_field("--remote", "'{}' is a model on this machine for which no other can answer", name);
    }
    model->generator = route(std::move(group), std::move(model->generator));
    model->takes_asks = true;
    return {};
  }
  const models::Upstream& first = (group.before.empty() ? group.after : group.before).front()->upstream;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto model = std::make_shared<models::ServedModel>();
  model->id = name;
  model->created_unix_s = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  model->info.name = first.model;
  model->info.architecture = "remote";
  model->takes_asks = true;
  if (group.embeds) {
    Desk desk = std::move((group.before.empty() ? group.after : group.before).front());
    model->embedder = std::make_unique<models::RemoteEmbedder>(std::move(desk));
  } else {
    model->generator = route(std::move(group), nullptr);
  }
  return catalog.add(std::move(model));
}

}  // namespace

Status add_remotes(models::ModelCatalog& catalog, const std::vector<RemoteModel>& remotes, boost::asio::io_context& io,
                   const Clock& clock) {
  if (remotes.empty()) return {};
  QUERN_TRY(const std::shared_ptr<quern::net::HttpClient> http, make_client(io));
  std::vector<std::string> done;
  for (const RemoteModel& remote : remotes) {
    if (std::ranges::find(done, remote.name) != done.end()) continue;
    done.push_back(remote.name);
    QUERN_TRY(Group group, group_of(remote.name, remotes, http, clock));
    QUERN_CHECK(add_one(catalog, remote.name, std::move(group)));
  }
  return {};
}

}  // namespace quern::app
