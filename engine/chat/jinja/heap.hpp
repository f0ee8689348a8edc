// Owns every value of one rendering and counts what it costs: live bytes and steps of work. A template is hostile: it
// may build cycles and chains of any depth, so memory is reference counted without recursion, and what is left at the
// end is freed whatever points to what. Threads: one. Ownership: values must not outlive their Heap.
#pragma once

#include "engine/chat/jinja/failure.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace quern::engine::chat::jinja {

// Who pays for a rendering and waits for it: asked now and then while it goes on, on the thread that renders.
class Watch {
 public:
  virtual bool may_hold(std::size_t n_bytes) = 0;  // whether live values may grow to so many bytes
  virtual bool is_over() = 0;                      // whether nobody wants the result any more

 protected:
  ~Watch() = default;
};

struct Limits {
  std::uint64_t max_steps = 20'000'000;  // about one or two seconds
  std::size_t max_bytes = 128u << 20;    // of live values, the variables given to the template included
  std::size_t max_output_bytes = 32u << 20;
  std::uint32_t max_depth = 400;  // expressions, statements and macro calls inside each other
  Watch* watch = nullptr;         // must outlive the heap
};

class Heap;

// What a Value points to.
class Payload {
 public:
  Payload(const Payload&) = delete;
  Payload& operator=(const Payload&) = delete;
  virtual ~Payload();

  void retain() noexcept { ++n_refs_; }
  void release() noexcept;
  bool is_shared() const noexcept { return n_refs_ > 1; }
  Heap& heap() const noexcept { return heap_; }
  std::size_t charged() const noexcept { return bytes_; }
  // Counts a payload that has grown or shrunk. Errors: limit.
  void recharge(std::size_t bytes);

 protected:
  // Errors: limit.
  Payload(Heap& heap, std::size_t bytes);

 private:
  friend class Heap;
  virtual void drop_references() noexcept {}

  Heap& heap_;
  Payload *previous_ = nullptr, *next_ = nullptr;  // all payloads of the heap
  Payload* next_dead_ = nullptr;
  std::size_t bytes_;
  std::size_t n_refs_ = 0;
};

// A counted pointer.
template <class T>
class Ref {
 public:
  Ref() noexcept = default;
  explicit Ref(T* payload) noexcept : payload_(payload) {
    if (payload_ != nullptr) payload_->retain();
  }
  Ref(const Ref& other) noexcept : Ref(other.payload_) {}
  Ref(Ref&& other) noexcept : payload_(std::exchange(other.payload_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(payload_, other.payload_);
    return *this;
  }
  ~Ref() {
    if (payload_ != nullptr) payload_->release();
  }
  T* get() const noexcept { return payload_; }
  T& operator*() const noexcept { return *payload_; }
  T* operator->() const noexcept { return payload_; }
  explicit operator bool() const noexcept { return payload_ != nullptr; }

 private:
  T* payload_ = nullptr;
};

class Heap {
 public:
  explicit Heap(const Limits& limits = {}) noexcept
      : limits_(limits),
        steps_until_look_(limits.watch == nullptr ? limits.max_steps : 0),
        allowed_bytes_(limits.watch == nullptr ? limits.max_bytes : 0) {}
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;
  ~Heap();

  const Limits& limits() const noexcept { return limits_; }
  std::size_t live_bytes() const noexcept { return live_bytes_; }
  std::uint64_t steps() const noexcept { return n_steps_; }

  // Errors: limit.
  void step(std::uint64_t n = 1) {
    n_steps_ += n;
    if (n_steps_ > steps_until_look_) look();
  }
  void work(std::size_t n_bytes) { step(n_bytes / 32); }   // looking at each of that many bytes
  void copy(std::size_t n_bytes) { step(n_bytes / 256); }  // copying or searching them
  void charge(std::size_t bytes) {
    if (bytes > allowed_bytes_ - live_bytes_) ask_for(bytes);
    live_bytes_ += bytes;
  }
  void uncharge(std::size_t bytes) noexcept { live_bytes_ -= bytes; }

 private:
  friend class Payload;
  void look();                      // errors: limit
  void ask_for(std::size_t bytes);  // more live bytes; errors: limit
  void link(Payload& payload) noexcept;
  void unlink(Payload& payload) noexcept;
  void dispose(Payload& payload) noexcept;

  const Limits limits_;
  std::uint64_t n_steps_ = 0, steps_until_look_;
  std::size_t live_bytes_ = 0, allowed_bytes_;
  Payload* first_ = nullptr;
  Payload* dead_ = nullptr;  // waiting to be deleted
  bool disposing_ = false;
};

}  // namespace quern::engine::chat::jinja
