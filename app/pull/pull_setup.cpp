#include "app/pull/pull_setup.hpp"

#include "net/proxy.hpp"
#include "net/tls_context.hpp"
#include "registry/pull/local_copies.hpp"
#include "registry/sources/hub_options.hpp"

#include <cstdlib>
#include <utility>

namespace quern::app {

Result<registry::pull::PullOptions> pull_setup(registry::ModelRef ref, bool offline) {
  registry::pull::PullOptions out;
  out.ref = std::move(ref);
  QUERN_TRY(out.hub, registry::sources::hub_options());
  out.hub.offline = out.hub.offline || offline;
  out.folders = registry::pull::local_folders([](const char* name) { return std::getenv(name); });
  QUERN_TRY(out.tls, net::make_client_tls());
  QUERN_TRY(out.proxies, net::ProxySettings::from_environment());
  return out;
}

}  // namespace quern::app
