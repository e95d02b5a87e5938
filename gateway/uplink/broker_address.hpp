#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/error.hpp"

namespace vitalgate::uplink {

enum class BrokerScheme { mqtt, mqtts, ws, wss };

/// Where a broker listens, as people write it: "mqtts://broker.example:8883",
/// "wss://broker.example/mqtt". Without a port 1883, 8883, 80 or 443.
struct BrokerAddress {
    BrokerScheme scheme = BrokerScheme::mqtts;
    std::string host;  ///< a name or an address, without brackets
    std::uint16_t port = 0;
    std::string path;  ///< of ws and wss, with its "/"; else empty

    /// ErrorKind::invalid with a sentence if it is none of the four, has no host, a bad port, a
    /// user name (those have keys of their own), or is longer than 512 characters.
    static Result<BrokerAddress> parse(std::string_view uri);

    [[nodiscard]] bool isEncrypted() const {
        return scheme == BrokerScheme::mqtts || scheme == BrokerScheme::wss;
    }
    /// True for localhost and the loopback addresses: what never leaves this machine.
    [[nodiscard]] bool isLoopback() const;
    /// "broker.example:8883": how messages name it.
    [[nodiscard]] std::string text() const;
    bool operator==(const BrokerAddress&) const = default;
};

}  // namespace vitalgate::uplink
