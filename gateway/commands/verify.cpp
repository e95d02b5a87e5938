#include "gateway/commands/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "gateway/base/identifier.hpp"
#include "gateway/base/topic.hpp"
#include "gateway/commands/kinds.hpp"
#include "gateway/commands/whole.hpp"
#include "gateway/crypto/crypto.hpp"

namespace vitalgate::commands {

namespace {

struct Refusal {
    v1::CommandRefusal refusal;
    std::string text;
    v1::CommandState state = v1::COMMAND_REFUSED;
};
using Outcome = std::optional<Refusal>;

struct Examination {
    const Policy& policy;
    const Request& request;
    const Moment& now;
    Verdict& verdict;
    v1::SignedCommand envelope;
    const Permission* permission = nullptr;  ///< of the key that signed
    std::optional<WallTime> issuedAt;
};

/// "0190b0c1-8a5e-7c3d-9f42-1a2b3c4d5e6f", either case.
bool isUuidVersion7(std::string_view text) {
    if (text.size() != 36 || text[14] != '7') return false;
    if (std::string_view{"89abAB"}.find(text[19]) == std::string_view::npos) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool isHyphen = i == 8 || i == 13 || i == 18 || i == 23;
        const bool fits =
            isHyphen ? text[i] == '-' : std::isxdigit(static_cast<unsigned char>(text[i])) != 0;
        if (!fits) return false;
    }
    return true;
}

std::string lowerCase(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    return text;
}

/// A time stamp that fits the hub's arithmetic: from 1970 on, and before 2255.
template <class Timestamp>
std::optional<WallTime> usableTime(const Timestamp& stamp) {
    constexpr std::int64_t kLatest = 9'000'000'000;
    if (stamp.seconds() < 0 || stamp.seconds() > kLatest) return std::nullopt;
    if (stamp.nanos() < 0 || stamp.nanos() > 999'999'999) return std::nullopt;
    return fromTimestamp(stamp);
}

Outcome checkSize(Examination& on) {
    if (!on.request.tooLarge && on.request.payload.size() <= kLargestRequest) return {};
    return Refusal{v1::REFUSAL_TOO_LARGE,
                   fmt::format("at most {} octets are read", kLargestRequest)};
}

Outcome checkForm(Examination& on) {
    if (!parseLimited(on.request.payload, on.envelope)) {
        return Refusal{v1::REFUSAL_MALFORMED, "not a SignedCommand"};
    }
    if (isIdentifier(on.envelope.key_id())) on.verdict.keyId = on.envelope.key_id();
    if (!parseLimited(on.envelope.command(), on.verdict.command)) {
        on.verdict.command.Clear();
        return Refusal{v1::REFUSAL_MALFORMED, "field command of SignedCommand is not a Command"};
    }
    const auto digest = crypto::sha256(asBytes(on.envelope.command()));
    on.verdict.digest.assign(digest.begin(), digest.end());
    return {};
}

/// Takes over what the answer needs; what could not be stored or named safely is left out.
Outcome checkNames(Examination& on) {
    const auto& command = on.verdict.command;
    auto& verdict = on.verdict;
    verdict.kind = kindWord(command);
    if (isIdentifier(command.device())) verdict.device = command.device();
    const auto& correlation =
        command.correlation().empty() ? on.request.correlation : command.correlation();
    if (correlation.size() <= kLargestCorrelation) verdict.correlation = correlation;
    if (!isUuidVersion7(command.id())) {
        return Refusal{v1::REFUSAL_MALFORMED, "id is not a UUID of version 7"};
    }
    verdict.id = lowerCase(command.id());
    if (!command.device().empty() && verdict.device.empty()) {
        return Refusal{v1::REFUSAL_MALFORMED, "device is not an identifier"};
    }
    if (correlation.size() > kLargestCorrelation) {
        return Refusal{v1::REFUSAL_OUT_OF_RANGE,
                       fmt::format("correlation: at most {} octets", kLargestCorrelation)};
    }
    return {};
}

Outcome checkRetained(Examination& on) {
    if (!on.request.retained) return {};
    return Refusal{v1::REFUSAL_RETAINED,
                   "a retained command would be run at each connection; publish without retain"};
}

Outcome checkAuthenticity(Examination& on) {
    if (on.policy.accept == v1::TRUST_TRANSPORT_ONLY) {
        on.verdict.keyId.clear();
        on.verdict.authentic = true;
        return {};
    }
    if (on.policy.accept != v1::TRUST_SIGNED) {
        return Refusal{v1::REFUSAL_DISABLED, "this hub takes no commands (commands.accept: none)"};
    }
    if (on.envelope.signature().empty()) {
        return Refusal{v1::REFUSAL_UNSIGNED, "this hub takes signed commands only"};
    }
    const auto key = on.policy.keys.find(on.verdict.keyId);
    if (key == on.policy.keys.end()) {
        return Refusal{v1::REFUSAL_UNKNOWN_KEY, "no key of that id is configured (commands.keys)"};
    }
    if (!crypto::verify(key->second.publicKey, asBytes(on.envelope.command()),
                        asBytes(on.envelope.signature()))) {
        return Refusal{v1::REFUSAL_BAD_SIGNATURE,
                       "the signature is not that of the named key over these bytes"};
    }
    on.permission = &key->second;
    on.verdict.authentic = true;
    return {};
}

Outcome checkHub(Examination& on) {
    if (on.verdict.command.hub() == on.policy.hub) return {};
    return Refusal{v1::REFUSAL_WRONG_HUB, fmt::format("this hub is {}", on.policy.hub)};
}

Outcome checkResponseTopic(Examination& on) {
    const auto& own = on.verdict.command.response_topic();
    const auto& topic = own.empty() ? on.request.responseTopic : own;
    if (topic.empty()) return {};
    if (const auto suffix = resultSuffix(topic, on.request.resultsTopic); !suffix) {
        return Refusal{v1::REFUSAL_RESPONSE_TOPIC, suffix.error().message};
    }
    on.verdict.responseTopic = topic;
    return {};
}

/// A kind of a later version, or one that no hub may know, shows as an unknown field.
Refusal unknownKind(const v1::Command& command) {
    const auto& unknown = command.GetReflection()->GetUnknownFields(command);
    for (int i = 0; i < unknown.field_count(); ++i) {
        if (isNeverNumber(unknown.field(i).number())) {
            return {v1::REFUSAL_NEVER, "no hub does this"};
        }
    }
    return {v1::REFUSAL_UNKNOWN_KIND, "no kind that this version knows"};
}

Outcome checkKind(Examination& on) {
    const auto& command = on.verdict.command;
    const auto* kind = findKind(on.verdict.kind);
    if (kind == nullptr) return unknownKind(command);
    if (!isUnderstoodWhole(command) || !isUnderstoodWhole(on.envelope)) {
        return Refusal{v1::REFUSAL_UNKNOWN_FIELD,
                       "a field or a value that this version does not know"};
    }
    if (kind->forHub != command.device().empty()) {
        return Refusal{v1::REFUSAL_OUT_OF_RANGE,
                       kind->forHub
                           ? fmt::format("{} concerns the hub: leave device empty", kind->word)
                           : fmt::format("{} needs a device", kind->word)};
    }
    if (on.policy.supported.contains(kind->word)) return {};
    return Refusal{v1::REFUSAL_NOT_SUPPORTED, fmt::format("this hub cannot do {}", kind->word)};
}

/// Signed times are the requester's word. Without a signature the transport's expiry is as good.
Outcome readTimes(Examination& on) {
    const auto& command = on.verdict.command;
    const bool isSigned = on.policy.accept == v1::TRUST_SIGNED;
    if (command.has_issued_at()) {
        on.issuedAt = usableTime(command.issued_at());
        if (!on.issuedAt) return Refusal{v1::REFUSAL_OUT_OF_RANGE, "issued_at is no usable time"};
    } else if (isSigned) {
        return Refusal{v1::REFUSAL_MALFORMED, "issued_at is missing"};
    }
    if (command.has_not_after()) {
        const auto notAfter = usableTime(command.not_after());
        if (!notAfter) return Refusal{v1::REFUSAL_OUT_OF_RANGE, "not_after is no usable time"};
        on.verdict.notAfter = *notAfter;
        return {};
    }
    if (isSigned || !on.request.expirySeconds) {
        return Refusal{v1::REFUSAL_MALFORMED, "not_after is missing"};
    }
    on.verdict.notAfter = on.now.wall + std::chrono::seconds{*on.request.expirySeconds};
    return {};
}

Outcome checkTimes(Examination& on) {
    const auto notAfter = on.verdict.notAfter;
    const auto from = on.issuedAt.value_or(on.now.wall);
    if (on.issuedAt && notAfter <= from) {
        return Refusal{v1::REFUSAL_OUT_OF_RANGE, "not_after is not after issued_at"};
    }
    if (notAfter - from > on.policy.maximumValidity) {
        return Refusal{v1::REFUSAL_VALID_TOO_LONG,
                       fmt::format("valid for more than {} (commands.max-validity)",
                                   formatDuration(on.policy.maximumValidity))};
    }
    const bool isClockTrusted =
        on.now.trust == ClockTrust::synchronised || on.now.trust == ClockTrust::holdover;
    if (!isClockTrusted && !findKind(on.verdict.kind)->onlyReads) {
        return Refusal{v1::REFUSAL_CLOCK_UNTRUSTED,
                       "the hub's clock is not synchronised: it cannot tell whether this is old"};
    }
    if (on.now.wall > notAfter) {
        return Refusal{v1::REFUSAL_UNSPECIFIED,
                       fmt::format("not_after was {}", formatUtc(notAfter)), v1::COMMAND_EXPIRED};
    }
    // A clock that was never set is behind: then this check would refuse everything.
    if (isClockTrusted && from > on.now.wall + kClockTolerance) {
        return Refusal{v1::REFUSAL_NOT_YET_VALID,
                       fmt::format("issued_at is more than {} ahead of the hub's clock",
                                   formatDuration(kClockTolerance))};
    }
    return {};
}

Outcome checkPermission(Examination& on) {
    const Permission everythingOrdinary;
    const auto& permission = on.permission != nullptr ? *on.permission : everythingOrdinary;
    const auto& verdict = on.verdict;
    const bool isKindPermitted = permission.kinds ? permission.kinds->contains(verdict.kind)
                                                  : !findKind(verdict.kind)->ownPermission;
    if (!isKindPermitted) {
        return Refusal{v1::REFUSAL_KIND_NOT_PERMITTED,
                       fmt::format("{} is not among the kinds of this key", verdict.kind)};
    }
    if (verdict.device.empty() || !permission.devices ||
        permission.devices->contains(verdict.device)) {
        return {};
    }
    return Refusal{v1::REFUSAL_DEVICE_NOT_PERMITTED, "not among the devices of this key"};
}

/// In this order: what was read first is what the answer can say; nothing behind checkAuthenticity
/// is told to a stranger.
constexpr std::array kChecks{checkSize,         checkForm,  checkNames,         checkRetained,
                             checkAuthenticity, checkHub,   checkResponseTopic, checkKind,
                             readTimes,         checkTimes, checkPermission};

}  // namespace

Verdict verify(const Policy& policy, const Request& request, const Moment& now) {
    Verdict verdict;
    Examination on{policy, request, now, verdict, {}, nullptr, std::nullopt};
    for (const auto check : kChecks) {
        if (auto refusal = check(on)) {
            verdict.state = refusal->state;
            verdict.refusal = refusal->refusal;
            verdict.text = std::move(refusal->text);
            break;
        }
    }
    return verdict;
}

}  // namespace vitalgate::commands
