#include "gateway/crypto/identity.hpp"

#include <algorithm>

#include "gateway/base/base32.hpp"
#include "gateway/base/byte_reader.hpp"
#include "gateway/crypto/crypto.hpp"

namespace vitalgate::crypto {

namespace {

// Marks of the parts. They are in every id ever given out: never change or reuse one.
constexpr std::string_view kMeasurement = "vitalgate measurement 1";
constexpr std::string_view kDevice = "vitalgate device 1";
enum class Part : std::uint8_t {
    address = 1,
    characteristic = 2,
    deviceTime = 3,
    recordNumber = 4,
    arrival = 5,
    payload = 6,
};

constexpr std::size_t kDeviceKeyCharacters = 12;
constexpr std::array<std::size_t, 4> kHyphens{8, 13, 18, 23};

/// A list of parts, each as mark, length and octets; absent parts leave no trace.
class Parts {
  public:
    explicit Parts(std::string_view purpose) { put(asBytes(purpose)); }

    Parts& add(Part mark, ByteView octets) {
        list_.u8(static_cast<std::uint8_t>(mark));
        put(octets);
        return *this;
    }
    [[nodiscard]] const Bytes& bytes() const { return list_.bytes(); }

  private:
    void put(ByteView octets) {
        list_.u32(static_cast<std::uint32_t>(octets.size())).octets(octets);
    }

    ByteWriter list_;
};

ByteWriter& put64(ByteWriter& out, std::uint64_t value) {
    return out.u32(static_cast<std::uint32_t>(value)).u32(static_cast<std::uint32_t>(value >> 32));
}

std::string uuidText(ByteView octets) {
    auto text = toHex(octets);
    for (const auto at : kHyphens) text.insert(at, "-");
    return text;
}

/// RFC 9562: version in the high half of octet 6, variant 10 in the top bits of octet 8.
void mark(std::array<std::uint8_t, 16>& octets, std::uint8_t version) {
    octets[6] =
        static_cast<std::uint8_t>((octets[6] & 0x0fU) | static_cast<unsigned>(version) << 4U);
    octets[8] = static_cast<std::uint8_t>((octets[8] & 0x3fU) | 0x80U);
}

Bytes encode(const Arrival& arrival) {
    ByteWriter out;
    out.u32(arrival.boot);
    put64(put64(out, arrival.connection), arrival.count);
    return out.bytes();
}

}  // namespace

MeasurementId measurementId(const SecretKey& idKey, const MeasurementParts& parts) {
    Parts list(kMeasurement);
    list.add(Part::address, parts.address.octets());
    list.add(Part::characteristic, asBytes(parts.characteristic.text()));
    if (!parts.deviceTime.empty()) list.add(Part::deviceTime, asBytes(parts.deviceTime));
    if (parts.recordNumber) {
        list.add(Part::recordNumber, ByteWriter().u32(*parts.recordNumber).bytes());
    }
    if (parts.arrival) list.add(Part::arrival, encode(*parts.arrival));
    list.add(Part::payload, parts.payload);

    MeasurementId id;
    std::ranges::copy_n(hmacSha256(idKey, list.bytes()).begin(), id.octets.size(),
                        id.octets.begin());
    mark(id.octets, 8);
    id.text = uuidText(id.octets);
    return id;
}

std::string uuidVersion7(WallTime time, const std::array<std::uint8_t, 10>& random) {
    const auto since = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
    const auto millis = static_cast<std::uint64_t>(std::max<std::int64_t>(since.count(), 0));
    std::array<std::uint8_t, 16> octets{};
    for (std::size_t i = 0; i < 6; ++i) {
        octets[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
    }
    std::ranges::copy(random, octets.begin() + 6);
    mark(octets, 7);
    return uuidText(octets);
}

std::string deviceKey(const SecretKey& idKey, const BluetoothAddress& address) {
    Parts list(kDevice);
    list.add(Part::address, address.octets());
    return "d-" + toBase32(hmacSha256(idKey, list.bytes())).substr(0, kDeviceKeyCharacters);
}

}  // namespace vitalgate::crypto
