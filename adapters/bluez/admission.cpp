#include "adapters/bluez/admission.hpp"

#include <algorithm>

namespace vitalgate::bluez {

Admission::Admission(std::vector<DeviceSettings> devices, std::vector<AdmissionRule> rules,
                     std::map<std::string, std::vector<Uuid>> services,
                     std::function<std::string(const BluetoothAddress&)> identify)
    : rules_(std::move(rules)), services_(std::move(services)), identify_(std::move(identify)) {
    for (auto& device : devices) {
        const auto address = device.address;
        admitted_.insert_or_assign(address, std::move(device));
    }
}

bool Admission::fits(const AdmissionRule& rule, const Sighting& seen, WallTime now) const {
    if (now >= rule.until || rule.until - now > kLongestRule) return false;
    const auto taken = taken_.find(rule.name);
    if (taken != taken_.end() && taken->second >= rule.atMost) return false;
    if (!seen.rssiDbm || *seen.rssiDbm < rule.signalFloorDbm) return false;
    const auto services = services_.find(rule.profile);
    return services != services_.end() &&
           std::ranges::find_first_of(seen.services, services->second) != seen.services.end();
}

std::optional<DeviceSettings> Admission::admit(const Sighting& seen, WallTime now) {
    if (const auto known = admitted_.find(seen.address); known != admitted_.end()) {
        return known->second.enabled ? std::optional(known->second) : std::nullopt;
    }
    const auto rule = std::ranges::find_if(
        rules_, [&](const AdmissionRule& each) { return fits(each, seen, now); });
    if (rule == rules_.end()) return std::nullopt;
    ++taken_[rule->name];
    DeviceSettings settings;
    settings.id = identify_(seen.address);
    settings.label = rule->name;
    settings.address = seen.address;
    settings.profiles = {rule->profile};
    settings.admission = v1::ADMISSION_RULE;
    admitted_.insert_or_assign(seen.address, settings);
    return settings;
}

}  // namespace vitalgate::bluez
