// `quern synth` and `quern inspect`: what works on model files without running a model.
#include "app/commands/commands.hpp"
#include "app/inspect/inspect.hpp"
#include "app/synth/synth.hpp"

#include <iostream>

namespace quern::app {

Result<int> synth(const Options& options) {
  if (options.list_synth) {
    list_synth(std::cout);
    return kExitOk;
  }
  SynthOptions synth_options = options.synth;
  synth_options.threads = options.model.threads;
  QUERN_CHECK(run_synth(synth_options));
  return kExitOk;
}

Result<int> inspect(const Options& options) {
  InspectOptions inspect_options = options.inspect;
  inspect_options.json = options.json;
  QUERN_CHECK(run_inspect(inspect_options, std::cout));
  return kExitOk;
}

}  // namespace quern::app
