#include "adapters/profiles/e2e_crc.hpp"

#include "adapters/profiles/decoding.hpp"

namespace vitalgate::profiles {

std::uint16_t e2eCrc(ByteView octets) {
    constexpr std::uint16_t kReflectedPolynomial = 0x8408;
    std::uint16_t crc = 0xFFFF;
    for (const auto octet : octets) {
        crc = static_cast<std::uint16_t>(crc ^ octet);
        for (int bit = 0; bit < 8; ++bit) {
            const bool carries = (crc & 1U) != 0;
            crc = static_cast<std::uint16_t>(crc >> 1U);
            if (carries) crc = static_cast<std::uint16_t>(crc ^ kReflectedPolynomial);
        }
    }
    return crc;
}

Bytes withCrc(Bytes octets) {
    const auto crc = e2eCrc(octets);
    octets.push_back(static_cast<std::uint8_t>(crc));
    octets.push_back(static_cast<std::uint8_t>(crc >> 8U));
    return octets;
}

bool readCrc(ByteReader& reader, ByteView value, std::size_t first) {
    const auto end = reader.offset();
    const auto said = reader.u16("E2E-CRC");
    return reader.failure() || said == e2eCrc(value.subspan(first, end - first));
}

DecodeError checksumError(std::size_t octet) {
    return {
        v1::REFUSED_CHECKSUM, "E2E-CRC", static_cast<std::uint32_t>(octet),
        fmt::format("E2E-CRC: octets {} to {} are not the CRC of the others", octet, octet + 1)};
}

std::optional<DecodeError> endError(ByteReader& reader, ByteView value, bool hasCrc) {
    const auto end = reader.offset();
    const bool isRight = !hasCrc || readCrc(reader, value);
    if (auto error = lengthError(reader, false)) return error;
    return isRight ? std::nullopt : std::optional{checksumError(end)};
}

}  // namespace vitalgate::profiles
