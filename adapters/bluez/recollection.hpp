#pragma once

#include <asio/awaitable.hpp>
#include <optional>
#include <string>

#include "adapters/adapter.hpp"
#include "gateway/runtime/log.hpp"

namespace vitalgate::bluez {

/// The names of what is remembered of a device beside what its conversations remember.
inline constexpr const char* kLastReading = "last-reading";  ///< written by the conversation
inline constexpr const char* kOverdueTold = "overdue-told";
inline constexpr const char* kAuthenticatedBond = "authenticated-bond";

/// What earlier runs of the hub knew of a device.
struct Recollection {
    std::optional<WallTime> lastReading;
    std::optional<WallTime> overdueTold;  ///< when it was last told that a measurement is overdue
    std::string authenticatedBond;        ///< see DevicePairing
};

/// What cannot be read is as if it had never been known, and is logged. `sink` must outlive it.
asio::awaitable<Recollection> recollect(Sink& sink, std::string device, Log log);

}  // namespace vitalgate::bluez
