// Models on other servers, as the options name them, in the catalog. Only what stands there leaves this machine.
// Threads: one, before the server starts. Ownership: the catalog's models own what is made here; it refers to the
// io_context and the clock, which outlive them.
#pragma once

#include "app/options/options.hpp"
#include "base/clock.hpp"
#include "models/model_catalog.hpp"

#include <boost/asio/io_context.hpp>

namespace quern::app {

// Entries of one name are asked in their order, after a model on this machine of that name (order=first: before it).
// Errors: bad_input: a key's variable is not set, a name of a model that does other work, several that make vectors.
Status add_remotes(models::ModelCatalog& catalog, const std::vector<RemoteModel>& remotes, boost::asio::io_context& io,
                   const Clock& clock);

}  // namespace quern::app
