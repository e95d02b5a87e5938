#include "gateway/uplink/publish_verdict.hpp"

#include <array>

namespace vitalgate::uplink {
namespace {

struct ReasonRow {
    int reason;
    PublishVerdict verdict;
    std::string_view text;
};

/// A missing permission is no property of the row: whoever repairs the broker's access list wants
/// the readings, so only what concerns the bytes themselves is set aside.
constexpr std::array kReasons = {
    ReasonRow{0x80, PublishVerdict::retryLater, "unspecified error"},
    ReasonRow{0x82, PublishVerdict::reconnect, "protocol error"},
    ReasonRow{0x83, PublishVerdict::retryLater, "implementation specific error"},
    ReasonRow{kNotAuthorized, PublishVerdict::retryLater, "not authorized"},
    ReasonRow{0x90, PublishVerdict::setAside, "topic name invalid"},
    ReasonRow{0x91, PublishVerdict::reconnect, "packet identifier in use"},
    ReasonRow{0x95, PublishVerdict::setAside, "packet too large"},
    ReasonRow{0x97, PublishVerdict::retryLater, "quota exceeded"},
    ReasonRow{0x99, PublishVerdict::setAside, "payload format invalid"},
    ReasonRow{kEndsConnection, PublishVerdict::setAside,
              "it ends the connection when this row comes"},
};

const ReasonRow* find(int reason) {
    for (const auto& row : kReasons) {
        if (row.reason == reason) return &row;
    }
    return nullptr;
}

}  // namespace

PublishVerdict publishVerdict(int reason) {
    const auto* row = find(reason);
    return row != nullptr ? row->verdict : PublishVerdict::retryLater;
}

std::string_view publishReasonText(int reason) {
    const auto* row = find(reason);
    return row != nullptr ? row->text : "unknown reason";
}

}  // namespace vitalgate::uplink
