// What goes to models on other servers: the request as it was understood, before any template. Threads: any.
#pragma once

#include "models/remote/ask.hpp"
#include "server/api/chat_turn.hpp"
#include "server/pipeline/effort.hpp"

#include <memory>
#include <string>
#include <vector>

namespace quern::server {

// Errors: unsupported, where something of it cannot be passed on (whole numbers beyond 64 bits).
Result<std::shared_ptr<const models::RemoteAsk>> ask_of(const ChatTurn& turn, const Effort& effort);
// Of texts to go on with.
std::shared_ptr<const models::RemoteAsk> ask_of(std::vector<std::string> prompts, const GenerationFields& fields,
                                                const Effort& effort);

// The error of what a model elsewhere cannot be asked for, naming the field.
Error only_here(std::string field, const models::ServedModel& model);

}  // namespace quern::server
