// Tells why SIGHUP came: the terminal that the program was started from is gone, or somebody wants the files to be read
// again. Threads: any, after creation. Linux: /dev/tty can be opened as long as there is a controlling terminal.
#pragma once

namespace quern::app {

class Terminal {
 public:
  Terminal();  // remembers whether there is one
  bool lost() const;

 private:
  const bool had_one_;
};

}  // namespace quern::app
