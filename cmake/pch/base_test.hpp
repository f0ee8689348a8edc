// Precompiled for the tests.
#pragma once

#include "cmake/pch/base.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
