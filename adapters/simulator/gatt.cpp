#include "adapters/simulator/gatt.hpp"

namespace vitalgate::simulator {

void Database::add(Uuid service, std::vector<Characteristic> characteristics) {
    const auto own = next_++;
    for (auto& each : characteristics) {
        each.handle = next_;
        next_ = static_cast<std::uint16_t>(next_ + (each.hasConfiguration() ? 3 : 2));
    }
    services_.push_back({service, own, std::move(characteristics)});
}

const Characteristic* Database::find(std::uint16_t handle) const {
    for (const auto& service : services_) {
        for (const auto& each : service.characteristics) {
            if (each.handle == handle) return &each;
        }
    }
    return nullptr;
}

const Characteristic* Database::find(const Uuid& uuid) const {
    for (const auto& service : services_) {
        for (const auto& each : service.characteristics) {
            if (each.uuid == uuid) return &each;
        }
    }
    return nullptr;
}

}  // namespace vitalgate::simulator
