// What the test hub offers, and the faults that it commits on demand. Threads: filled before the hub starts, or under
// TestHub's own lock through its functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace quern::test {

// Content with the digests by which hubs name it.
struct HubFile {
  std::string bytes;
  std::string sha256, git_sha1;    // hex
  bool in_git = false;             // small: no CDN, no SHA-256 in the listing
  std::uint64_t claimed_size = 0;  // what the listing says; 0: the real one

  static HubFile of(std::string bytes, bool in_git = false);
};

struct HubRepo {  // org/name
  std::string commit = std::string(40, 'c');
  std::map<std::string, HubFile> files;
  std::string error_code;  // with status: what every question is answered
  int status = 200;
  std::string error_message;
  std::string token;  // the only one that may read it; empty: everybody may
};

struct HubLayer {
  std::string media_type, bytes;
};
struct HubModel {  // of a registry: path and tag
  std::string config;
  std::string config_type = "application/vnd.docker.container.image.v1+json";
  std::vector<HubLayer> layers;
  bool behind_index = false;
};

enum class FaultKind : std::uint8_t {
  status,        // answers `value`
  cut,           // closes after `value` bytes of the answer, head included
  silence,       // sends nothing more after `value` bytes, and keeps the connection
  drip,          // a byte every 20 ms after `value` bytes
  ignore_range,  // 200 and all of it
  corrupt,       // the byte at `value` of the file is another one
  wrong_range,   // Content-Range names other bytes
  wrong_total,   // Content-Range names another size
  short_range,   // gives at most `value` bytes of the range
  gzip,          // compressed, whether asked for or not
  chunked,       // no Content-Length
  expire,        // all signed addresses handed out so far become invalid, then answers as usual
  redirect,      // to `headers`' Location
  replace,       // the plain file has another content and ETag from now on
};

struct Fault {
  FaultKind kind = FaultKind::status;
  std::string where;  // part of the target
  std::uint64_t value = 0;
  int times = 1;                                                  // how many answers; < 0: all
  int skip = 0;                                                   // so many answers before are as usual
  std::vector<std::pair<std::string, std::string>> headers = {};  // added to the answer
  std::string method = {};                                        // empty: any
};

// A request that came.
struct HubRecord {
  std::string origin;  // "hub" or "cdn"
  std::string method, target, authorization, range;
};

}  // namespace quern::test
