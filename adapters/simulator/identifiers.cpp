#include "adapters/simulator/identifiers.hpp"

#include "gateway/base/byte_reader.hpp"

namespace vitalgate::simulator {

namespace {

constexpr std::uint8_t kContinua = 2;
constexpr std::uint8_t kVersionEntry = 1;
constexpr std::uint8_t kRegulationEntry = 2;
constexpr std::uint16_t kUnregulated = 0x8000;

/// IEEE 11073-20601 puts the high octet first.
void putBigEndian(ByteWriter& out, std::size_t value) {
    out.u8(static_cast<std::uint8_t>(value >> 8U)).u8(static_cast<std::uint8_t>(value));
}

void putEntry(ByteWriter& out, std::uint8_t structure, const ByteWriter& data) {
    out.u8(kContinua).u8(structure);
    putBigEndian(out, data.bytes().size());
    out.octets(data.bytes());
}

ByteWriter versionData(const Certification& certification) {
    const auto& classes = certification.classes;
    ByteWriter out;
    out.u8(certification.major).u8(certification.minor);
    putBigEndian(out, classes.size());
    putBigEndian(out, 2 * classes.size());
    for (const auto each : classes) putBigEndian(out, each);
    return out;
}

}  // namespace

Bytes systemId(ByteView identifier) {
    return {identifier.rbegin(), identifier.rend()};
}

Bytes pnpId(const PnpId& identifier) {
    ByteWriter out;
    out.u8(identifier.source).u16(identifier.vendor).u16(identifier.product);
    return out.u16(identifier.version).bytes();
}

Bytes regulatoryList(const Certification& certification) {
    ByteWriter regulation;
    putBigEndian(regulation, certification.regulated ? 0 : kUnregulated);
    ByteWriter entries;
    putEntry(entries, kVersionEntry, versionData(certification));
    putEntry(entries, kRegulationEntry, regulation);
    ByteWriter out;
    putBigEndian(out, 2);
    putBigEndian(out, entries.bytes().size());
    return out.octets(entries.bytes()).bytes();
}

Bytes uniqueDeviceIdentifier(const UniqueDeviceIdentifier& identifier) {
    const std::string* texts[] = {&identifier.label, &identifier.device, &identifier.issuer,
                                  &identifier.authority};
    unsigned flags = 0;
    unsigned flag = 1;
    ByteWriter given;
    for (const auto* text : texts) {
        if (!text->empty()) {
            flags |= flag;
            given.octets(asBytes(*text)).u8(0);
        }
        flag <<= 1U;
    }
    return ByteWriter{}.u8(static_cast<std::uint8_t>(flags)).octets(given.bytes()).bytes();
}

Bytes localTimeInformation(const LocalTimeInformation& local) {
    constexpr std::int64_t kQuarter = 15;
    constexpr std::uint8_t kUnknownZone = 0x80;  // -128
    constexpr std::uint8_t kUnknownDaylightSaving = 255;
    ByteWriter out;
    out.u8(local.zone ? static_cast<std::uint8_t>(local.zone->count() / kQuarter) : kUnknownZone);
    // The codes are those of the minutes in quarters: 0, 2, 4, 8.
    out.u8(local.daylightSaving
               ? static_cast<std::uint8_t>(local.daylightSaving->count() / kQuarter)
               : kUnknownDaylightSaving);
    return out.bytes();
}

}  // namespace vitalgate::simulator
