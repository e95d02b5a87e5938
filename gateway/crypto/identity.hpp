#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/bytes.hpp"
#include "gateway/base/identifier.hpp"
#include "gateway/base/time.hpp"
#include "gateway/crypto/secret_key.hpp"

namespace vitalgate::crypto {

/// Stands in for device time and record number where a device gives neither: such a measurement is
/// never the same as another one.
struct Arrival {
    std::uint32_t boot = 0;        ///< number of this start of the kernel
    std::uint64_t connection = 0;  ///< number of the connection within this boot
    std::uint64_t count = 0;       ///< number of the measurement within that connection
};

/// What makes two deliveries of a measurement the same measurement.
struct MeasurementParts {
    BluetoothAddress address;
    Uuid characteristic;
    std::string_view deviceTime;                ///< empty if the device gave none that can be used
    std::optional<std::uint32_t> recordNumber;  ///< the device's own
    std::optional<Arrival> arrival;             ///< only without the two above
    ByteView payload;                           ///< of the main characteristic
};

/// Names a measurement for ever: `text` is Reading.id (UUID version 8, lower case, 36 characters),
/// `octets` the same 128 bits, as the store de-duplicates by them.
struct MeasurementId {
    std::array<std::uint8_t, 16> octets{};
    std::string text;
};

/// Same key and same parts: same id, in every version of this program. The parts go into
/// HMAC-SHA-256 each with its own mark and length, so no two different lists run together.
MeasurementId measurementId(const SecretKey& idKey, const MeasurementParts& parts);

/// UUID version 7 (RFC 9562) of an event or a request: milliseconds since 1970, then `random`, for
/// example crypto::randomOctets<10>(). Times before 1970 count as 1970.
std::string uuidVersion7(WallTime time, const std::array<std::uint8_t, 10>& random);

/// "d-" and 12 characters (a-z2-7) of a keyed hash of the address: how a device without a
/// configured name is known upstream, and DeviceDescriptor.device_key.
std::string deviceKey(const SecretKey& idKey, const BluetoothAddress& address);

}  // namespace vitalgate::crypto
