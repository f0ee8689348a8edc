#include "tests/golden/family.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <system_error>

#include <fnmatch.h>

namespace quern::golden {

std::vector<std::filesystem::path> files_of(const Options& options, const char* family, const char* extension) {
  std::vector<std::filesystem::path> files;
  std::error_code error;  // a missing folder has no files
  for (std::filesystem::directory_iterator it(options.dir / family, error), end; !error && it != end;
       it.increment(error)) {
    const std::filesystem::path& path = it->path();
    if (path.extension() == extension && fnmatch(options.filter.c_str(), path.stem().c_str(), FNM_EXTMATCH) == 0)
      files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

double nmse(const std::vector<float>& got, const std::vector<float>& want) {
  if (got.size() != want.size()) return std::numeric_limits<double>::infinity();
  double difference = 0.0, power = 0.0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double d = static_cast<double>(got[i]) - static_cast<double>(want[i]);
    difference += d * d;
    power += static_cast<double>(want[i]) * static_cast<double>(want[i]);
  }
  if (difference == 0.0) return 0.0;  // also for two empty or two zero vectors
  const double ratio = difference / power;
  return std::isnan(ratio) ? std::numeric_limits<double>::infinity() : ratio;
}

}  // namespace quern::golden
