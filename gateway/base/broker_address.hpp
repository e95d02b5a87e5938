#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/error.hpp"

namespace vitalgate {

enum class BrokerScheme { mqtt, mqtts, ws, wss };

/// Where a broker listens, as people write it: "mqtts://broker.example:8883",
/// "wss://broker.example/mqtt". Without a port 1883, 8883, 80 or 443.
struct BrokerAddress {
    BrokerScheme scheme = BrokerScheme::mqtts;
    std::string host;  ///< a name or an address, without brackets
    std::uint16_t port = 0;
    std::string path;  ///< of ws and wss, with its "/"; else empty

    /// ErrorKind::invalid with the first half of a sentence if it is none of the four, has no host,
    /// a bad port, a user name (those have keys of their own, and are not repeated in the message),
    /// or is longer than 512 characters.
    static Result<BrokerAddress> parse(std::string_view uri);

    [[nodiscard]] bool isEncrypted() const {
        return scheme == BrokerScheme::mqtts || scheme == BrokerScheme::wss;
    }
    /// True for localhost and the loopback addresses: what never leaves this machine.
    [[nodiscard]] bool isLoopback() const;
    [[nodiscard]] std::string_view schemeWord() const;
    /// "broker.example:8883": how messages name it.
    [[nodiscard]] std::string text() const;
    /// "mqtts://broker.example:8883": always with the port.
    [[nodiscard]] std::string uri() const;
    bool operator==(const BrokerAddress&) const = default;
};

}  // namespace vitalgate
