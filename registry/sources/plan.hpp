// From a name to what would be fetched: asks the hub that the name belongs to, and gives a plan whose parts are pinned
// (a commit, a manifest's digest), so that what is fetched later is what was planned. One function per kind of hub; all
// are asked through plan_pull(). Threads: those of the session.
// Errors: the session's; corrupt (what a hub says contradicts itself); unsupported (a form that quern cannot read);
// not_found; bad_input.
#pragma once

#include "registry/model_name.hpp"
#include "registry/sources/hub_session.hpp"
#include "registry/sources/pull_plan.hpp"

namespace quern::registry::sources {

// REQUIRES: the session outlives the coroutine. Errors besides: bad_input: the name is that of a local file.
asio::awaitable<Result<PullPlan>> plan_pull(HubSession& session, ModelRef ref);

// hf.co/org/repo[:quant]: the revision's commit, its listing, the files that are one model.
asio::awaitable<Result<PullPlan>> plan_hugging_face(HubSession& session, ModelRef ref);
// qwen3:8b and the like: the manifest; families that only Ollama reads are refused by what its config says.
asio::awaitable<Result<PullPlan>> plan_ollama(HubSession& session, ModelRef ref);
// docker.io/ai/model, oci://host/repo: the manifest, or the first that an index names.
asio::awaitable<Result<PullPlan>> plan_oci(HubSession& session, ModelRef ref);
// https://host/x.gguf: what HEAD says; there is no digest to check against.
asio::awaitable<Result<PullPlan>> plan_https(HubSession& session, ModelRef ref);

}  // namespace quern::registry::sources
