#pragma once

#include <array>
#include <cstdint>

#include "gateway/base/bytes.hpp"
#include "gateway/base/error.hpp"
#include "gateway/base/key_octets.hpp"

namespace vitalgate::crypto {

/// 32 secret octets. Wiped when they go; there is no way to print them.
class SecretKey {
  public:
    static constexpr std::size_t kSize = kKeyOctets;

    /// No key: isSet() is false.
    SecretKey() = default;
    explicit SecretKey(const std::array<std::uint8_t, kSize>& octets) : octets_(octets) {}
    SecretKey(const SecretKey&) = default;
    SecretKey& operator=(const SecretKey&) = default;
    SecretKey(SecretKey&& other) noexcept : octets_(other.octets_) { other.wipe(); }
    SecretKey& operator=(SecretKey&& other) noexcept {
        if (this != &other) {
            octets_ = other.octets_;
            other.wipe();
        }
        return *this;
    }
    ~SecretKey() { wipe(); }

    /// ErrorKind::invalid unless there are exactly 32 octets, not all of them zero.
    static Result<SecretKey> fromBytes(ByteView bytes);
    static SecretKey random();

    [[nodiscard]] bool isSet() const;
    /// Valid as long as this object.
    [[nodiscard]] ByteView octets() const { return octets_; }

  private:
    void wipe();

    std::array<std::uint8_t, kSize> octets_{};
};

}  // namespace vitalgate::crypto
