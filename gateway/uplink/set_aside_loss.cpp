#include "gateway/uplink/set_aside_loss.hpp"

#include <array>

#include "gateway/crypto/identity.hpp"

namespace vitalgate::uplink {

store::NewRow setAsideLoss(const RefusedRow& refused, const std::string& uplink,
                           const std::string& stream, Clock& clock, Random& random) {
    store::NewRow row;
    row.priority = v1::PRIORITY_ALARM;
    auto& event = *row.record.mutable_event();
    std::array<std::uint8_t, 10> chance{};
    random.fill(chance);
    event.set_id(crypto::uuidVersion7(clock.wall(), chance));
    toStamp(clock.now(), *event.mutable_occurred());
    event.set_severity(v1::SEVERITY_WARNING);
    event.set_text(fmt::format("The broker of uplink {} refused row {} for good: {}.", uplink,
                               refused.row.sequence, publishReasonText(refused.reason)));
    auto& loss = *event.mutable_loss();
    loss.set_reason(v1::LOSS_SET_ASIDE);
    loss.set_stream(stream);
    auto& range = *loss.add_ranges();
    range.set_first(refused.row.sequence);
    range.set_last(refused.row.sequence);
    loss.set_count(1);
    toTimestamp(refused.row.committed, *loss.mutable_oldest());
    toTimestamp(refused.row.committed, *loss.mutable_newest());
    loss.set_uplink(uplink);
    loss.set_priority(refused.row.priority);
    return row;
}

}  // namespace vitalgate::uplink
