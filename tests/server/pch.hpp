// Precompiled for the tests of server/.
#pragma once

#include "server/pch.hpp"

#include <array>
#include <cmath>
#include <thread>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>
