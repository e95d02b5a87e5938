#include "adapters/bluez/recollection.hpp"

namespace vitalgate::bluez {

namespace {

asio::awaitable<std::string> textOf(Sink& sink, std::string device, std::string name, Log log) {
    const auto found = co_await sink.bookmark(device, name);
    if (found) co_return *found;
    log.warning("{} is not known: {}", name, found.error().message);
    co_return std::string();
}

std::optional<WallTime> timeOf(const std::string& text) {
    const auto time = parseUtc(text);
    return time ? std::optional(*time) : std::nullopt;
}

}  // namespace

asio::awaitable<Recollection> recollect(Sink& sink, std::string device, Log log) {
    Recollection known;
    const auto reading = co_await textOf(sink, device, kLastReading, log);
    const auto told = co_await textOf(sink, device, kOverdueTold, log);
    known.authenticatedBond = co_await textOf(sink, device, kAuthenticatedBond, log);
    known.lastReading = timeOf(reading);
    known.overdueTold = timeOf(told);
    co_return known;
}

}  // namespace vitalgate::bluez
