#include "kernels/core_claims.hpp"

#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace quern::kernels {
namespace {

std::string own_prefix() {
  return "quern-test-" + std::to_string(::getpid()) + "/";
}

TEST(CoreClaims, OneHolderAtATime) {
  CoreClaims a(own_prefix()), b(own_prefix());
  EXPECT_TRUE(a.claim(3));
  EXPECT_TRUE(a.claim(3)) << "it is mine";
  EXPECT_FALSE(b.claim(3));
  EXPECT_TRUE(b.claim(4));
  EXPECT_FALSE(a.claim(4));
  a.release(3);
  a.release(99);
  EXPECT_TRUE(b.claim(3));
}

TEST(CoreClaims, EndWithTheirHolder) {
  CoreClaims other(own_prefix());
  {
    CoreClaims a(own_prefix());
    EXPECT_TRUE(a.claim(0));
    EXPECT_FALSE(other.claim(0));
  }
  EXPECT_TRUE(other.claim(0));
}

// A process that is killed runs no destructor.
TEST(CoreClaims, EndWithAProcessThatIsKilled) {
  const std::string prefix = own_prefix();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    CoreClaims claims(prefix);
    const char granted = claims.claim(7) ? 'y' : 'n';
    if (::write(ready[1], &granted, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char granted = 0;
  ASSERT_EQ(::read(ready[0], &granted, 1), 1);
  EXPECT_EQ(granted, 'y');
  CoreClaims own(prefix);
  EXPECT_FALSE(own.claim(7));
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(own.claim(7));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(CoreClaims, ANameThatCannotBeIsNoReasonNotToStart) {
  CoreClaims claims(std::string(200, 'x'));
  EXPECT_TRUE(claims.claim(0));
}

}  // namespace
}  // namespace quern::kernels
