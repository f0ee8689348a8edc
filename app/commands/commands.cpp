#include "app/commands/commands.hpp"

namespace quern::app {
namespace {

constexpr Command kCommands[] = {
    {"serve", kServe, "serve a model over HTTP, on TCP and a Unix socket", "[-m FILE] [options]",
     "quern serve                                  # the embedded 260K model, http://127.0.0.1:8080\n"
     "quern serve -m llama-3.2-1b-q4_k_m.gguf      # your model\n"
     "quern serve -m model.gguf --port 0 --ctx 4096 --parallel 16 --memory 6G\n"
     "curl -N http://127.0.0.1:8080/v1/completions -H 'Content-Type: application/json' \\\n"
     "     -d '{\"prompt\": \"Once upon a time\", \"stream\": true}'\n",
     &serve},
    {"run", kRun, "continue a prompt, or chat, in the terminal", "[-m FILE] [-p TEXT | -f FILE] [options]",
     "quern run -p \"Once upon a time\" --temp 0 -n 60\n"
     "quern run -m model.gguf                      # chat; /help lists its commands\n"
     "quern run -m model.gguf --chat -p \"Why is the sky blue?\" --stats\n"
     "git diff | quern run -m model.gguf --chat --system \"Write a commit message.\"\n",
     &run},
    {"bench", kBench, "measure prefill and decode against the machine's memory speed", "[-m FILE] [options]",
     "quern bench -m model.gguf\n"
     "quern bench -m model.gguf -p 2048 -n 64 -b 1,8,64 -r 7\n"
     "QUERN_FORCE_ISA=scalar quern bench --json\n",
     &bench},
    {"ctl", kCtl, "look into a running server and steer it",
     "[status | models | requests | history | request ID | cancel ID | drain]",
     "quern ctl                                    # status\n"
     "quern ctl requests\n"
     "quern ctl cancel 42\n"
     "quern ctl drain --socket /run/quern/quern.sock\n",
     &ctl},
    {"keys", kKeys, "make, list and revoke the API keys of `quern serve`", "[list | add NAME | revoke ID] [options]",
     "quern keys add alice                         # prints the key, once\n"
     "quern keys add ops --scopes admin --expires-in 720h\n"
     "quern keys                                   # a table, without the keys themselves\n"
     "quern keys revoke k1f0c92ab                   # refused from the next SIGHUP of the server on\n",
     &keys},
    {"synth", kSynth, "write a GGUF file with random weights of a given shape", "[options] OUTPUT",
     "quern synth --list\n"
     "quern synth --shape tiny --quant q4_k_m tiny.gguf\n",
     &synth},
    {"inspect", kInspect, "show what is inside a GGUF file", "[options] PATH",
     "quern inspect model.gguf\n"
     "quern inspect model.gguf --key tokenizer.chat_template\n"
     "quern inspect model.gguf --tensors-only --json\n",
     &inspect},
};

}  // namespace

std::span<const Command> commands() {
  return kCommands;
}

const Command* find_command(std::string_view name) {
  for (const Command& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

const Command* find_command(Commands bit) {
  for (const Command& command : kCommands) {
    if (command.bit == bit) return &command;
  }
  return nullptr;
}

}  // namespace quern::app
