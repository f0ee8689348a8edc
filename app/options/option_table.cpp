#include "app/options/option_table.hpp"

#include "app/options/model_fields.hpp"
#include "app/options/remote_fields.hpp"
#include "app/options/sampling_fields.hpp"
#include "app/options/scheduling_fields.hpp"
#include "app/options/server_fields.hpp"
#include "app/options/store_fields.hpp"
#include "server/keys/api_key.hpp"

#include <algorithm>
#include <cctype>

namespace quern::app {
namespace {

using namespace std::chrono_literals;
using engine::sampling::SamplingParams;
using sched::SchedulerLimits;
using server::ServerLimits;
using server::ServerOptions;

constexpr std::string_view kLogFormats[] = {"text", "json"};
constexpr std::string_view kKvTypes[] = {"f16", "bf16", "q8_0", "f32"};
constexpr std::string_view kPacking[] = {"auto", "on", "off"};
constexpr std::string_view kArithmetic[] = {"auto", "exact", "fast"};
constexpr std::string_view kLogLevels[] = {"auto", "trace", "debug", "info", "warn", "error", "off"};
constexpr std::string_view kUnknownFields[] = {"warn", "refuse"};
constexpr std::string_view kVerbs[] = {"status",   "models",  "requests", "history",
                                       "activity", "request", "cancel",   "drain"};
constexpr std::string_view kKeysActions[] = {"list", "add", "revoke"};
constexpr std::string_view kModelsActions[] = {"check", "clean", "restore", "pin", "unpin", "path", "names"};
constexpr std::string_view kPullChoices[] = {"ask", "always", "never"};
constexpr std::string_view kShells[] = {"bash", "zsh", "fish"};
constexpr std::uint64_t kMiB = 1ull << 20, kGiB = 1ull << 30, kTiB = 1ull << 40;

template <auto Inner>
constexpr auto model = &at<&Options::model, Inner>;
template <auto Inner>
constexpr auto tcp = &at<&Options::server, Inner>;
template <auto Inner>
constexpr auto limit = &at<&Options::server, &ServerOptions::limits, Inner>;
template <auto Inner>
constexpr auto sched_ = &at<&Options::sched, Inner>;
template <auto Inner>
constexpr auto run = &at<&Options::run, Inner>;
template <auto Inner>
constexpr auto sampling = &at<&Options::run, &RunOptions::sampling, Inner>;
template <auto Inner>
constexpr auto bench = &at<&Options::bench, Inner>;
template <auto Inner>
constexpr auto store_ = &at<&Options::store, Inner>;

using U16 = Range<std::uint16_t>;
using U32 = Range<std::uint32_t>;
using I32 = Range<std::int32_t>;
using U64 = Range<std::uint64_t>;
using F32 = Range<float>;

// clang-format off
const OptionRow kRows[] = {
    // ---- model and memory
    {"model", 'm', kModelCommands, Scope::everywhere, "Model",
     Custom{&parse_model, "[NAME=]FILE", "", true, &reset_models},
     "GGUF file, or the name of a model that `quern list` shows; NAME or NAME,NAME.. in front is what clients call it; `quern serve` takes several, the first one is the default",
     "the embedded stories260K"},
    {"models-dir", 0, kModelCommands | kStoreCommands | kPull | kOutdated, Scope::everywhere, "Model",
     Text{model<&ModelOptions::models_dir>, "FOLDER"},
     "where models by name are; auto: quern/models in $XDG_DATA_HOME, else in ~/.local/share"},
    {"embedding-model", 0, kServe, Scope::everywhere, "Model",
     Custom{&parse_embedding_model, "[NAME=]FILE", "none", true, &reset_embedding_models},
     "GGUF file that makes vectors of texts or ranks them, beside the others; may be repeated"},
    {"remote", 0, kServe, Scope::everywhere, "Model",
     Custom{&parse_remote, "NAME=URL,..", "none", true, &reset_remotes},
     "a model on another server, to which its prompts go; after a model on this machine of the same name it answers where that cannot; may be repeated (docs/REMOTE.md)"},
    {"embedding-ctx", 0, kServe, Scope::everywhere, "Model",
     U32{model<&ModelOptions::embedding_ctx>, 0, 1u << 16}, "tokens of one text of these models",
     "as trained, at most 8192"},
    {"on-demand", 0, kServe, Scope::everywhere, "Model", Flag{model<&ModelOptions::on_demand>},
     "load models when they are first asked for; those that are idle make room for others"},
    {"keep-alive", 0, kServe, Scope::everywhere, "Model",
     Time{model<&ModelOptions::keep_alive>, 0ms, 876'000h},
     "how long a model that was loaded on demand stays after its last use"},
    {"preload", 0, kServe, Scope::everywhere, "Model", Names{model<&ModelOptions::preload>, "NAME,.."},
     "models that are loaded at the start although the others wait to be asked for"},
    {"alias", 0, kServe, Scope::everywhere, "Model",
     Text{model<&ModelOptions::alias>, "NAME"}, "the model's name for clients", "the file's name"},
    {"tokenizer", 0, kModelCommands, Scope::everywhere, "Model",
     Text{model<&ModelOptions::tokenizer>, "FILE"},
     "tokenizer.json, SentencePiece .model, .tiktoken or GGUF to read text with", "the model's"},
    {"chat-template", 0, kServe | kRun, Scope::everywhere, "Model",
     Text{model<&ModelOptions::chat_template>, "NAME"},
     "plain, chatml, llama2, a name in the model, or a Jinja file", "the model's"},
    {"ctx", 'c', kModelCommands, Scope::everywhere, "Model",
     U32{model<&ModelOptions::ctx>, 0, 1u << 24}, "positions (prompt and answer) of one request",
     "as trained, at most 8192"},
    {"memory", 0, kModelCommands, Scope::everywhere, "Model",
     Bytes<std::uint64_t>{model<&ModelOptions::memory>, 0, 64 * kTiB},
     "budget for weights, KV pages, buffers and connections", "90% of what is available"},
    {"kv-pages", 0, kModelCommands, Scope::everywhere, "Model",
     U32{model<&ModelOptions::kv_pages>, 0, 1u << 28}, "pages of the KV cache", "ctx * parallel, as the budget allows"},
    {"kv-page-tokens", 0, kModelCommands, Scope::everywhere, "Model",
     U32{model<&ModelOptions::page_tokens>, 8, 256}, "tokens of one page, a power of two"},
    {"kv-type", 0, kModelCommands, Scope::everywhere, "Model",
     Choice{model<&ModelOptions::kv_type>, kKvTypes}, "number format of the KV cache"},
    {"pack", 0, kModelCommands, Scope::everywhere, "Model", Choice{model<&ModelOptions::pack>, kPacking},
     "weights are rearranged for this CPU when they are loaded; off: they stay in the file's own order"},
    {"arithmetic", 0, kModelCommands, Scope::everywhere, "Model",
     Choice{model<&ModelOptions::arithmetic>, kArithmetic},
     "of products with packed weights: exact, or fast (activations of 8 bits); auto: fast where it costs little accuracy"},
    {"threads", 't', kModelCommands | kSynth, Scope::everywhere, "Model",
     U32{model<&ModelOptions::threads>, 0, 1024}, "compute threads", "one per core this process may use"},
    {"pin", 0, kModelCommands, Scope::everywhere, "Model",
     Flag{model<&ModelOptions::pin>}, "bind compute threads to cores"},

    // ---- serve
    {"host", 0, kServe, Scope::everywhere, "Server", Text{tcp<&ServerOptions::host>, "ADDRESS"}, "address to listen on"},
    {"port", 0, kServe, Scope::everywhere, "Server",
     U16{tcp<&ServerOptions::port>, 0, 65535}, "TCP port; 0 takes any free one"},
    {"tcp", 0, kServe, Scope::everywhere, "Server", Flag{tcp<&ServerOptions::tcp>}, "listen on TCP"},
    {"allow-remote", 0, kServe, Scope::everywhere, "Server", Flag{&at<&Options::allow_remote>},
     "permit a host that other machines can reach although there are no API keys"},
    {"keys", 0, kServe | kKeys, Scope::everywhere, "Server", Text{&at<&Options::keys_file>, "FILE"},
     "API keys, one of which each request over TCP then needs; none: no keys; auto: quern/keys.json in $XDG_CONFIG_HOME, "
     "else in ~/.config, if there is one"},
    {"tls-cert", 0, kServe, Scope::everywhere, "Server", Text{tcp<&ServerOptions::tls_cert>, "FILE"},
     "TCP speaks TLS with this certificate (PEM, with those that lead to its root)", "none"},
    {"tls-key", 0, kServe, Scope::everywhere, "Server", Text{tcp<&ServerOptions::tls_key>, "FILE"},
     "the certificate's key (PEM, without a passphrase)", "none"},
    {"allowed-hosts", 0, kServe, Scope::everywhere, "Server",
     Names{tcp<&ServerOptions::allowed_hosts>, "NAME,.."},
     "names besides its own that the server answers to over TCP (Host header), without a port"},
    {"allowed-origins", 0, kServe, Scope::everywhere, "Server",
     Names{tcp<&ServerOptions::allowed_origins>, "URL,.."},
     "web pages besides those of this machine that may use it (Origin header), as https://chat.example"},
    {"any-model", 0, kServe, Scope::everywhere, "Server", Flag{tcp<&ServerOptions::any_model>},
     "a model name that is not served means the first model, for clients with names of their own"},
    {"unknown-fields", 0, kServe, Scope::everywhere, "Server",
     Choice{tcp<&ServerOptions::unknown_fields>, kUnknownFields},
     "of requests; warn: they are named in the reply's X-Quern-Ignored and in the log; refuse: 400"},
    {"socket", 's', kServe | kCtl | kPs | kStop, Scope::everywhere, "Server", Text{&at<&Options::socket>, "PATH"},
     "Unix socket (mode 0600); none: no socket; auto: $XDG_RUNTIME_DIR/quern.sock, else /run/quern/quern.sock"},
    {"control", 0, kServe, Scope::everywhere, "Server", Flag{tcp<&ServerOptions::control>},
     "answer `quern ctl` on the Unix socket"},

    {"response-store", 0, kServe, Scope::everywhere, "Server", Text{tcp<&ServerOptions::response_store>, "FILE"},
     "SQLite file in which /v1/responses keeps what it was asked and answered; memory: as long as the process lives; none"},
    {"response-store-size", 0, kServe, Scope::everywhere, "Server",
     Bytes<std::uint64_t>{tcp<&ServerOptions::response_store_bytes>, 64 * 1024, 64 * kGiB},
     "bytes that they may have; the oldest go first"},
    {"response-store-ttl", 0, kServe, Scope::everywhere, "Server",
     Time{tcp<&ServerOptions::response_store_ttl>, 1s, 8760h}, "after which one is deleted"},
    {"activity-log", 0, kServe, Scope::everywhere, "Server", Text{tcp<&ServerOptions::activity_log>, "FILE"},
     "SQLite file that gets a row for each request: who, which model, tokens, times, how it ended; none"},
    {"activity-log-size", 0, kServe, Scope::everywhere, "Server",
     Bytes<std::uint64_t>{tcp<&ServerOptions::activity_log_bytes>, 64 * 1024, 1 * kTiB},
     "bytes that its rows may have; the oldest go first"},
    {"activity-bodies", 0, kServe, Scope::everywhere, "Server",
     Bytes<std::uint64_t>{tcp<&ServerOptions::activity_body_bytes>, 0, 64 * kMiB},
     "so much of each request and of each answer is kept too; 0: nothing of what they say"},
    {"otlp-endpoint", 0, kServe, Scope::everywhere, "Server", Custom{&parse_otlp, "URL", "none"},
     "http://HOST:PORT of an OpenTelemetry collector that gets a span for each request"},
    {"log-requests", 0, kServe, Scope::everywhere, "Server", Flag{tcp<&ServerOptions::log_requests>},
     "log a line with ids, token counts and times for each request that has ended, never its text, and one for each "
     "error that was answered"},

    // ---- scheduling and limits
    {"parallel", 0, kServe, Scope::everywhere, "Scheduling",
     U32{sched_<&SchedulerLimits::max_running>, 1, 4096}, "requests that generate at the same time"},
    {"queue-capacity", 0, kServe, Scope::everywhere, "Scheduling",
     U32{sched_<&SchedulerLimits::queue_capacity>, 1, 60'000}, "requests that wait; one more is answered 429, or takes the place of the newest of a client with more than its share"},
    {"prefill-tokens", 0, kServe | kRun, Scope::everywhere, "Scheduling",
     U32{sched_<&SchedulerLimits::prefill_tokens_per_step>, 1, 61'440}, "prompt tokens at most that join a step of running streams"},
    {"itl-target-ms", 0, kServe, Scope::everywhere, "Scheduling",
     U32{sched_<&SchedulerLimits::itl_target_ms>, 0, 60'000},
     "time that a step of running streams may take while prompts are computed; 0: by itl-factor"},
    {"itl-factor", 0, kServe, Scope::everywhere, "Scheduling",
     F32{sched_<&SchedulerLimits::itl_factor>, 1.05f, 100},
     "99 of 100 steps of running streams take at most so many times what they take without prompts"},
    {"itl-factor-max", 0, kServe, Scope::everywhere, "Scheduling",
     F32{sched_<&SchedulerLimits::itl_factor_max>, 1.05f, 100},
     "the same beside a prompt that has been computed for prompt-patience; grows from a third of it on"},
    {"prompt-patience", 0, kServe, Scope::everywhere, "Scheduling",
     Time{sched_<&SchedulerLimits::prompt_patience>, 1s, 24h}, "after which a prompt may slow streams down by itl-factor-max"},
    {"itl-floor-ms", 0, kServe, Scope::everywhere, "Scheduling",
     U32{sched_<&SchedulerLimits::itl_floor_ms>, 0, 60'000},
     "no request's max_itl_ms counts for less; 0: for less than a step without prompts takes"},
    {"preempt", 0, kServe, Scope::everywhere, "Scheduling", Flag{sched_<&SchedulerLimits::preempt>},
     "admit by what is known of a request's length, and let more urgent requests have the pages of less urgent ones"},
    {"tenant-weights", 0, kServe, Scope::everywhere, "Scheduling",
     Custom{&parse_tenant_weights, "KEY=W,..", "none"},
     "shares of API keys, of uid-N on the Unix socket, or of anonymous, where clients compete"},
    {"prefix-cache", 0, kServe, Scope::everywhere, "Scheduling", Flag{sched_<&SchedulerLimits::prefix_cache>},
     "reuse the keys and values of prompts that begin alike"},
    {"prefix-cache-size", 0, kServe, Scope::everywhere, "Scheduling",
     Bytes<std::uint64_t>{sched_<&SchedulerLimits::prefix_cache_bytes>, 0, UINT64_MAX},
     "bytes of the KV cache that may keep them while nobody uses them", "all that is free"},
    {"private-cache", 0, kServe, Scope::everywhere, "Scheduling", Flag{tcp<&ServerOptions::private_cache>},
     "tenants do not reuse each other's prompts"},
    {"watchdog", 0, kServe, Scope::everywhere, "Scheduling",
     Time{limit<&ServerLimits::watchdog>, 100ms, 24h},
     "a step that takes longer makes /health answer 503"},
    {"stream-capacity", 0, kServe, Scope::everywhere, "Scheduling",
     U32{sched_<&SchedulerLimits::stream_capacity>, 2, 1u << 20},
     "tokens that a slow reader may be behind before its request is parked"},

    {"max-connections", 0, kServe, Scope::everywhere, "Limits",
     U32{limit<&ServerLimits::max_connections>, 1, 1u << 20}, "open connections"},
    {"max-header", 0, kServe, Scope::everywhere, "Limits",
     Bytes<std::uint32_t>{limit<&ServerLimits::max_header_bytes>, 512, kMiB}, "bytes of a request's header"},
    {"max-body", 0, kServe, Scope::everywhere, "Limits",
     Bytes<std::uint64_t>{limit<&ServerLimits::max_body_bytes>, 1024, kGiB}, "bytes of a request's body"},
    {"max-prompt-tokens", 0, kServe, Scope::everywhere, "Limits",
     U32{limit<&ServerLimits::max_prompt_tokens>, 0, 1u << 24}, "tokens of a prompt", "what ctx leaves room for"},
    {"max-tokens-default", 0, kServe, Scope::everywhere, "Limits",
     U32{limit<&ServerLimits::max_tokens_default>, 0, 1u << 24},
     "length of an answer where a request names none; 0: what fits into the context"},
    {"max-stop-strings", 0, kServe, Scope::everywhere, "Limits",
     U32{limit<&ServerLimits::max_stop_strings>, 0, 4096}, "stop strings of a request"},
    {"max-stop-bytes", 0, kServe, Scope::everywhere, "Limits",
     Bytes<std::uint32_t>{limit<&ServerLimits::max_stop_bytes>, 1, 64 * 1024}, "bytes of one stop string"},
    {"max-logit-bias", 0, kServe, Scope::everywhere, "Limits",
     U32{limit<&ServerLimits::max_logit_bias>, 0, 1u << 20}, "logit_bias entries of a request"},
    {"max-messages", 0, kServe, Scope::everywhere, "Limits",
     U32{limit<&ServerLimits::max_messages>, 1, 1u << 20}, "messages of a chat"},
    {"max-json-depth", 0, kServe, Scope::everywhere, "Limits",
     U32{limit<&ServerLimits::max_json_depth>, 2, 1024}, "nesting of a request's JSON"},
    {"max-backlog", 0, kServe, Scope::everywhere, "Limits",
     Bytes<std::uint64_t>{limit<&ServerLimits::max_backlog_bytes>, 4096, kGiB}, "unsent bytes of one slow reader"},
    {"header-timeout", 0, kServe, Scope::everywhere, "Limits",
     Time{limit<&ServerLimits::header_timeout>, 1ms, 1h}, "for a request to arrive"},
    {"idle-timeout", 0, kServe, Scope::everywhere, "Limits",
     Time{limit<&ServerLimits::idle_timeout>, 1ms, 24h}, "of a kept-alive connection without a request"},
    {"write-timeout", 0, kServe, Scope::everywhere, "Limits",
     Time{limit<&ServerLimits::write_timeout>, 1ms, 24h}, "a reader that takes less than min-read-rate for so long is dropped"},
    {"min-read-rate", 0, kServe, Scope::everywhere, "Limits",
     U32{limit<&ServerLimits::min_read_rate>, 0, 1u << 30}, "bytes per second that a reader must take of what waits for it; 0: any"},
    {"ping-interval", 0, kServe, Scope::everywhere, "Limits",
     Time{limit<&ServerLimits::ping_interval>, 100ms, 1h}, "between comments on a silent stream"},
    {"drain-timeout", 0, kServe, Scope::everywhere, "Limits",
     Time{limit<&ServerLimits::drain_timeout>, 0ms, 24h}, "running requests may finish so long after SIGTERM"},

    // ---- run
    {"name", 0, kRun, Scope::positional, "Prompt", Text{&at<&Options::run_model>, "MODEL"},
     "model to run instead of that of --model", "that of --model"},
    {"pull", 0, kRun, Scope::everywhere, "Prompt", Choice{run<&RunOptions::pull>, kPullChoices},
     "a model that is not here: ask on the terminal whether to pull it, pull it, or do not"},
    {"prompt", 'p', kRun, Scope::command_line, "Prompt", Text{run<&RunOptions::prompt>}, "text to continue",
     "stdin, or a chat on a terminal"},
    {"file", 'f', kRun, Scope::command_line, "Prompt", Text{run<&RunOptions::prompt_file>, "FILE"},
     "read the prompt from a text file, UTF-8 or marked as UTF-16; - is stdin"},
    {"chat", 0, kRun, Scope::command_line, "Prompt", Flag{run<&RunOptions::chat>},
     "treat the prompt as a chat message instead of text to continue"},
    {"system", 0, kRun, Scope::command_line, "Prompt", Text{run<&RunOptions::system>}, "system message of a chat (implies --chat)", "none"},
    {"n-predict", 'n', kRun, Scope::everywhere, "Prompt",
     U32{run<&RunOptions::n_predict>, 1, 1u << 24}, "tokens to generate at most"},
    {"parse-special", 0, kRun, Scope::command_line, "Prompt", Flag{run<&RunOptions::parse_special>},
     "read the text of control tokens in the prompt as these tokens"},
    {"show-special", 0, kRun, Scope::command_line, "Prompt", Flag{run<&RunOptions::show_special>},
     "print control tokens"},
    {"ignore-eos", 0, kRun, Scope::everywhere, "Prompt", Flag{run<&RunOptions::ignore_eos>},
     "go on after an end-of-text token"},
    {"stats", 0, kRun, Scope::everywhere, "Prompt", Flag{run<&RunOptions::stats>}, "print tokens and times to stderr"},

    {"temp", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::temperature>, 0, 100}, "temperature; 0: always the likeliest token"},
    {"seed", 0, kRun, Scope::everywhere, "Sampling", Custom{&parse_seed, "N", "random"},
     "same seed, same text; random: another one each time"},
    {"top-k", 0, kServe | kRun, Scope::everywhere, "Sampling",
     I32{sampling<&SamplingParams::top_k>, -1, INT32_MAX}, "keep the k likeliest tokens; 0: off"},
    {"top-p", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::top_p>, 0, 1}, "keep the likeliest tokens that sum to p; 1: off"},
    {"min-p", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::min_p>, 0, 1}, "drop tokens below p times the likeliest; 0: off"},
    {"typical-p", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::typical_p>, 0, 1}, "keep tokens of typical information; 1: off"},
    {"top-n-sigma", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::top_n_sigma>, -1, 100}, "keep logits within n deviations of the best; <= 0: off"},
    {"xtc-probability", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::xtc_probability>, 0, 1}, "how often XTC drops the top choices; 0: off"},
    {"xtc-threshold", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::xtc_threshold>, 0, 1}, "probability that counts as a top choice"},
    {"dynatemp-range", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::dynatemp_range>, 0, 100}, "temperature moves by this much with entropy; 0: off"},
    {"dynatemp-exponent", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::dynatemp_exponent>, 0, 100}, "how steeply it moves"},
    {"repeat-last-n", 0, kServe | kRun, Scope::everywhere, "Sampling",
     I32{sampling<&SamplingParams::repeat_last_n>, -1, INT32_MAX}, "tokens that repeat-penalty looks at; -1: all, 0: none"},
    {"repeat-penalty", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::repeat_penalty>, 0.01f, 100}, "divides logits of repeated tokens; 1: off"},
    {"frequency-penalty", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::frequency_penalty>, -2, 2}, "for each time a token was drawn; 0: off"},
    {"presence-penalty", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::presence_penalty>, -2, 2}, "once for a token that was drawn; 0: off"},
    {"dry-multiplier", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::dry_multiplier>, 0, 100}, "strength of the penalty on repeated sequences; 0: off"},
    {"dry-base", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::dry_base>, 1, 100}, "its growth with the sequence's length"},
    {"dry-allowed-length", 0, kServe | kRun, Scope::everywhere, "Sampling",
     I32{sampling<&SamplingParams::dry_allowed_length>, 0, 1 << 20}, "longest sequence that may repeat freely"},
    {"dry-last-n", 0, kServe | kRun, Scope::everywhere, "Sampling",
     I32{sampling<&SamplingParams::dry_penalty_last_n>, -1, INT32_MAX}, "tokens DRY looks at; -1: all, 0: off"},
    {"dry-breaker", 0, kServe | kRun, Scope::command_line, "Sampling",
     Custom{&parse_dry_breaker, "TEXT", R"(\n : " *)", true}, "adds a text that ends a sequence for DRY; none: drops all; may be repeated"},
    {"logit-bias", 0, kRun, Scope::command_line, "Sampling",
     Custom{&parse_logit_bias, "ID=X", "none", true}, "added to a token's logit, false bans it; may be repeated"},
    {"mirostat", 0, kServe | kRun, Scope::everywhere, "Sampling",
     I32{sampling<&SamplingParams::mirostat>, 0, 2}, "steer towards a surprise instead of choosing what stays; 0: off, else its version"},
    {"mirostat-tau", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::mirostat_tau>, 0, 100}, "bits of surprise per token that mirostat aims at"},
    {"mirostat-eta", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::mirostat_eta>, 0, 10}, "how fast mirostat follows"},
    {"adaptive-target", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::adaptive_target>, -1, 1}, "probability that adaptive-p draws tokens near to; < 0: off"},
    {"adaptive-decay", 0, kServe | kRun, Scope::everywhere, "Sampling",
     F32{sampling<&SamplingParams::adaptive_decay>, 0, 0.99f}, "of its memory, about 1 / (1 - decay) tokens"},
    {"samplers", 0, kServe | kRun, Scope::everywhere, "Sampling",
     Custom{&parse_stages, "NAME,NAME,..", kDefaultStages}, "which samplers run, in this order"},

    // ---- bench
    {"roof", 0, kBench, Scope::command_line, "Measurement", Flag{bench<&BenchOptions::roof>},
     "measure what this machine can do at most (memory, each kind of arithmetic) instead of a model"},
    {"n-prompt", 'p', kBench, Scope::command_line, "Measurement",
     Counts{bench<&BenchOptions::n_prefill>, 0, 1u << 20}, "prompt tokens, one prefill line each; 0: none",
     "512, less where the context is shorter"},
    {"n-gen", 'n', kBench, Scope::command_line, "Measurement",
     U32{bench<&BenchOptions::n_decode>, 0, 1u << 20}, "steps of each decode line; 0: none"},
    {"batch", 'b', kBench, Scope::command_line, "Measurement",
     Counts{bench<&BenchOptions::batches>, 1, 1024}, "sequences that decode together, one line each"},
    {"depth", 'd', kBench, Scope::command_line, "Measurement",
     U32{bench<&BenchOptions::depth>, 0, 1u << 24}, "tokens in the cache of every sequence before the clock starts"},
    {"repetitions", 'r', kBench, Scope::command_line, "Measurement",
     U32{bench<&BenchOptions::repetitions>, 1, 1000}, "runs of each line, after one that warms up"},

    // ---- ctl
    {"verb", 0, kCtl, Scope::positional, "Control",
     Choice{&at<&Options::ctl, &CtlOptions::verb>, kVerbs}, "what to ask the server", "status"},
    {"id", 0, kCtl, Scope::positional, "Control",
     U64{&at<&Options::ctl, &CtlOptions::id>, 0, UINT64_MAX}, "of the request, as `quern ctl requests` lists it; of a row of `quern ctl activity`", "none"},

    // ---- keys
    {"action", 0, kKeys, Scope::positional, "Keys",
     Choice{&at<&Options::keys, &KeysOptions::action>, kKeysActions}, "what to do", "list"},
    {"name", 0, kKeys, Scope::positional, "Keys",
     Text{&at<&Options::keys, &KeysOptions::name>, "NAME"}, "of a new key; to revoke one, its id", "none"},
    {"scopes", 0, kKeys, Scope::command_line, "Keys",
     Text{&at<&Options::keys, &KeysOptions::scopes>, "NAME,.."},
     "read: look; infer: have the model compute, and look; admin: all, and steer the server"},
    {"tenant", 0, kKeys, Scope::command_line, "Keys", Text{&at<&Options::keys, &KeysOptions::tenant>, "NAME"},
     "who the key's requests are counted for; keys may share one", "the key's name"},
    {"weight", 0, kKeys, Scope::command_line, "Keys",
     F32{&at<&Options::keys, &KeysOptions::weight>, server::kMinKeyWeight, server::kMaxKeyWeight},
     "the tenant's share where tenants compete; the largest of its keys counts"},
    {"expires-in", 0, kKeys, Scope::command_line, "Keys",
     Time{&at<&Options::keys, &KeysOptions::expires_in>, 0ms, 876'000h}, "the key is refused after that; 0: never"},

    // ---- models by name
    {"action", 0, kModels, Scope::positional, "Models",
     Choice{store_<&StoreOptions::action>, kModelsActions}, "what to do", "check"},
    {"name", 0, (kStoreCommands & ~kList) | kStop, Scope::positional, "Models",
     Custom{&parse_store_name, "NAME..", "none", true, &reset_store_names}, "of a model, or several; of cp: from and to"},
    {"file", 'f', kCreate, Scope::command_line, "Models", Text{store_<&StoreOptions::file>, "FILE"},
     "Modelfile, or YAML where it ends in .yaml or .yml; - is a Modelfile on stdin"},
    {"copy", 0, kCreate, Scope::command_line, "Models", Flag{store_<&StoreOptions::copy>},
     "copy files that are not ours instead of reading them where they are"},
    {"modelfile", 0, kShow, Scope::command_line, "Models", Flag{store_<&StoreOptions::modelfile>},
     "print the model as a Modelfile"},
    {"repair", 0, kModels, Scope::command_line, "Models", Flag{store_<&StoreOptions::repair>},
     "of check: repair what can be, and list what is not whole no longer"},
    {"sizes-only", 0, kModels, Scope::command_line, "Models", Flag{store_<&StoreOptions::sizes_only>},
     "of check: do not read all files to compare their digests"},
    {"limit", 0, kModels, Scope::command_line, "Models", Custom{&parse_store_limit, "SIZE", "none"},
     "of clean: bytes that all files may have; the least recently used models go, pinned ones stay"},
    {"dry-run", 0, kModels, Scope::command_line, "Models", Flag{store_<&StoreOptions::dry_run>},
     "of clean: only say what would go"},
    {"shell", 0, kCompletion, Scope::positional, "Shell", Choice{store_<&StoreOptions::shell>, kShells},
     "whose completion script to print", "none"},

    // ---- pull and outdated
    {"name", 0, kPull, Scope::positional, "Pull",
     Text{&at<&Options::pull, &PullCommandOptions::name>, "NAME"},
     "qwen3:8b, hf.co/ORG/NAME[:QUANT], hf.co/ORG/NAME/FILE.gguf, docker.io/ai/NAME, oci://HOST/NAME:TAG, https://HOST/FILE.gguf", "none"},
    {"quant", 'q', kPull, Scope::command_line, "Pull",
     Text{&at<&Options::pull, &PullCommandOptions::quant>, "NAME"},
     "of a repository of the hub with several", "Q4_K_M, else Q8_0, else the first"},
    {"offline", 0, kPull, Scope::command_line, "Pull", Flag{&at<&Options::pull, &PullCommandOptions::offline>},
     "ask nobody: is it here? Like HF_HUB_OFFLINE=1"},
    {"dry-run", 'n', kPull, Scope::command_line, "Pull", Flag{&at<&Options::pull, &PullCommandOptions::dry_run>},
     "show what would be fetched"},
    {"pull-connections", 0, kPull, Scope::everywhere, "Pull",
     U32{&at<&Options::pull, &PullCommandOptions::n_connections>, 1, 64}, "parts of a file that are fetched at the same time"},

    // ---- synth and inspect
    {"output", 0, kSynth, Scope::positional, "Synthetic model",
     Text{&at<&Options::synth, &SynthOptions::output>, "FILE"}, "GGUF file to write", "none"},
    {"shape", 0, kSynth, Scope::command_line, "Synthetic model",
     Text{&at<&Options::synth, &SynthOptions::shape>, "NAME"}, "of which model, see --list"},
    {"quant", 'q', kSynth, Scope::command_line, "Synthetic model",
     Text{&at<&Options::synth, &SynthOptions::quant>, "NAME"}, "tensor type or mix, see --list"},
    {"context-length", 0, kSynth, Scope::command_line, "Synthetic model",
     U32{&at<&Options::synth, &SynthOptions::context>, 0, 1 << 24}, "positions the model claims to be trained for",
     "of the shape"},
    {"vocabulary", 0, kSynth, Scope::command_line, "Synthetic model",
     Text{&at<&Options::synth, &SynthOptions::vocabulary>, "FILE"}, "GGUF file whose vocabulary and templates it gets",
     "made up"},
    {"weight-seed", 0, kSynth, Scope::command_line, "Synthetic model",
     U64{&at<&Options::synth, &SynthOptions::seed>, 0, UINT64_MAX}, "same seed, same file"},
    {"overwrite", 0, kSynth, Scope::command_line, "Synthetic model",
     Flag{&at<&Options::synth, &SynthOptions::overwrite>}, "replace an existing file"},
    {"list", 0, kSynth, Scope::command_line, "Synthetic model", Flag{&at<&Options::list_synth>},
     "print the known shapes and tensor types"},
    {"path", 0, kInspect, Scope::positional, "Inspection",
     Text{&at<&Options::inspect, &InspectOptions::path>, "FILE"}, "GGUF file to look into", "none"},
    {"key", 'k', kInspect, Scope::command_line, "Inspection",
     Text{&at<&Options::inspect, &InspectOptions::key>, "NAME"}, "print this metadata value in full and nothing else",
     "all, shortened"},
    {"metadata-only", 0, kInspect, Scope::command_line, "Inspection",
     Flag{&at<&Options::inspect, &InspectOptions::metadata_only>}, "leave out the tensors"},
    {"tensors-only", 0, kInspect, Scope::command_line, "Inspection",
     Flag{&at<&Options::inspect, &InspectOptions::tensors_only>}, "leave out the metadata"},

    // ---- all
    {"json", 0, kBench | kCtl | kInspect | kKeys | kList | kShow | kModels | kPull | kOutdated | kPs | kStop, Scope::command_line, "General",
     Flag{&at<&Options::json>}, "print JSON"},
    {"config", 0, kAllCommands, Scope::command_line, "General", Text{&at<&Options::config>, "FILE"},
     "YAML file with options", "$QUERN_CONFIG, else /etc/quern/quern.yaml if there is one"},
    {"log-level", 0, kAllCommands, Scope::everywhere, "General",
     Choice{&at<&Options::log_level>, kLogLevels}, "how much to log to stderr; auto: info for serve, warn for the rest"},
    {"log-format", 0, kServe, Scope::everywhere, "General",
     Choice{&at<&Options::log_format>, kLogFormats}, "of lines on stderr; json: one object each"},
};
// clang-format on

// Edits (insert, delete, replace one character) from a to b.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({replaced, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row[b.size()];
}

}  // namespace

std::span<const OptionRow> option_table() {
  return kRows;
}

std::string yaml_key(const OptionRow& row) {
  std::string out(row.name);
  std::ranges::replace(out, '-', '_');
  return out;
}

std::string env_name(const OptionRow& row) {
  std::string out = "QUERN_" + yaml_key(row);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string display_name(const OptionRow& row) {
  if (row.scope != Scope::positional) return fmt::format("--{}", row.name);
  std::string out(row.name);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string default_of(const OptionRow& row) {
  if (!row.default_text.empty()) return std::string(row.default_text);
  Options defaults;
  return show(row.field, defaults);
}

std::string nearest_name(std::string_view name, std::string (*to_name)(const OptionRow&),
                         const std::function<bool(const OptionRow&)>& offered) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 4) + 1;  // a typo or two, not another word
  for (const OptionRow& row : option_table()) {
    if (!offered(row)) continue;
    if (std::string known = to_name(row); edit_distance(name, known) < best_distance) {
      best_distance = edit_distance(name, known);
      best = std::move(known);
    }
  }
  return best;
}

}  // namespace quern::app
