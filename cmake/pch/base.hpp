// Precompiled for every library: the headers that most files see. Not included by hand, and no file may lean on it: the
// dev preset builds without.
#pragma once

#include "base/log.hpp"
#include "base/result.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>
