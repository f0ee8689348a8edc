// Ollama's API for the models on disk: /api/pull, /api/create, /api/copy, /api/delete, /api/blobs/{digest}, /api/push.
// All of it needs the scope admin. Errors: 400 bad JSON or value, 404 no such model, 501 push, and a server without a
// store. Source: Ollama's API reference.
#include "server/api/endpoints.hpp"
#include "server/api/json_fields.hpp"
#include "server/api/ollama/pull_progress.hpp"
#include "server/http_error.hpp"
#include "server/pipeline/prepare.hpp"
#include "server/pipeline/read_document.hpp"
#include "server/pipeline/run_job.hpp"
#include "server/upload_body.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

constexpr std::string_view kLines = "application/x-ndjson";

Error no_store() {
  return fail(Errc::unsupported, "this server keeps no models on disk");
}

struct PullRequest {
  std::string name;
  bool insecure = false, stream = true;
};

// "model", or its older name "name".
std::string read_name(JsonFields& fields) {
  std::string out;
  if (!fields.read("model", out)) fields.read("name", out);
  if (out.empty()) fields.refuse("model", "expected the name of a model");
  return out;
}

Result<PullRequest> parse_pull(const Document& document, std::vector<std::string>& unknown) {
  JsonFields fields(document.root, "", &unknown);
  PullRequest out;
  out.name = read_name(fields);
  fields.read("insecure", out.insecure);
  fields.read("stream", out.stream);
  fields.unsupported({"username", "password"});
  QUERN_CHECK(fields.finish());
  return out;
}

struct CreateRequest {
  std::string name;
  models::ModelRecipe recipe;
  bool stream = true;
};

// Numbers as they were written; lists as the same name several times.
void read_parameters(JsonFields& fields, models::ModelRecipe& out) {
  const json::object* const parameters = fields.object("parameters");
  if (parameters == nullptr) return;
  const auto text_of = [](const json::value& value) {
    if (const json::string* text = value.if_string()) return std::string(text->data(), text->size());
    return json::serialize(value);
  };
  for (const auto& [key, value] : *parameters) {
    const std::string name(key);
    if (value.is_object() || value.is_null()) {
      fields.refuse("parameters." + name, "expected a number, a text or a list of texts");
    } else if (const json::array* list = value.if_array()) {
      for (const json::value& item : *list) out.parameters.emplace_back(name, text_of(item));
    } else {
      out.parameters.emplace_back(name, text_of(value));
    }
  }
}

void read_files(JsonFields& fields, models::ModelRecipe& out) {
  const json::object* const files = fields.object("files");
  if (files == nullptr) return;
  for (const auto& [key, value] : *files) {
    const json::string* const digest = value.if_string();
    if (digest == nullptr) return fields.refuse("files." + std::string(key), "expected a digest \"sha256:...\"");
    out.files.emplace_back(std::string(key), std::string(digest->data(), digest->size()));
  }
}

void read_messages(JsonFields& fields, std::vector<std::string>& unknown, models::ModelRecipe& out) {
  const json::array* const messages = fields.array("messages");
  if (messages == nullptr) return;
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const std::string path = fmt::format("messages[{}]", i);
    const json::object* const message = messages->at(i).if_object();
    if (message == nullptr) return fields.refuse(path, "expected an object");
    JsonFields inner(*message, path, &unknown);
    std::pair<std::string, std::string> one;
    inner.read("role", one.first);
    inner.read("content", one.second);
    if (const Status read = inner.finish(); !read) return fields.refuse(read.error());
    out.messages.push_back(std::move(one));
  }
}

Result<CreateRequest> parse_create(const Document& document, std::vector<std::string>& unknown) {
  JsonFields fields(document.root, "", &unknown);
  CreateRequest out;
  out.name = read_name(fields);
  fields.read("from", out.recipe.from);
  fields.read("system", out.recipe.system);
  fields.read("template", out.recipe.chat_template);
  fields.read("stream", out.stream);
  if (const json::value* license = fields.value("license")) {
    if (license->is_string()) {
      out.recipe.licenses.emplace_back(license->get_string().data(), license->get_string().size());
    } else if (license->is_array()) {
      fields.read("license", out.recipe.licenses);
    } else {
      fields.refuse("license", "expected a text or a list of texts");
    }
  }
  read_parameters(fields, out.recipe);
  read_files(fields, out.recipe);
  read_messages(fields, unknown, out.recipe);
  fields.unsupported({"adapters", "quantize"});
  if (out.recipe.from.empty() && out.recipe.files.empty())
    fields.refuse("from", "expected the name of a model, or files");
  QUERN_CHECK(fields.finish());
  return out;
}

// What blocks on the disk, on a helper thread.
net::awaitable<Status> on_disk(Exchange& exchange, ServerState& state,
                               std::function<Status(models::ModelStore&)> work) {
  models::ModelStore* const store = state.services.store;
  if (store == nullptr) co_return no_store();
  JobOf<bool>::Work job = [store, work = std::move(work)](const std::atomic<bool>&) -> Result<bool> {
    QUERN_CHECK(work(*store));
    return true;
  };
  const Result<bool> done = co_await run_job<bool>(exchange, state, std::move(job), 1, true);
  co_return done ? Status() : Status(done.error());
}

net::awaitable<void> stream_pull(Exchange& exchange, PullProgress& progress) {
  exchange.start_stream(kLines, [](const HttpError& error, std::string& out) {
    out += kOllama.error_body(error);
    out += '\n';
  });
  for (;;) {
    const bool ended = co_await progress.next(exchange.out());
    if (ended) break;
    const bool sent = co_await exchange.flush();
    if (!sent) co_return;
  }
  if (const Status end = progress.end(); !end) {
    const HttpError error = http_error(end.error());
    co_await exchange.fail_stream(error);
    co_return;
  }
  co_await exchange.finish_stream({});
}

Response answer_of(const Status& status, std::string_view body = {}) {
  return status ? Response{.body = std::string(body)} : error_response(status.error());
}

using Upload = std::shared_ptr<models::BlobUpload>;

// Writes it as it comes, so that its size is the disk's affair alone.
net::awaitable<Status> keep_upload(Exchange& exchange, ServerState& state) {
  constexpr std::size_t kPiece = 1u << 20;
  models::ModelStore* const store = state.services.store;
  if (store == nullptr) co_return no_store();
  JobOf<Upload>::Work begin = [store, digest = exchange.path_value(), n_bytes = exchange.upload()->size().value_or(0)](
                                  const std::atomic<bool>&) -> Result<Upload> {
    QUERN_TRY(std::unique_ptr<models::BlobUpload> upload, store->begin_blob(digest, n_bytes));
    return Upload(std::move(upload));
  };
  const Result<Upload> upload = co_await run_job_apart<Upload>(exchange, state, std::move(begin), 1);
  if (!upload) co_return upload.error();
  const auto piece = std::make_shared<std::string>();
  for (bool last = false; !last;) {
    piece->resize(kPiece);
    const Result<std::size_t> n = co_await exchange.upload()->read(std::span(*piece));
    if (!n) co_return n.error();
    piece->resize(*n);
    last = exchange.upload()->ended();
    JobOf<bool>::Work write = [to = *upload, piece, last](const std::atomic<bool>&) -> Result<bool> {
      QUERN_CHECK(to->write(*piece));
      if (last) QUERN_CHECK(to->finish());
      return true;
    };
    const Result<bool> written = co_await run_job_apart<bool>(exchange, state, std::move(write), piece->size());
    if (!written) co_return written.error();
  }
  co_return Status();
}

}  // namespace

net::awaitable<void> post_ollama_pull(Exchange& exchange, ServerState& state) {
  const Result<std::shared_ptr<const Document>> document = co_await read_document(exchange, state);
  std::vector<std::string> unknown;
  Result<PullRequest> request = document ? parse_pull(**document, unknown) : document.error();
  if (request && state.services.store == nullptr) request = no_store();
  if (!request) {
    Response response = error_response(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  exchange.note_ignored(std::move(unknown));
  const auto progress = std::make_shared<PullProgress>(exchange.executor());
  const std::shared_ptr<models::Pull> pull =
      state.services.store->pull(request->name, request->insecure, progress->listener());
  // What is whole is kept: the next one goes on from there.
  const auto hook = exchange.on_disconnect([pull] { pull->cancel(); });
  if (request->stream) {
    co_await stream_pull(exchange, *progress);
    pull->cancel();
    co_return;
  }
  std::string ignored;
  for (bool ended = false; !ended; ignored.clear()) ended = co_await progress->next(ignored);
  Response response = answer_of(progress->end(), R"({"status":"success"})");
  co_await exchange.reply(std::move(response));
}

net::awaitable<void> post_ollama_create(Exchange& exchange, ServerState& state) {
  const Result<std::shared_ptr<const Document>> document = co_await read_document(exchange, state);
  std::vector<std::string> unknown;
  const Result<CreateRequest> request = document ? parse_create(**document, unknown) : document.error();
  if (!request) {
    Response response = error_response(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const auto shared = std::make_shared<CreateRequest>(*request);
  std::function<Status(models::ModelStore&)> work = [shared](models::ModelStore& store) -> Status {
    QUERN_TRY(const std::vector<std::string> notes, store.create(shared->name, shared->recipe));
    return {};
  };
  const Status done = co_await on_disk(exchange, state, std::move(work));
  Response response = answer_of(done, R"({"status":"success"})");
  if (done && request->stream) {
    response.body += '\n';
    response.content_type = kLines;
  }
  if (done) exchange.note_ignored(std::move(unknown));
  co_await exchange.reply(std::move(response));
}

net::awaitable<void> post_ollama_copy(Exchange& exchange, ServerState& state) {
  const Result<std::shared_ptr<const Document>> document = co_await read_document(exchange, state);
  std::string from, to;
  Status parsed = document ? Status() : Status(document.error());
  if (parsed) {
    JsonFields fields((*document)->root, "", nullptr);
    if (!fields.read("source", from) || from.empty()) fields.refuse("source", "expected the name of a model");
    if (!fields.read("destination", to) || to.empty()) fields.refuse("destination", "expected a name");
    parsed = fields.finish();
  }
  if (parsed) {
    std::function<Status(models::ModelStore&)> work = [from, to](models::ModelStore& store) {
      return store.copy(from, to);
    };
    Status done = co_await on_disk(exchange, state, std::move(work));
    parsed = std::move(done);
  }
  Response response = answer_of(parsed);
  co_await exchange.reply(std::move(response));
}

net::awaitable<void> delete_ollama_model(Exchange& exchange, ServerState& state) {
  const Result<std::shared_ptr<const Document>> document = co_await read_document(exchange, state);
  std::string name;
  Status parsed = document ? Status() : Status(document.error());
  if (parsed) {
    JsonFields fields((*document)->root, "", nullptr);
    name = read_name(fields);
    parsed = fields.finish();
  }
  if (parsed) {
    std::function<Status(models::ModelStore&)> work = [name](models::ModelStore& store) { return store.remove(name); };
    Status done = co_await on_disk(exchange, state, std::move(work));
    parsed = std::move(done);
  }
  Response response = answer_of(parsed);
  co_await exchange.reply(std::move(response));
}

net::awaitable<void> get_ollama_blob(Exchange& exchange, ServerState& state) {
  const std::string digest = exchange.path_value();
  std::function<Status(models::ModelStore&)> work = [digest](models::ModelStore& store) -> Status {
    QUERN_TRY(const bool there, store.has_blob(digest));
    return there ? Status() : Status(fail(Errc::not_found, "no blob {}", digest));
  };
  const Status done = co_await on_disk(exchange, state, std::move(work));
  Response response = answer_of(done);
  co_await exchange.reply(std::move(response));
}

net::awaitable<void> post_ollama_blob(Exchange& exchange, ServerState& state) {
  const Status kept = co_await keep_upload(exchange, state);
  if (!exchange.upload()->ended()) exchange.close_after();  // what is left of it stands before the next request
  Response response = answer_of(kept);
  if (kept) response.status = 201;
  co_await exchange.reply(std::move(response));
}

net::awaitable<void> post_ollama_push(Exchange& exchange, ServerState&) {
  Response response = error_response(fail(Errc::unsupported, "push: this server sends no models to registries"));
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server
