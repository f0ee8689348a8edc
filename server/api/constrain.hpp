// From what a request wants of its answer to what the answer is held to, and read by: tools, a form, thoughts and their
// budget become one grammar, the format of the model's family becomes a parser. Threads: any.
#pragma once

#include "server/api/conversation.hpp"
#include "server/api/generate.hpp"
#include "server/pipeline/effort.hpp"

#include <string_view>

namespace quern::server {

// Of the next message of a conversation, whose prompt ends as given. Errors: bad_input naming the field: a schema that
// cannot be enforced where it has to be, a tool that is not there, limits; overloaded, cancelled.
Status constrain(const Conversation& conversation, std::string_view prompt, Prepared& out, Effort& effort);

// Of a prompt without a conversation: the form alone.
Status constrain(Prepared& out, Effort& effort);

}  // namespace quern::server
