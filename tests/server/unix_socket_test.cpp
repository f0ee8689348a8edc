#include "server/unix_socket.hpp"

#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace quern::server {
namespace {

class UnixSocket : public testing::Test {
 protected:
  bool exists() const { return ::access(path_.c_str(), F_OK) == 0; }
  test::TempDir dir_;
  const std::string path_ = dir_.path("q.sock");
};

TEST_F(UnixSocket, IsOnlyForItsOwnerWhateverTheUmask) {
  const mode_t before = ::umask(0);
  Result<BoundUnixSocket> bound = bind_unix_socket(path_);
  ::umask(before);
  ASSERT_TRUE(bound) << bound.error().detail;
  struct stat made {};
  ASSERT_EQ(::stat(path_.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 07777, 0600u);
  ::close(bound->fd);
}

TEST_F(UnixSocket, FileGoesAwayWithItsOwner) {
  {
    const Result<BoundUnixSocket> bound = bind_unix_socket(path_);
    ASSERT_TRUE(bound);
    EXPECT_TRUE(exists());
    ::close(bound->fd);
  }
  EXPECT_FALSE(exists());
}

TEST_F(UnixSocket, AStaleFileIsReplaced) {
  Result<BoundUnixSocket> killed = bind_unix_socket(path_);
  ASSERT_TRUE(killed);
  ::close(killed->fd);  // its file stays, as after SIGKILL
  Result<BoundUnixSocket> bound = bind_unix_socket(path_);
  ASSERT_TRUE(bound) << bound.error().detail;
  killed->file.remove();
  EXPECT_TRUE(exists()) << "the first owner must not remove the file of the second";
  ::close(bound->fd);
}

TEST_F(UnixSocket, ALiveServerKeepsItsFile) {
  Result<BoundUnixSocket> live = bind_unix_socket(path_);
  ASSERT_TRUE(live);
  ASSERT_EQ(::listen(live->fd, 1), 0);
  const Result<BoundUnixSocket> second = bind_unix_socket(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::io);
  EXPECT_NE(second.error().detail.find("in use"), std::string::npos) << second.error().detail;
  EXPECT_TRUE(exists());
  ::close(live->fd);
}

TEST_F(UnixSocket, AFileOfAnotherKindIsLeftAlone) {
  dir_.write("q.sock", "precious");
  const Result<BoundUnixSocket> bound = bind_unix_socket(path_);
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, Errc::bad_input);
  EXPECT_TRUE(exists());
}

TEST_F(UnixSocket, BadPathsAreNamed) {
  EXPECT_EQ(bind_unix_socket(std::string(200, 'x')).error().code, Errc::bad_input);
  EXPECT_EQ(bind_unix_socket("").error().code, Errc::bad_input);
  EXPECT_EQ(bind_unix_socket("/nowhere/at/all.sock").error().code, Errc::io);
}

TEST(PeerUid, IsOursAcrossAPair) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  EXPECT_EQ(peer_uid(fds[0]), ::geteuid());
  ::close(fds[0]);
  ::close(fds[1]);
  EXPECT_EQ(peer_uid(-1), std::nullopt);
}

}  // namespace
}  // namespace quern::server
