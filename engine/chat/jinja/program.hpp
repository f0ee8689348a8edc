// A parsed template. Threads: const after parse(), any number at once, each rendering with its own Heap.
// Errors: Failure with the line; never an exception.
#pragma once

#include "engine/chat/jinja/failure.hpp"
#include "engine/chat/jinja/moment.hpp"
#include "engine/chat/jinja/value.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/system/result.hpp>

namespace quern::engine::chat::jinja {

template <class T>
using Outcome = boost::system::result<T, Failure>;

// What a template may look at, by name. A name that comes twice means the later one.
using Variables = std::vector<std::pair<std::string, Value>>;

struct ProgramTree;

class Program {
 public:
  static Outcome<std::shared_ptr<const Program>> parse(std::string_view source);
  ~Program();

  // heap: that of the variables, which the template may change. now: what strftime_now prints.
  Outcome<std::string> render(Heap& heap, const Variables& variables, const Moment& now) const;

  // The template mentions a variable of this name, or one that it sets itself.
  bool mentions(std::string_view name) const noexcept;
  // The word stands somewhere in it: as a variable, an attribute, or a string such as a key.
  bool has_word(std::string_view word) const noexcept;

 private:
  explicit Program(std::unique_ptr<const ProgramTree> tree);
  const std::unique_ptr<const ProgramTree> tree_;
};

}  // namespace quern::engine::chat::jinja
