#include "app/options/options.hpp"

#include "app/keys_path.hpp"
#include "app/run/text_file.hpp"
#include "server/authority.hpp"
#include "server/keys/api_key.hpp"

#include <bit>
#include <utility>

namespace quern::app {

bool is_loopback_host(const std::string& host) {
  const auto parsed = server::parse_host(host);
  return parsed && (parsed->name == "localhost" || (parsed->address && parsed->address->is_loopback()));
}

namespace {

Status validate_tls(const server::ServerOptions& options) {
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return options.tls_key.empty() ? fail_field("--tls-key", "want the key of --tls-cert too, found none")
                                   : fail_field("--tls-cert", "want the certificate of --tls-key too, found none");
  }
  if (!options.tls_cert.empty() && !options.tcp) return fail_field("--tls-cert", "want TCP, found --no-tcp");
  return {};
}

}  // namespace

Status validate_model(const ModelOptions& options) {
  if (!std::has_single_bit(options.page_tokens)) {
    return fail_field("--kv-page-tokens", "want a power of two between 8 and 256, found {}", options.page_tokens);
  }
  const std::size_t n_models = options.files.size() + options.embedding_files.size();
  if (n_models < 2) return {};
  if (!options.alias.empty()) {
    return fail_field("--alias", "want it with one model, found {}: -m NAME=FILE names one of several", n_models);
  }
  for (const auto& [name, value] :
       {std::pair{"--tokenizer", &options.tokenizer}, std::pair{"--chat-template", &options.chat_template}}) {
    if (!value->empty()) return fail_field(name, "want it with one model, found {}", n_models);
  }
  return {};
}

Status validate_one_model(const ModelOptions& options) {
  if (options.files.size() < 2) return {};
  return fail_field("--model", "want one model, found {}: only `quern serve` takes several", options.files.size());
}

Status validate_serve(const Options& options) {
  if (options.server.tcp && !options.allow_remote && !is_loopback_host(options.server.host) &&
      !has_keys_file(options.keys_file)) {
    return fail_field("--host",
                      "want a loopback address, found '{}'; without API keys anybody who reaches it could use the "
                      "server: `quern keys add NAME` makes one, --allow-remote permits it without",
                      options.server.host);
  }
  QUERN_CHECK(validate_tls(options.server));
  if (!options.server.tcp && options.socket == "none") {
    return fail_field("--no-tcp", "want TCP or a Unix socket to listen on, found neither");
  }
  return {};
}

Status validate_run(const Options& options) {
  if (!options.run.prompt.empty() && !options.run.prompt_file.empty()) {
    return fail_field("--file", "want one prompt, found --prompt and --file");
  }
  QUERN_CHECK(check_utf8(options.run.prompt, "--prompt"));
  QUERN_CHECK(check_utf8(options.run.system, "--system"));
  return {};
}

Status validate_synth(const Options& options) {
  if (options.synth.output.empty() && !options.list_synth)
    return fail_field("OUTPUT", "want a file to write, found none");
  return {};
}

Status validate_inspect(const Options& options) {
  if (options.inspect.path.empty()) return fail_field("PATH", "want a GGUF file to look into, found none");
  if (options.inspect.metadata_only && options.inspect.tensors_only) {
    return fail_field("--tensors-only", "want one part of the file, found --metadata-only too");
  }
  return {};
}

Status validate_ctl(const Options& options) {
  const bool of_one = options.ctl.verb == "request" || options.ctl.verb == "cancel";
  if (of_one && options.ctl.id == 0) return fail_field("ID", "want the number of a request, found none");
  return {};
}

Status validate_pull(const Options& options) {
  if (options.pull.name.empty()) return fail_field("NAME", "want the name of a model, found none");
  return {};
}

Status validate_keys(const Options& options) {
  const KeysOptions& keys = options.keys;
  if (keys.action != "list" && keys.name.empty()) {
    return fail_field("NAME", "want {}, found none", keys.action == "add" ? "a name for the key" : "the id of a key");
  }
  if (keys.action != "add") return {};
  QUERN_CHECK(server::check_key_name(keys.name, "NAME"));
  const bool own = !keys.tenant.empty();
  QUERN_CHECK(server::check_tenant_name(own ? keys.tenant : keys.name, own ? "--tenant" : "NAME"));
  QUERN_TRY(const server::ScopeSet scopes, parse_scopes(keys.scopes));
  static_cast<void>(scopes);
  return {};
}

Status validate_store(const Options& options, std::string_view command) {
  const StoreOptions& store = options.store;
  const std::size_t n_names = store.names.size();
  if (command == "cp" && n_names != 2) return fail_field("NAME", "want two names, from and to, found {}", n_names);
  if ((command == "show" || command == "create") && n_names != 1) {
    return fail_field("NAME", "want one name, found {}", n_names);
  }
  if (command == "stop" && n_names == 0) return fail_field("NAME", "want the models to unload, found none");
  if (command == "rm" && n_names == 0) return fail_field("NAME", "want the models to remove, found none");
  if (command == "models") {
    const bool of_one = store.action == "restore" || store.action == "pin" || store.action == "unpin";
    if (of_one && n_names != 1) return fail_field("NAME", "want one model to {}, found {}", store.action, n_names);
    if (store.action == "path" && n_names > 1) return fail_field("NAME", "want one model, found {}", n_names);
    if (!of_one && store.action != "path" && n_names > 0) {
      return fail_field("NAME", "want none with {}, found {}", store.action, store.names.front());
    }
    if (store.dry_run && store.action != "clean") return fail_field("--dry-run", "want it with clean alone");
    if (store.has_limit && store.action != "clean") return fail_field("--limit", "want it with clean alone");
    if ((store.repair || store.sizes_only) && store.action != "check") {
      return fail_field(store.repair ? "--repair" : "--sizes-only", "want it with check alone");
    }
  }
  if (command == "completion" && store.shell.empty()) return fail_field("SHELL", "want bash, zsh or fish, found none");
  return {};
}

}  // namespace quern::app
