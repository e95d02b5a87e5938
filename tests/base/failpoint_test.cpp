#include "gateway/base/failpoint.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

using namespace vitalgate;

namespace {

/// Passes two places three times, in a process of its own that has VITALGATE_FAILPOINT=`chosen`.
/// How often both were passed.
int roundsUntilDeath(const char* chosen) {
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::setenv("VITALGATE_FAILPOINT", chosen, 1);
        for (int round = 0; round < 3; ++round) {
            failpoint("base.first");
            failpoint("base.second");
            if (::write(pipe[1], "x", 1) != 1) ::_exit(1);
        }
        ::_exit(0);
    }
    ::close(pipe[1]);
    int rounds = 0;
    for (char octet = 0; ::read(pipe[0], &octet, 1) == 1;) ++rounds;
    ::close(pipe[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    const bool diedThere = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    const bool livedOn = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    CHECK(diedThere == (rounds < 3));
    CHECK(livedOn == (rounds == 3));
    return rounds;
}

}  // namespace

#ifdef VITALGATE_FAILPOINTS

TEST_CASE("a process ends where and when it is told to") {
    CHECK(roundsUntilDeath("base.first") == 0);
    CHECK(roundsUntilDeath("base.second:1") == 0);
    CHECK(roundsUntilDeath("base.first:2") == 1);
    CHECK(roundsUntilDeath("base.second:3") == 2);
}

TEST_CASE("it goes on where it is told of another place, or of a later time") {
    CHECK(roundsUntilDeath("base.first:4") == 3);
    CHECK(roundsUntilDeath("base.fir") == 3);
    CHECK(roundsUntilDeath("base.third") == 3);
    CHECK(roundsUntilDeath("") == 3);
}

#else

TEST_CASE("what users get does not end anywhere") {
    CHECK(roundsUntilDeath("base.first") == 3);
}

#endif
