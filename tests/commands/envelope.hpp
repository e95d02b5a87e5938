#pragma once

#include <algorithm>
#include <string>

#include "gateway/commands/policy.hpp"
#include "gateway/commands/request.hpp"
#include "gateway/crypto/crypto.hpp"
#include "vitalgate/v1/command.pb.h"

namespace vitalgate::commands::testing {

inline const WallTime kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                           std::chrono::hours{8}};
inline constexpr std::string_view kId = "0190b0c1-8a5e-7c3d-9f42-1a2b3c4d5e6f";

inline crypto::SecretKey seed(std::uint8_t fill) {
    std::array<std::uint8_t, 32> octets{};
    octets.fill(fill);
    return crypto::SecretKey{octets};
}

inline Bytes publicKey(std::uint8_t fill) {
    const auto key = crypto::publicKeyOf(seed(fill));
    return {key.begin(), key.end()};
}

/// The service's key `care`: everything ordinary. The hub can do everything.
inline Policy policy() {
    Policy policy;
    policy.hub = "hub-7f3a";
    const auto* kinds = v1::Command::descriptor()->FindOneofByName("kind");
    for (int i = 0; i < kinds->field_count(); ++i) {
        auto word = kinds->field(i)->name();
        std::replace(word.begin(), word.end(), '_', '-');
        policy.supported.insert(word);
    }
    policy.keys["care"].publicKey = publicKey(7);
    return policy;
}

/// get-status, valid from a minute ago for ten minutes.
inline v1::Command getStatus(std::string_view id = kId) {
    v1::Command command;
    command.set_id(std::string{id});
    command.set_hub("hub-7f3a");
    toTimestamp(kNow - std::chrono::minutes{1}, *command.mutable_issued_at());
    toTimestamp(kNow + std::chrono::minutes{9}, *command.mutable_not_after());
    command.mutable_get_status();
    return command;
}

/// An id that differs in its last digits.
inline std::string idNumber(unsigned number) {
    return fmt::format("0190b0c1-8a5e-7c3d-9f42-{:012x}", number);
}

inline v1::SignedCommand sign(const v1::Command& command, std::string_view keyId = "care",
                              std::uint8_t keyFill = 7) {
    v1::SignedCommand envelope;
    envelope.set_command(command.SerializeAsString());
    envelope.set_key_id(std::string{keyId});
    const auto signature = crypto::sign(seed(keyFill), asBytes(envelope.command()));
    envelope.set_signature(asText(signature));
    return envelope;
}

inline Request request(std::string payload) {
    Request request;
    request.uplink = "care";
    request.resultsTopic = "vitalgate/v1/hub-7f3a/results";
    request.payload = std::move(payload);
    return request;
}

inline Request request(const v1::Command& command) {
    return request(sign(command).SerializeAsString());
}

}  // namespace vitalgate::commands::testing
