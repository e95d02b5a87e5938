#include "adapters/bluez/device_pairing.hpp"

#include <algorithm>

namespace vitalgate::bluez {

void DevicePairing::onRefused(SteadyTime now) {
    ++refusals_;
    const auto pause = refusals_ == 1          ? kFirstPause
                       : refusals_ < kAttempts ? kSecondPause
                                               : kLongPause;
    notBefore_ = now + pause;
}

Duration DevicePairing::pause(SteadyTime now) const {
    if (refusals_ == 0) return Duration::zero();
    return std::max(notBefore_ - now, Duration::zero());
}

void DevicePairing::onBonded(std::string adapter) {
    refusals_ = 0;
    adapter_ = std::move(adapter);
    isKnown_ = true;
}

bool DevicePairing::forget(const std::string& adapter) {
    if (!isAuthenticated(adapter)) return false;
    adapter_.clear();
    isKnown_ = true;
    return true;
}

std::optional<std::string> DevicePairing::takeBookmark() {
    if (adapter_ == remembered_) return std::nullopt;
    remembered_ = adapter_;
    return adapter_;
}

void DevicePairing::recall(const std::string& bookmark) {
    remembered_ = bookmark;
    if (!isKnown_) adapter_ = bookmark;
}

}  // namespace vitalgate::bluez
