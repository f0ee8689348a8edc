// From the body of a request to its model and what its endpoint works with: at once where that is little work, else as
// jobs on helper threads, which end when the client leaves. Threads: the connection's strand.
#pragma once

#include "server/pipeline/acquire.hpp"
#include "server/pipeline/effort.hpp"
#include "server/pipeline/read_document.hpp"
#include "server/pipeline/run_job.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::server {

// A pure function of a document and its model.
template <class T>
using Preparation = Result<T> (*)(const Document& document, Effort& effort);

template <class T>
struct Understood {
  std::shared_ptr<models::ServedModel> model;
  T value;
};

// The name of a model in a document; empty where there is none, or no text: that is for the endpoint to complain about.
std::string model_name(const Document& document, const Dialect& dialect);

// Errors: those of the work, overloaded, cancelled. Takes the document: its memory is given back with the result.
template <class T>
net::awaitable<Result<T>> prepare(Exchange& exchange, ServerState& state, std::shared_ptr<const Document> document,
                                  std::shared_ptr<const models::ServedModel> model, Preparation<T> work) {
  const auto unknown = std::make_shared<std::vector<std::string>>();
  if (!document->large) {
    Effort effort(state, *model, *unknown);
    effort.look_at(document->root);
    Result<T> result = work(*document, effort);
    if (!effort.exceeded()) {
      exchange.note_ignored(std::move(*unknown));
      co_return result;
    }
    unknown->clear();
  }
  const std::uint64_t cost = document->n_bytes;
  typename JobOf<T>::Work whole = [&state, memory = exchange.memory(), document = std::move(document), model, unknown,
                                   work](const std::atomic<bool>& ending) -> Result<T> {
    Effort effort(state, *model, *unknown, *memory, document->n_bytes, ending);
    effort.look_at(document->root);
    return work(*document, effort);
  };
  // What is parsed already has been let in.
  Result<T> result = co_await run_job<T>(exchange, state, std::move(whole), cost, true);
  if (result) exchange.note_ignored(std::move(*unknown));
  co_return result;
}

// Where the model of a request may be: what needs its tokenizer or its templates cannot be done elsewhere.
enum class Place : std::uint8_t { here, anywhere };
// Errors: unsupported naming the endpoint.
Status check_place(const Exchange& exchange, const models::ServedModel& model, Place place);

// Its model found, prepared. wanted: what its model must be able to do. Errors: those of acquire_model(), check_place()
// and the work.
template <class T>
net::awaitable<Result<Understood<T>>> understand(Exchange& exchange, ServerState& state,
                                                 std::shared_ptr<const Document> document, Preparation<T> work,
                                                 models::Work wanted, Place place) {
  Result<std::shared_ptr<models::ServedModel>> model = co_await acquire_model(exchange, state, *document, wanted);
  if (!model) co_return model.error();
  const Status fitting = check_place(exchange, **model, place);
  if (!fitting) co_return fitting.error();
  Result<T> value = co_await prepare<T>(exchange, state, std::move(document), *model, work);
  if (!value) co_return value.error();
  co_return Understood<T>{std::move(*model), std::move(*value)};
}

// Parsed before. Errors: those of read_document() too.
template <class T>
net::awaitable<Result<Understood<T>>> understand(Exchange& exchange, ServerState& state, Preparation<T> work,
                                                 models::Work wanted = models::Work::generate,
                                                 Place place = Place::here) {
  Result<std::shared_ptr<const Document>> document = co_await read_document(exchange, state);
  if (!document) co_return document.error();
  Result<Understood<T>> out = co_await understand<T>(exchange, state, std::move(*document), work, wanted, place);
  co_return out;
}

}  // namespace quern::server
