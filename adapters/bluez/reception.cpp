#include "adapters/bluez/reception.hpp"

namespace vitalgate::bluez {

namespace {

/// How much the newest signal counts.
constexpr double kWeight = 0.25;

}  // namespace

void Reception::onHeard(const std::string& adapter, int rssiDbm, SteadyTime now) {
    const auto [entry, isNew] = heard_.try_emplace(adapter);
    auto& heard = entry->second;
    const bool isStale = isNew || now - heard.at > kFresh;
    heard.rssiDbm = isStale ? rssiDbm : heard.rssiDbm + (rssiDbm - heard.rssiDbm) * kWeight;
    heard.at = now;
}

void Reception::onConnected(const std::string& adapter) {
    heard_[adapter].failures = 0;
    present_ = adapter;
}

void Reception::onFailed(const std::string& adapter) {
    ++heard_[adapter].failures;
}

std::optional<std::string> Reception::best(SteadyTime now, const std::string& bonded) {
    const std::string* found = nullptr;
    double most = 0;
    for (const auto& [adapter, heard] : heard_) {
        if (now - heard.at > kFresh) continue;
        if (adapter == bonded) return adapter;
        const double faithful = adapter == present_ ? kBetterDb : 0;
        const double value = heard.rssiDbm - kFailureDb * heard.failures + faithful;
        if (found != nullptr && value <= most) continue;
        found = &adapter;
        most = value;
    }
    if (found == nullptr) return std::nullopt;
    present_ = *found;
    return present_;
}

}  // namespace vitalgate::bluez
