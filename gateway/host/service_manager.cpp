#include "gateway/host/service_manager.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace vitalgate::host {

namespace {

/// A line break in a value would begin another variable.
std::string oneLine(std::string_view text) {
    return std::string{text.substr(0, text.find_first_of("\r\n"))};
}

void send(const std::string& state) {
    // Keeps $NOTIFY_SOCKET for the next message. A failure has nobody to be told to.
    sd_notify(0, state.c_str());
}

}  // namespace

void ServiceManager::ready(std::string_view status) const {
    send(fmt::format("READY=1\nSTATUS={}", oneLine(status)));
}

void ServiceManager::status(std::string_view line) const {
    send(fmt::format("STATUS={}", oneLine(line)));
}

void ServiceManager::stopping() const {
    send("STOPPING=1\nSTATUS=stopping");
}

void ServiceManager::alive() const {
    send("WATCHDOG=1");
}

std::optional<Duration> ServiceManager::watchdogLimit() {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
    return std::chrono::microseconds{microseconds};
}

bool standardErrorIsJournal() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat target{};
    if (stream == nullptr || fstat(STDERR_FILENO, &target) != 0) return false;
    return fmt::format("{}:{}", target.st_dev, target.st_ino) == stream;
}

}  // namespace vitalgate::host
