#include "gateway/base/identifier.hpp"

#include <algorithm>

namespace vitalgate {

namespace {

constexpr std::array<std::uint8_t, 16> kBluetoothBase{0,    0, 0, 0,    0,    0,    0x10, 0,
                                                      0x80, 0, 0, 0x80, 0x5f, 0x9b, 0x34, 0xfb};

bool isIdentifierCharacter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/// True if every position of `places` holds `mark` and the text has that length.
bool hasShape(std::string_view text, std::string_view shape) {
    return text.size() == shape.size() &&
           std::equal(text.begin(), text.end(), shape.begin(), [](char c, char s) {
               return s == 'x' ? (c != ':' && c != '-' && c != ' ') : c == s;
           });
}

}  // namespace

bool isIdentifier(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, isIdentifierCharacter);
}

Result<BluetoothAddress> BluetoothAddress::parse(std::string_view text) {
    const auto bytes = fromHex(text);
    if (!hasShape(text, "xx:xx:xx:xx:xx:xx") || !bytes) {
        return fail(ErrorKind::invalid,
                    "not a Bluetooth address; write six octets, for example C4:7C:8D:6A:12:34");
    }
    BluetoothAddress address;
    std::ranges::copy(*bytes, address.octets_.begin());
    return address;
}

std::string BluetoothAddress::text() const {
    return fmt::format("{:02X}:{:02X}:{:02X}:{:02X}:{:02X}:{:02X}", octets_[0], octets_[1],
                       octets_[2], octets_[3], octets_[4], octets_[5]);
}

Uuid::Uuid(std::uint16_t assigned) : octets_(kBluetoothBase) {
    octets_[2] = static_cast<std::uint8_t>(assigned >> 8);
    octets_[3] = static_cast<std::uint8_t>(assigned & 0xff);
}

Result<Uuid> Uuid::parse(std::string_view text) {
    auto digits = text;
    if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
    const auto bytes = fromHex(digits);
    const bool isShort = hasShape(digits, "xxxx");
    if (!bytes || (!isShort && !hasShape(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"))) {
        return fail(ErrorKind::invalid,
                    "\"{}\" is not a UUID; write for example 2A35 or "
                    "00002a35-0000-1000-8000-00805f9b34fb",
                    text);
    }
    if (isShort) return Uuid(static_cast<std::uint16_t>((*bytes)[0] << 8 | (*bytes)[1]));
    Uuid uuid;
    std::ranges::copy(*bytes, uuid.octets_.begin());
    return uuid;
}

std::string Uuid::text() const {
    auto hex = toHex(octets_);
    for (const std::size_t at : {20U, 16U, 12U, 8U}) hex.insert(at, "-");
    return hex;
}

std::string Uuid::shortText() const {
    return assigned() != 0 ? fmt::format("{:04X}", assigned()) : text();
}

std::uint16_t Uuid::assigned() const {
    const auto number = static_cast<std::uint16_t>(octets_[2] << 8 | octets_[3]);
    return Uuid(number) == *this ? number : std::uint16_t{0};
}

}  // namespace vitalgate
