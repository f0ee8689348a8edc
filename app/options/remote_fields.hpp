// The option that names models on other servers. Threads: pure functions.
#pragma once

#include "app/options/options.hpp"

#include <string_view>

namespace quern::app {

// NAME=URL[,kind=openai|ollama|anthropic][,model=NAME][,key-env=VARIABLE][,work=generate|embed][,order=last|first]
// [,context=TOKENS][,width=VALUES][,max-running=N][,max-tokens=N][,head=TIME][,silence=TIME][,unix=PATH]
// Errors: bad_input; without TLS where the URL is not this machine.
Status parse_remote(std::string_view text, Options& options);
void reset_remotes(Options& options);

}  // namespace quern::app
