// Valid requests to begin with: some for each endpoint, and those recorded from clients where they are at hand.
#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

namespace quern::test {

struct RequestSeed {
  std::string path;
  boost::json::object body;
};

// Short answers are asked for. At least one for each route that takes JSON.
std::vector<RequestSeed> request_seeds();

}  // namespace quern::test
