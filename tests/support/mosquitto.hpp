#pragma once

#include <unistd.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/support/child_process.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/temp_dir.hpp"

namespace vitalgate::testing {

/// A real Mosquitto of our own on a free port of 127.0.0.1. It can be stopped and started again on
/// the same port; it forgets everything in between.
class Mosquitto {
  public:
    enum class Begin { now, later };

    /// `settings`: further lines of its configuration, for the listener.
    explicit Mosquitto(std::string settings = "allow_anonymous true\n", Begin begin = Begin::now)
        : settings_(std::move(settings)) {
        if (begin == Begin::now) start();
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    /// A file name in its folder, for password and access lists.
    [[nodiscard]] std::string file(const std::string& name) const { return directory_ / name; }
    [[nodiscard]] std::string log() const { return readFile(directory_ / "log"); }

    void start() {
        const std::string user = geteuid() == 0 ? "user root\n" : "";
        writeFile(directory_ / "mosquitto.conf",
                  "listener " + std::to_string(port_) + " 127.0.0.1\nset_tcp_nodelay true\n" +
                      user + "max_queued_messages 1000000\nlog_type all\n" + settings_);
        process_.emplace(
            std::vector<std::string>{"/usr/sbin/mosquitto", "-c", directory_ / "mosquitto.conf"},
            directory_ / "log");
        if (!waitUntilItListens(port_)) {
            throw std::runtime_error("mosquitto did not start: " + log());
        }
    }
    void stop() { process_.reset(); }

  private:
    TempDir directory_;
    std::uint16_t port_ = freePort();
    std::string settings_;
    std::optional<ChildProcess> process_;
};

}  // namespace vitalgate::testing
