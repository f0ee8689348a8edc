// Options of the scheduler that are more than one number. Errors: bad_input, without the option's name.
#pragma once

#include "app/options/options.hpp"
#include "base/result.hpp"

#include <string_view>

namespace quern::app {

Status parse_tenant_weights(std::string_view text, Options& options);  // "secret-key=4,uid-1000=2,anonymous=0.5"; none

}  // namespace quern::app
