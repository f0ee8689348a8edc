#include "net/gzip.hpp"

#include <algorithm>
#include <limits>

#include <zlib.h>

namespace quern::net {
namespace {

constexpr int kGzipOnly = 15 + 16;  // largest window, gzip framing

struct Inflater {
  z_stream stream{};
  bool ready = ::inflateInit2(&stream, kGzipOnly) == Z_OK;

  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready) ::inflateEnd(&stream);
  }
};

}  // namespace

Result<std::string> gunzip(std::string_view packed, std::size_t max_bytes) {
  constexpr std::size_t kStep = 64 * 1024;
  Inflater inflater;
  if (!inflater.ready || packed.size() > std::numeric_limits<uInt>::max()) {
    return fail(Errc::overloaded, "gzip: {} bytes cannot be unpacked", packed.size());
  }
  z_stream& stream = inflater.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  for (int state = Z_OK; state != Z_STREAM_END;) {
    const std::size_t size = out.size();
    out.resize(std::min(size + kStep, max_bytes + 1));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(out.size() - size);
    state = ::inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.size() > max_bytes) return fail(Errc::overloaded, "gzip: more than {} bytes unpacked", max_bytes);
    if (state == Z_STREAM_END) break;
    if (state != Z_OK || out.size() == size) {
      return fail(Errc::corrupt, "gzip: {}", state == Z_DATA_ERROR ? "invalid data" : "cut off");
    }
  }
  if (stream.avail_in != 0) return fail(Errc::corrupt, "gzip: {} bytes behind its end", stream.avail_in);
  return out;
}

}  // namespace quern::net
