// `quern synth`: writes a GGUF file with the shape, keys, vocabulary size and tensor types of a real model and random
// weights, so that speed can be measured and loading be tested without a download. The same options give the same
// bytes. Threads: run_synth starts `threads` workers of its own and joins them.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>

namespace quern::app {

struct SynthOptions {
  std::string output;            // path of the file to write
  std::string shape = "tiny";    // a name of list_synth()
  std::string quant = "q4_k_m";  // a tensor type or a mix, see list_synth()
  std::string vocabulary;        // a GGUF file whose vocabulary it gets; empty: a made-up one of the real size
  std::uint32_t context = 0;     // positions the file claims to be trained for; 0: as the real model
  std::uint64_t seed = 1;
  std::uint32_t threads = 0;  // 0: as many as the machine has
  bool overwrite = false;     // else an existing file is an error
};

// Writes beside `output` and renames, so that a failure leaves no half file.
// Errors: bad_input (unknown shape or quant, with the list of those known; file exists), unsupported (a type without
// decoder), io (cannot write, no space).
Status run_synth(const SynthOptions& options);

// A table of the shapes (parameters, layers, vocabulary) and of the quants, for --list.
void list_synth(std::ostream& out);

}  // namespace quern::app
