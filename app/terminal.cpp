#include "app/terminal.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace quern::app {
namespace {

bool has_terminal() {
  const int fd = ::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

}  // namespace

Terminal::Terminal() : had_one_(has_terminal()) {}

bool Terminal::lost() const {
  return had_one_ && !has_terminal();
}

}  // namespace quern::app
