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
    {"run", kRun, "continue a prompt, or chat, in the terminal", "[NAME | -m FILE] [-p TEXT | -f FILE] [options]",
     "quern run -p \"Once upon a time\" --temp 0 -n 60\n"
     "quern run -m model.gguf                      # chat; /help lists its commands\n"
     "quern run qwen3:8b                           # a model that `quern list` shows\n"
     "quern run -m model.gguf --chat -p \"Why is the sky blue?\" --stats\n"
     "git diff | quern run -m model.gguf --chat --system \"Write a commit message.\"\n",
     &run},
    {"list", kList, "show the models of this machine", "[options]",
     "quern list\n"
     "quern list --json\n",
     &list_models},
    {"show", kShow, "show what a model is and how it is set up", "[options] NAME",
     "quern show qwen3:8b\n"
     "quern show qwen3:8b --modelfile\n",
     &show_model},
    {"create", kCreate, "make a model from a Modelfile, or from YAML", "[options] NAME",
     "quern create mario -f Modelfile\n"
     "quern create mario -f mario.yaml --copy\n",
     &create_model},
    {"cp", kCp, "give a model a second name with settings of its own; its files are shared", "FROM TO",
     "quern cp qwen3:8b mine\n", &copy_model},
    {"ps", kPs, "show which models a running server has in memory, and why", "[--socket PATH] [--json]", "quern ps\n",
     &show_in_memory},
    {"stop", kStop, "let models leave the memory of a running server", "NAME..", "quern stop mine\n", &stop_model},
    {"rm", kRm, "remove models, and their files where no other model names them", "NAME..", "quern rm mine\n",
     &remove_models},
    {"models", kModels, "look after the files of all models",
     "[check | clean | restore NAME | pin NAME | unpin NAME | path [NAME]]",
     "quern models check                           # is everything that is listed whole?\n"
     "quern models check --repair\n"
     "quern models clean --limit 100G --dry-run    # what would have to go\n"
     "quern models pin qwen3:8b                    # never goes by itself\n"
     "quern models restore qwen3:8b                # the version before the last pull or create\n"
     "quern models path                            # where all of this is\n",
     &care_for_models},
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
    {"pull", kPull, "fetch a model from Hugging Face, Ollama's registry, a container registry or an address",
     "[options] NAME",
     "quern pull hf.co/bartowski/Qwen_Qwen3-8B-GGUF\n"
     "quern pull hf.co/bartowski/Qwen_Qwen3-8B-GGUF --quant Q6_K --dry-run\n"
     "quern pull qwen3:8b                          # of Ollama's registry\n"
     "quern pull docker.io/ai/smollm2:360M-Q4_K_M\n",
     &pull},
    {"outdated", kOutdated, "compare models with what their sources have now; changes nothing", "[options]",
     "quern outdated\n"
     "quern outdated --json\n",
     &outdated},
    {"synth", kSynth, "write a GGUF file with random weights of a given shape", "[options] OUTPUT",
     "quern synth --list\n"
     "quern synth --shape tiny --quant q4_k_m tiny.gguf\n",
     &synth},
    {"inspect", kInspect, "show what is inside a GGUF file", "[options] PATH",
     "quern inspect model.gguf\n"
     "quern inspect model.gguf --key tokenizer.chat_template\n"
     "quern inspect model.gguf --tensors-only --json\n",
     &inspect},
    {"completion", kCompletion, "print a script that completes commands, options and model names", "bash | zsh | fish",
     "source <(quern completion bash)              # in ~/.bashrc, for instance\n"
     "quern completion fish > quern.fish           # belongs into ~/.config/fish/completions\n",
     &completion},
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
