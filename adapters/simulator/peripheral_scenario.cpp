#include "adapters/simulator/peripheral_scenario.hpp"

#include "adapters/simulator/model.hpp"
#include "adapters/simulator/peripheral_advertisement.hpp"

namespace vitalgate::simulator {

namespace {

/// Octets of an advertising packet, and of the scan response that holds the name.
constexpr std::size_t kPacket = 31;
constexpr std::size_t kHeader = 2;  // length and type of each part
constexpr std::size_t kFlagsPart = kHeader + 1;
constexpr std::size_t kCompany = 2;
constexpr std::size_t kShortUuid = 2;
constexpr std::size_t kLongUuid = 16;

std::size_t sizeOf(const Uuid& uuid) {
    return uuid.assigned() != 0 ? kShortUuid : kLongUuid;
}

/// What BlueZ makes of the advertisement, with our counter in it.
std::size_t packetSize(const DeviceSettings& device) {
    std::size_t shorts = 0;
    std::size_t longs = 0;
    for (const auto& uuid : findModel(device.model)->make(device)->advertised()) {
        (sizeOf(uuid) == kShortUuid ? shorts : longs) += sizeOf(uuid);
    }
    std::size_t size = kFlagsPart + kHeader + kCompany + peripheral::kCounterOctets;
    if (shorts > 0) size += kHeader + shorts;
    if (longs > 0) size += kHeader + longs;
    for (const auto& [company, octets] : device.advertise.manufacturerData) {
        size += kHeader + kCompany + octets.size();
    }
    for (const auto& [uuid, octets] : device.advertise.serviceData) {
        size += kHeader + sizeOf(uuid) + octets.size();
    }
    return size;
}

Status checkAdvertisement(const DeviceSettings& device) {
    const auto& name = device.information.name;
    if (name.size() > kPacket - kHeader) {
        return fail(ErrorKind::invalid, "the advertised name has {} octets, at most {} fit",
                    name.size(), kPacket - kHeader);
    }
    if (device.advertise.manufacturerData.contains(peripheral::kCounterCompany)) {
        return fail(ErrorKind::invalid,
                    "the manufacturer data of company 0xFFFF are the simulator's own counter");
    }
    if (const auto size = packetSize(device); size > kPacket) {
        return fail(ErrorKind::invalid,
                    "the advertisement has {} octets with the simulator's counter, at most {} fit",
                    size, kPacket);
    }
    return {};
}

}  // namespace

Result<DeviceSettings> peripheralOf(const Scenario& scenario) {
    const DeviceSettings* only = nullptr;
    for (const auto& device : scenario.devices) {
        if (!device.advertise.connectable) continue;
        if (only) {
            return fail(ErrorKind::invalid,
                        "a controller is one device, and the scenario has more that can be "
                        "connected to: {} and {}",
                        only->name, device.name);
        }
        only = &device;
    }
    if (!only) {
        return fail(ErrorKind::invalid, "the scenario has no device that can be connected to");
    }
    if (only->pairing.asks) {
        return fail(ErrorKind::invalid, "{}: pairing.asks: BlueZ cannot be made to ask for a bond",
                    only->name);
    }
    if (const auto fits = checkAdvertisement(*only); !fits) return failIn(only->name, fits);
    return *only;
}

}  // namespace vitalgate::simulator
