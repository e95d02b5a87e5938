#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/registry.hpp"
#include "adapters/profiles/regulatory.hpp"
#include "adapters/profiles/utf8.hpp"

// Device Information Service 1.2: strings and identifiers, read once a conversation.
namespace vitalgate::profiles {

namespace {

/// Devices pad their strings with NUL and spaces.
DecodeResult decodeText(ByteView bytes, const DecodeOptions& options, std::string_view name) {
    ByteReader reader(bytes, options.trace);
    const auto octets = reader.octets(bytes.size(), name);
    const auto end = std::ranges::find(octets, std::uint8_t{0});
    auto text = readableText({octets.begin(), end});
    while (text.ends_with(' ')) text.pop_back();
    std::vector<Field> fields{{std::string(name), std::move(text)}};
    return conclude(std::move(fields), reader, options);
}

DecodeResult decodeManufacturer(ByteView bytes, const DecodeOptions& options) {
    return decodeText(bytes, options, "manufacturer");
}
DecodeResult decodeModel(ByteView bytes, const DecodeOptions& options) {
    return decodeText(bytes, options, "model");
}
DecodeResult decodeSerial(ByteView bytes, const DecodeOptions& options) {
    return decodeText(bytes, options, "serial");
}
DecodeResult decodeFirmware(ByteView bytes, const DecodeOptions& options) {
    return decodeText(bytes, options, "firmware");
}
DecodeResult decodeHardware(ByteView bytes, const DecodeOptions& options) {
    return decodeText(bytes, options, "hardware");
}
DecodeResult decodeSoftware(ByteView bytes, const DecodeOptions& options) {
    return decodeText(bytes, options, "software");
}

/// An EUI-64, low octet first on the air; as text high octet first, as people write it.
DecodeResult decodeSystemId(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto octets = reader.octets(8, "system id");
    const Bytes reversed(octets.rbegin(), octets.rend());
    std::vector<Field> fields{{"systemId", toHex(reversed)}};
    return conclude(std::move(fields), reader, options);
}

DecodeResult decodePnpId(ByteView bytes, const DecodeOptions& options) {
    constexpr std::array<std::string_view, 3> kSources{"unknown", "bluetooth", "usb"};
    ByteReader reader(bytes, options.trace);
    const auto source = reader.u8("vendor id source");
    const auto vendor = reader.u16("vendor id");
    const auto product = reader.u16("product id");
    const auto version = reader.u16("product version");
    std::vector<Field> fields{
        {"vendorIdSource", std::string(kSources[source < kSources.size() ? source : 0U])},
        {"vendorId", static_cast<double>(vendor)},
        {"productId", static_cast<double>(product)},
        {"productVersion", static_cast<double>(version)},
    };
    return conclude(std::move(fields), reader, options);
}

constexpr std::uint8_t kHasLabel = 0x01;
constexpr std::uint8_t kHasDeviceIdentifier = 0x02;
constexpr std::uint8_t kHasIssuer = 0x04;
constexpr std::uint8_t kHasAuthority = 0x08;

/// Half of an identifier is another device's, so the octet that ends it must be there.
std::string readEndedText(ByteReader& reader, ByteView bytes, std::string_view name) {
    const auto rest = bytes.last(reader.remaining());
    const auto end = std::ranges::find(rest, std::uint8_t{0});
    const auto text = reader.octets(static_cast<std::size_t>(end - rest.begin()), name);
    reader.u8(fmt::format("end of {}", name));
    return readableText(text);
}

DecodeResult decodeUniqueDeviceIdentifier(ByteView bytes, const DecodeOptions& options) {
    ByteReader reader(bytes, options.trace);
    const auto flags = reader.u8("flags");
    const auto read = [&](std::uint8_t flag, std::string_view name) {
        return (flags & flag) != 0 ? readEndedText(reader, bytes, name) : std::string();
    };
    auto label = read(kHasLabel, "label");
    auto identifier = read(kHasDeviceIdentifier, "device identifier");
    auto issuer = read(kHasIssuer, "issuer");
    auto authority = read(kHasAuthority, "authority");
    std::vector<Field> fields;
    const auto add = [&fields](std::string_view name, std::string text) {
        if (!text.empty()) fields.push_back({std::string(name), std::move(text)});
    };
    add("udi", label.empty() ? identifier : std::move(label));
    add("udiDeviceIdentifier", std::move(identifier));
    add("udiIssuer", std::move(issuer));
    add("udiAuthority", std::move(authority));
    return conclude(std::move(fields), reader, options);
}

constexpr std::array kCharacteristics{
    CharacteristicSpec{0x2A29, "Manufacturer Name String", Role::information, decodeManufacturer},
    CharacteristicSpec{0x2A24, "Model Number String", Role::information, decodeModel},
    CharacteristicSpec{0x2A25, "Serial Number String", Role::information, decodeSerial},
    CharacteristicSpec{0x2A26, "Firmware Revision String", Role::information, decodeFirmware},
    CharacteristicSpec{0x2A27, "Hardware Revision String", Role::information, decodeHardware},
    CharacteristicSpec{0x2A28, "Software Revision String", Role::information, decodeSoftware},
    CharacteristicSpec{0x2A23, "System ID", Role::information, decodeSystemId},
    CharacteristicSpec{0x2A50, "PnP ID", Role::information, decodePnpId},
    CharacteristicSpec{0x2A2A, "IEEE 11073-20601 Regulatory Certification Data List",
                       Role::information, regulatoryFields},
    CharacteristicSpec{0x2BFF, "UDI for Medical Devices", Role::information,
                       decodeUniqueDeviceIdentifier},
};

constexpr Profile kProfile{0x180A, "", "Device Information", kCharacteristics};

}  // namespace

const Profile& deviceInformationProfile() {
    return kProfile;
}

}  // namespace vitalgate::profiles
