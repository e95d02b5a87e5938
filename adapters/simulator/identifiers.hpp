#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/bytes.hpp"

// What a device says of itself once and for all, beside its texts.
namespace vitalgate::simulator {

/// PnP ID (0x2A50).
struct PnpId {
    std::uint8_t source = 1;  ///< 1 Bluetooth SIG, 2 USB Implementer's Forum
    std::uint16_t vendor = 0;
    std::uint16_t product = 0;
    std::uint16_t version = 0;
};

/// IEEE 11073-20601 Regulatory Certification Data List (0x2A2A), with Continua's two entries.
struct Certification {
    std::uint8_t major = 0;  ///< of the guidelines
    std::uint8_t minor = 0;
    std::vector<std::uint16_t> classes;
    bool regulated = true;
};

/// UDI for Medical Devices (0x2BFF). An empty text is left out, with its flag.
struct UniqueDeviceIdentifier {
    std::string label, device, issuer, authority;
};

/// Local Time Information (0x2A0F); absent: the device does not know it. In whole quarters of an
/// hour, and 0, 30, 60 or 120 minutes.
struct LocalTimeInformation {
    std::optional<std::chrono::minutes> zone;
    std::optional<std::chrono::minutes> daylightSaving = std::chrono::minutes{0};
};

/// System ID (0x2A23) of an EUI-64 as people write it, high octet first.
Bytes systemId(ByteView identifier);
Bytes pnpId(const PnpId& identifier);
Bytes regulatoryList(const Certification& certification);
Bytes uniqueDeviceIdentifier(const UniqueDeviceIdentifier& identifier);
Bytes localTimeInformation(const LocalTimeInformation& local);

}  // namespace vitalgate::simulator
