// Precompiled for the tests of what uses Asio, Beast and JSON.
#pragma once

#include "cmake/pch/net.hpp"

#include <gtest/gtest.h>
