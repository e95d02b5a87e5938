#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/bytes.hpp"

namespace vitalgate {

/// True for [A-Za-z0-9._-]{1,64}: what may stand in a topic, a file name or a log.
bool isIdentifier(std::string_view text);

/// A Bluetooth device address, compared whole. Never leaves the hub; never in a log.
class BluetoothAddress {
  public:
    BluetoothAddress() = default;
    /// Six octets as people write them, first octet first: "C4:7C:8D:6A:12:34", either case.
    static Result<BluetoothAddress> parse(std::string_view text);
    /// Upper case with colons, as BlueZ writes it.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] const std::array<std::uint8_t, 6>& octets() const { return octets_; }
    auto operator<=>(const BluetoothAddress&) const = default;

  private:
    std::array<std::uint8_t, 6> octets_{};
};

/// A 128-bit UUID of a GATT service or characteristic.
class Uuid {
  public:
    Uuid() = default;
    /// A 16-bit number of the Bluetooth SIG on its base UUID.
    explicit Uuid(std::uint16_t assigned);
    /// "2A35", "0x2A35" or the 36-character form, either case.
    static Result<Uuid> parse(std::string_view text);
    /// Lower case, 36 characters, as BlueZ writes it.
    [[nodiscard]] std::string text() const;
    /// "2A35" for a number of the Bluetooth SIG, else text(): as messages and people name it.
    [[nodiscard]] std::string shortText() const;
    /// The SIG's number; 0 if this is not one of its UUIDs.
    [[nodiscard]] std::uint16_t assigned() const;
    auto operator<=>(const Uuid&) const = default;

  private:
    std::array<std::uint8_t, 16> octets_{};
};

}  // namespace vitalgate
