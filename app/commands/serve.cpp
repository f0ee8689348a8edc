// `quern serve`. Threads: main runs the io_context, the engine thread belongs to the scheduler, signals have their own.
#include "app/commands/commands.hpp"
#include "app/disk_models.hpp"
#include "app/keys_path.hpp"
#include "app/machine.hpp"
#include "app/model_store.hpp"
#include "app/remote_models.hpp"
#include "app/serving.hpp"
#include "app/signal_watcher.hpp"
#include "app/socket_path.hpp"
#include "app/terminal.hpp"
#include "base/log.hpp"
#include "server/server.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <mutex>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <malloc.h>

namespace quern::app {
namespace {

// First signal: finish what runs (as long as --drain-timeout allows). Second one, or one while the model still loads:
// leave at once; the kernel frees everything, and nothing of ours is half-written on disk. SIGHUP is such a signal
// where the terminal is gone; else it has the files read again that say who may come in.
class Shutdown {
 public:
  void operator()(int signal) {
    if (signal == SIGHUP && !terminal_.lost()) return reload();
    server::Server* server = server_.load(std::memory_order_acquire);  // pairs with serving()
    if (server == nullptr || asked_) leave(128 + signal);
    asked_ = true;
    log::info("signal {}: no new requests; running ones may finish (a second signal quits now)", signal);
    boost::asio::post(io, [server] { server->drain(); });
  }
  void serving(server::Server& server) {
    server_.store(&server, std::memory_order_release);
    const std::lock_guard lock(mutex_);
    if (reload_asked_) server.reload();
  }

  // The server is about to go: waits for a reload that runs.
  void finished() {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }

  // From the moment on in which there is a socket's file, a signal that ends the process at once takes it away.
  Result<server::Listeners> listen(const server::ServerOptions& options) {
    const std::lock_guard lock(mutex_);
    QUERN_TRY(listeners_, server::Listeners::open(io, options));
    return listeners_;
  }

  boost::asio::io_context io{1};

 private:
  // On the watcher's thread, which may wait for files. While the model loads: as soon as it is there.
  void reload() {
    const std::lock_guard lock(mutex_);
    server::Server* server = server_.load(std::memory_order_acquire);  // pairs with serving()
    if (server == nullptr) {
      reload_asked_ = true;
    } else if (!finished_) {
      server->reload();
    }
  }

  [[noreturn]] void leave(int code) {
    const std::lock_guard lock(mutex_);
    listeners_.remove_files();
    std::_Exit(code);
  }

  const Terminal terminal_;
  std::mutex mutex_;
  bool reload_asked_ = false, finished_ = false;  // guarded by mutex_
  server::Listeners listeners_;                   // guarded by mutex_
  std::atomic<server::Server*> server_{nullptr};
  bool asked_ = false;  // watcher thread only
};

std::string url_host(const std::string& host) {
  return host.find(':') == std::string::npos || host.starts_with('[') ? host : "[" + host + "]";
}

// What to try first of what the models can do.
std::string first_request(const models::ModelCatalog& catalog) {
  if (catalog.find("", models::Work::generate))
    return R"(/v1/completions -H 'Content-Type: application/json' -d '{"prompt": "Once upon a time", "stream": true}')";
  if (catalog.find("", models::Work::embed))
    return R"(/v1/embeddings -H 'Content-Type: application/json' -d '{"input": "Once upon a time"}')";
  return R"(/v1/rerank -H 'Content-Type: application/json' -d '{"query": "time", "documents": ["now", "here"]}')";
}

// The first line on stdout is for programs: tests and run.sh read the port from it.
void announce(const server::ServerOptions& options, std::uint16_t port, bool keys,
              const models::ModelCatalog& catalog) {
  const std::string_view scheme = options.tls_cert.empty() ? "http" : "https";
  const std::string url = fmt::format("{}://{}:{}", scheme, url_host(options.host), port);
  const std::string socket = options.unix_socket.empty() ? "" : "unix:" + options.unix_socket;
  fmt::print("listening on {}{}{}\n", options.tcp ? url : "", options.tcp && !socket.empty() ? " and " : "", socket);
  const std::string_view key = keys ? "-H 'Authorization: Bearer KEY' " : "";
  const std::string curl = options.tcp ? fmt::format("curl -N {}{}", key, url)
                                       : fmt::format("curl -N --unix-socket {} http://quern", options.unix_socket);
  fmt::print("try: {}{}\n", curl, first_request(catalog));
  std::fflush(stdout);
}

// Whoever is between other machines and this one reads and changes what is not encrypted.
void warn_of_strangers(const server::ServerOptions& options, bool keys) {
  if (!options.tcp || is_loopback_host(options.host)) return;
  if (!keys) log::warn("anybody who reaches {} can use this server: it asks for no API key", options.host);
  if (keys && options.tls_cert.empty()) {
    log::warn("API keys and prompts travel to {} in clear text: --tls-cert and --tls-key encrypt them", options.host);
  }
}

// glibc raises the size from which blocks are mapped (and given back when they are freed) with every large block that
// is freed, up to 32 MiB; then the memory of large requests stays with the process, outside of the memory budget.
void keep_no_freed_memory() {
  constexpr int kMappedFrom = 1 << 20, kKeptAtTop = 4 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kMappedFrom);
  ::mallopt(M_TRIM_THRESHOLD, kKeptAtTop);
}

}  // namespace

Result<int> serve(const Options& options) {
  keep_no_freed_memory();
  std::signal(SIGPIPE, SIG_IGN);  // a closed stdout or socket is an error code, not the end
  Shutdown shutdown;
  const SignalWatcher signals([&shutdown](int signal) { shutdown(signal); });

  server::ServerOptions server_options = options.server;
  server_options.keys_file = keys_path(options.keys_file);
  server_options.keys_required = options.keys_file != "auto";
  const bool keys = has_keys_file(options.keys_file);
  warn_of_strangers(server_options, keys);
  QUERN_TRY(server_options.unix_socket, socket_to_create(options.socket));
  if (options.socket == "auto" && server_options.unix_socket.empty()) {
    log::info("no Unix socket: neither $XDG_RUNTIME_DIR nor /run/quern is writable (--socket PATH)");
  }
  QUERN_TRY(server::Listeners listeners, shutdown.listen(server_options));
  Options located = options;
  QUERN_CHECK(locate_models(located.model));
  QUERN_TRY(const bool by_name, has_models(located.model.models_dir));
  located.model.embedded = !by_name && options.remotes.empty();
  QUERN_TRY(const auto machine, Machine::create(located.model));
  QUERN_TRY(const auto serving, Serving::create(*machine, located));
  const auto on_disk = std::make_unique<DiskModels>(*serving, located);
  QUERN_CHECK(on_disk->serve_all());
  QUERN_CHECK(serving->preload());
  QUERN_CHECK(add_remotes(serving->catalog(), options.remotes, shutdown.io, machine->clock()));
  const server::Services services{serving->catalog(), machine->ledger(), machine->clock(), on_disk.get()};
  QUERN_TRY(auto server, server::Server::create(shutdown.io, server_options, services, std::move(listeners)));
  server->start();
  shutdown.serving(*server);
  announce(server_options, server->port(), keys, serving->catalog());
  shutdown.io.run();
  // The end has come: a signal while memory is given back must not make it look like a kill.
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) std::signal(signal, SIG_IGN);
  shutdown.finished();
  log::info("all requests are finished: bye");
  return kExitOk;
}

}  // namespace quern::app
