#include "gateway/uplink/backlog_pace.hpp"

#include <algorithm>

namespace vitalgate::uplink {

void BacklogPace::sent(std::uint64_t number, std::size_t bytes, SteadyTime now) {
    sent_[number] = {bytes, now};
    onTheWay_ += bytes;
}

void BacklogPace::answered(std::uint64_t number, SteadyTime now) {
    const auto found = sent_.extract(number);
    if (found.empty()) return;
    const auto& message = found.mapped();
    onTheWay_ -= message.bytes;
    const auto took = now - message.time;
    if (took <= kQuick) {
        allowed_ = std::min(allowed_ + message.bytes, std::max(most_, kLeast));
    } else if (took > kSlow && message.time >= halved_) {
        // Once for all that was on the way together.
        allowed_ = std::max(allowed_ / 2, kLeast);
        halved_ = now;
    }
}

/// Two at a time, so that the line is not idle while an acknowledgement comes back.
std::size_t BacklogPace::room() const {
    const auto next = std::min(batchBytes_, std::max(allowed_ / 2, kLeast));
    return sent_.empty() || onTheWay_ + next <= allowed_ ? next : 0;
}

}  // namespace vitalgate::uplink
