#include "gateway/host/process.hpp"

#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace {

/// What is wrong with the protection, as an exit status; in a child, because it lasts for ever.
int faultsOfProtectedProcess() {
    if (!vitalgate::host::protectProcess()) return 1;
    rlimit core{1, 1};
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0) return 2;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 3;
    return umask(0) == 0077 ? 0 : 4;
}

}  // namespace

TEST_CASE("a protected process writes no core file, is not inspected and makes private files") {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) _exit(faultsOfProtectedProcess());
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}
