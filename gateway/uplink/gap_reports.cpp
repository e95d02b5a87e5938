#include "gateway/uplink/gap_reports.hpp"

#include <utility>

namespace vitalgate::uplink {

store::RangeSet GapReports::reported(const store::RangeSet& missing, const store::RangeSet& again,
                                     SteadyTime now) {
    if (now >= intervalEnd_ && putOff_.empty()) recent_ = {};
    auto fresh = missing;
    fresh.remove(again);
    putOff_.add(fresh.commonWith(recent_));
    putOff_.widenTo(kMaximumRanges);
    fresh.remove(recent_);
    return keep(fresh, now);
}

store::RangeSet GapReports::keep(const store::RangeSet& ranges, SteadyTime now) {
    if (ranges.empty()) return ranges;
    if (recent_.empty()) intervalEnd_ = now + kInterval;
    recent_.add(ranges);
    recent_.widenTo(kMaximumRanges);
    asked_.add(ranges);
    asked_.limitTo(kMaximumRanges);
    return ranges;
}

store::RangeSet GapReports::takeDue(const store::RangeSet& again, SteadyTime now) {
    if (putOff_.empty() || now < intervalEnd_) return {};
    recent_ = {};
    auto due = std::exchange(putOff_, {});
    due.remove(again);
    return keep(due, now);
}

std::optional<SteadyTime> GapReports::deadline() const {
    if (putOff_.empty()) return std::nullopt;
    return intervalEnd_;
}

store::RangeSet GapReports::confirmed(const store::RangeSet& ranges) {
    putOff_.remove(ranges);
    auto unwanted = asked_.commonWith(ranges);
    asked_.remove(unwanted);
    return unwanted;
}

void GapReports::connected() {
    recent_ = {};
    intervalEnd_ = {};
}

}  // namespace vitalgate::uplink
