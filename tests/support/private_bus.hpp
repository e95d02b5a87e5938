#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

#include "tests/support/temp_dir.hpp"

namespace vitalgate::testing {

/// A real message bus of our own, ended by its process id. After stop() it can be started again at
/// the same address.
class PrivateBus {
  public:
    PrivateBus() {
        writeFile(
            directory_ / "bus.conf",
            R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>)" +
                address() + R"(</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>)");
        start();
    }
    PrivateBus(const PrivateBus&) = delete;
    PrivateBus& operator=(const PrivateBus&) = delete;
    ~PrivateBus() { stop(); }

    [[nodiscard]] std::string address() const { return "unix:path=" + (directory_ / "bus"); }

    void start() {
        int ready[2];
        if (pipe2(ready, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
        const std::string config = "--config-file=" + (directory_ / "bus.conf");
        const std::string log = directory_ / "log";
        process_ = fork();
        if (process_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);  // it does not outlive a test that crashes
            const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
            dup2(ready[1], 3);
            dup2(file, STDOUT_FILENO);
            dup2(file, STDERR_FILENO);
            execlp("dbus-daemon", "dbus-daemon", config.c_str(), "--nofork", "--nopidfile",
                   "--print-address=3", nullptr);
            _exit(127);
        }
        close(ready[1]);
        char byte = 0;
        const bool told = read(ready[0], &byte, 1) == 1;  // it prints when it listens
        close(ready[0]);
        if (!told) throw std::runtime_error("dbus-daemon did not start");
        awaitAnswer();
    }

    [[nodiscard]] bool isRunning() const { return process_ > 0; }
    /// It accepts connections, and does nothing.
    void freeze() const {
        kill(process_, SIGSTOP);
        waitpid(process_, nullptr, WUNTRACED);
    }
    void thaw() const {
        kill(process_, SIGCONT);
        awaitAnswer();
    }

    void stop() {
        if (process_ <= 0) return;
        kill(process_, SIGKILL);
        waitpid(process_, nullptr, 0);
        process_ = -1;
        unlink((directory_ / "bus").c_str());
    }

  private:
    /// Whoever connects gives it half a second for this answer. When the machine is busy it takes
    /// longer to get going.
    void awaitAnswer() const {
        sockaddr_un place{};
        place.sun_family = AF_UNIX;
        (directory_ / "bus").copy(place.sun_path, sizeof place.sun_path - 1);
        const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool isAsked =
            connect(socket, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0 &&
            send(socket, "\0AUTH\r\n", 7, MSG_NOSIGNAL) == 7;
        pollfd answer{socket, POLLIN, 0};
        const bool isThere = isAsked && poll(&answer, 1, 20'000) == 1;
        close(socket);
        if (!isThere) throw std::runtime_error("dbus-daemon does not answer");
    }

    TempDir directory_;
    pid_t process_ = -1;
};

}  // namespace vitalgate::testing
