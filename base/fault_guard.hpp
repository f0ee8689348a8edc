// Explains the one fault that a mapped file can cause. A page of a file that was truncated, or whose disk fails, cannot
// be read: the kernel raises SIGBUS in the middle of a kernel loop, from which there is no way back. The guard writes
// one line that names the file to stderr and ends the process with kFaultExitCode, so that the operator looks at the
// file and not for a bug. A SIGBUS at any other address keeps its default action (a core dump). Threads: any. watch()
// and forget() are lock-free; the handler uses async-signal-safe calls only. Limits: kWatchedMax maps at once (the rest
// is not watched: their fault is a plain SIGBUS); names are cut to their end.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace quern::fault_guard {

inline constexpr int kFaultExitCode = 74;  // EX_IOERR of sysexits.h
inline constexpr std::size_t kWatchedMax = 256;

// Installs the process-wide SIGBUS handler. Call it once at start-up; a library must not.
void install() noexcept;

// Handle of a watched map; -1: not watched.
using Watch = int;
Watch watch(std::span<const std::byte> map, std::string_view name) noexcept;
void forget(Watch watch) noexcept;  // before the map goes away; -1 does nothing

}  // namespace quern::fault_guard
