#include "gateway/host/service_manager.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

using namespace vitalgate;
using namespace vitalgate::host;

namespace {

/// The service manager's end of $NOTIFY_SOCKET, in the abstract namespace.
class NotifySocket {
  public:
    NotifySocket() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        // Only the family: the kernel chooses a free abstract name.
        REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)) == 0);
        socklen_t length = sizeof(address);
        REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
        const std::string name(address.sun_path + 1, length - offsetof(sockaddr_un, sun_path) - 1);
        ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    }
    ~NotifySocket() {
        ::unsetenv("NOTIFY_SOCKET");
        ::close(socket_);
    }
    NotifySocket(const NotifySocket&) = delete;
    NotifySocket& operator=(const NotifySocket&) = delete;

    /// The next message; empty if there is none.
    std::string next() const {
        std::array<char, 4096> buffer{};
        const auto length = ::recv(socket_, buffer.data(), buffer.size(), 0);
        return length > 0 ? std::string(buffer.data(), static_cast<std::size_t>(length)) : "";
    }

  private:
    int socket_;
};

}  // namespace

TEST_CASE("readiness, status, liveness and the stop reach the service manager in order") {
    const NotifySocket systemd;
    const ServiceManager manager;
    manager.ready("4 devices");
    manager.alive();
    manager.status("1 problem");
    manager.stopping();
    CHECK(systemd.next() == "READY=1\nSTATUS=4 devices");
    CHECK(systemd.next() == "WATCHDOG=1");
    CHECK(systemd.next() == "STATUS=1 problem");
    CHECK(systemd.next() == "STOPPING=1\nSTATUS=stopping");
    CHECK(systemd.next().empty());
}

TEST_CASE("a status of two lines cannot smuggle in another variable") {
    const NotifySocket systemd;
    ServiceManager{}.status("fine\nWATCHDOG=trigger");
    CHECK(systemd.next() == "STATUS=fine");
}

TEST_CASE("without a service manager nothing is said and nothing fails") {
    ::unsetenv("NOTIFY_SOCKET");
    const ServiceManager manager;
    manager.ready("ready");
    manager.alive();
    CHECK_FALSE(ServiceManager::watchdogLimit());
}

TEST_CASE("the watchdog limit is the one that is meant for this process") {
    ::setenv("WATCHDOG_USEC", "30000000", 1);
    CHECK(ServiceManager::watchdogLimit() == Duration{std::chrono::seconds{30}});
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    CHECK(ServiceManager::watchdogLimit() == Duration{std::chrono::seconds{30}});
    ::setenv("WATCHDOG_PID", "1", 1);
    CHECK_FALSE(ServiceManager::watchdogLimit());
    ::unsetenv("WATCHDOG_PID");
    ::setenv("WATCHDOG_USEC", "soon", 1);
    CHECK_FALSE(ServiceManager::watchdogLimit());
    ::unsetenv("WATCHDOG_USEC");
}

TEST_CASE("standard error is the journal only if it is the very socket that systemd names") {
    ::unsetenv("JOURNAL_STREAM");
    CHECK_FALSE(standardErrorIsJournal());
    struct stat target{};
    REQUIRE(::fstat(STDERR_FILENO, &target) == 0);
    const auto own = std::to_string(target.st_dev) + ":" + std::to_string(target.st_ino);
    ::setenv("JOURNAL_STREAM", own.c_str(), 1);
    CHECK(standardErrorIsJournal());
    ::setenv("JOURNAL_STREAM", (own + "0").c_str(), 1);
    CHECK_FALSE(standardErrorIsJournal());
    ::unsetenv("JOURNAL_STREAM");
}
