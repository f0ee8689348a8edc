// Everything a user can set, as one validated struct. Which name sets which member, from where and in which range is
// the table in option_table.cpp; the defaults are the initializers here and in the structs of the folders below.
// Threads: values. Built once at start (command_line.hpp) and const afterwards.
#pragma once

#include "app/inspect/inspect.hpp"
#include "app/synth/synth.hpp"
#include "base/result.hpp"
#include "engine/sampling/params.hpp"
#include "models/remote/upstream.hpp"
#include "registry/model.hpp"
#include "sched/scheduler.hpp"
#include "server/server.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::app {

// A model on the command line: [NAME,..=]FILE, or the name of one (app/model_store.hpp).
struct ModelFile {
  std::string path;                 // of a GGUF file; empty: the embedded model
  std::vector<std::string> names;   // for clients, the first one is its id; empty: the file's stem
  std::vector<std::string> shards;  // split files that their names do not lead to, path first; else empty
  registry::Settings settings;      // of a model of the registry
  std::string chat_template;        // a file of its own; empty: as ModelOptions says
};

// A model on another server: NAME=URL,... of --remote.
struct RemoteModel {
  std::string name;
  models::Upstream upstream = {};  // without its key, which is read from the environment at the start
  bool first = false;              // asked before a model on this machine of the same name
};

struct ModelOptions {
  std::vector<ModelFile> files;            // the first one is the default; none at all: the embedded model
  std::vector<ModelFile> embedding_files;  // that make vectors of texts, or rank them
  std::string models_dir = "auto";         // where models by name are, see registry/blob_store.hpp
  bool embedded = true;    // where no file is given, the embedded model is served; false: those by name are there
  bool on_demand = false;  // they are loaded when they are asked for, not at the start
  std::chrono::milliseconds keep_alive{300'000};  // of those, after their last use
  std::vector<std::string> preload;               // names of those that are loaded at the start all the same
  std::string alias;                              // the name of the only model; empty: as ModelFile says
  std::string tokenizer;                          // a tokenizer file; empty: what the model brings
  std::string chat_template;        // a name or a file, see engine/chat/template_set.hpp; empty: what the model brings
  std::uint32_t ctx = 0;            // positions of one sequence; 0: as trained, at most kDefaultContext
  std::uint32_t embedding_ctx = 0;  // tokens of one text; 0: as trained, at most 8192
  std::uint64_t memory = 0;  // bytes for weights, KV pages and buffers; 0: 90% of what the machine (or cgroup) has left
  std::uint32_t kv_pages = 0;  // 0: ctx * parallel, as far as the budget goes
  std::uint32_t page_tokens = 32;
  std::string kv_type = "f16";
  std::string pack = "auto";        // weights in the layout of the kernels: auto, on, off
  std::string arithmetic = "auto";  // of products: auto, exact, fast
  std::uint32_t threads = 0;        // 0: as many as the machine has cores for
  bool pin = true;
};

struct RunOptions {
  std::string prompt;
  std::string prompt_file;
  std::string system;
  std::uint32_t n_predict = 512;
  bool chat = false;           // wrap the prompt in the chat template
  bool parse_special = false;  // text of control tokens in the prompt becomes their id
  bool show_special = false;
  bool ignore_eos = false;
  bool stats = false;
  std::string pull = "ask";  // a model that is not here: "ask", "always", "never"
  engine::sampling::SamplingParams sampling;
};

// A sampling option that somebody set: it wins over what the model's file recommends.
struct OptionRow;
struct SamplingChoice {
  const OptionRow* row = nullptr;
  std::string text;
};

struct BenchOptions {
  bool roof = false;                                 // measure the machine, not a model
  std::vector<std::uint32_t> n_prefill;              // prompt tokens, one line each; empty: 512 or what fits
  std::uint32_t n_decode = 32;                       // steps
  std::uint32_t depth = 0;                           // tokens in every sequence's cache before the measurement starts
  std::vector<std::uint32_t> batches{1, 4, 16, 32};  // sequences that decode together
  std::uint32_t repetitions = 3;
};

struct CtlOptions {
  std::string verb = "status";
  std::uint64_t id = 0;
};

struct KeysOptions {
  std::string action = "list";
  std::string name;  // of a new key; of one to revoke its id
  std::string scopes = "infer";
  std::string tenant;  // empty: the name
  float weight = 1;
  std::chrono::milliseconds expires_in{0};  // 0: never
};

// Of list, show, rm, cp, create, models and completion.
struct StoreOptions {
  std::string action = "check";
  std::vector<std::string> names;  // the models that it is about; of cp: from and to
  std::string file = "Modelfile";  // of create
  std::string shell;               // of completion
  std::uint64_t limit_bytes = 0;   // of clean; with has_limit
  bool has_limit = false;
  bool copy = false, modelfile = false;
  bool repair = false, sizes_only = false, dry_run = false;
};

struct PullCommandOptions {
  std::string name;
  std::string quant;  // empty: that of the name, else the usual one
  bool offline = false;
  bool dry_run = false;
  std::uint32_t n_connections = 4;
};

struct Options {
  std::string config;              // path of the YAML file that was asked for
  std::string log_level = "auto";  // info for serve, warn for the rest
  std::string log_format = "text";
  bool json = false;  // machine-readable output, where a command has one
  ModelOptions model;
  std::vector<RemoteModel> remotes;
  server::ServerOptions server;
  std::string socket = "auto";  // "auto", "none" or a path
  bool allow_remote = false;
  std::string keys_file = "auto";  // "auto", "none" or a path
  KeysOptions keys;
  sched::SchedulerLimits sched;
  RunOptions run;
  std::vector<SamplingChoice> sampling_choices;  // in the order in which they were applied to run.sampling
  BenchOptions bench;
  CtlOptions ctl;
  StoreOptions store;
  std::string run_model;  // `quern run NAME`; empty: model.files
  SynthOptions synth;
  bool list_synth = false;
  InspectOptions inspect;
  PullCommandOptions pull;
};

bool is_loopback_host(const std::string& host);  // no other machine reaches it

// What no single value shows to be wrong.
// Errors: bad_input naming the option.
Status validate_model(const ModelOptions& options);
Status validate_one_model(const ModelOptions& options);  // run and bench work with one
// A host beyond loopback needs API keys or allow_remote; something to listen on; certificate and key together.
Status validate_serve(const Options& options);
Status validate_run(const Options& options);    // one prompt, and all text is UTF-8
Status validate_synth(const Options& options);  // a file to write, unless --list
Status validate_inspect(const Options& options);
Status validate_ctl(const Options& options);   // request and cancel want an id
Status validate_pull(const Options& options);  // a name
Status validate_keys(const Options& options);  // add and revoke want a name, scopes are some that there are

Status validate_store(const Options& options, std::string_view command);  // names where they are wanted

}  // namespace quern::app
