#include "gateway/store/store_events.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "gateway/crypto/crypto.hpp"
#include "gateway/crypto/identity.hpp"

namespace vitalgate::store {

namespace {

constexpr std::size_t kMaximumRanges = 256;

v1::Event newEvent(const Moment& now, v1::Severity severity, std::string text) {
    v1::Event event;
    event.set_id(crypto::uuidVersion7(now.wall, crypto::randomOctets<10>()));
    toStamp(now, *event.mutable_occurred());
    event.set_severity(severity);
    event.set_text(std::move(text));
    return event;
}

NewRow rowOf(v1::Event event) {
    NewRow row;
    *row.record.mutable_event() = std::move(event);
    row.priority = v1::PRIORITY_ALARM;
    return row;
}

std::string lossText(const v1::Loss& loss) {
    if (loss.reason() == v1::LOSS_MOVED) {
        return fmt::format(
            "{} records of the earlier stream, not yet delivered, come again in this one.",
            loss.count());
    }
    return fmt::format("{} records were lost before delivery: {}.", loss.count(),
                       loss.reason() == v1::LOSS_QUOTA ? "the store had reached its maximum size"
                                                       : "their stored content was damaged");
}

RangeSet rangesOf(const v1::Loss& loss) {
    RangeSet set;
    for (const auto& range : loss.ranges()) set.add(Range{range.first(), range.last()});
    return set;
}

void setRanges(v1::Loss& loss, RangeSet set) {
    set.widenTo(kMaximumRanges);
    loss.clear_ranges();
    for (const auto& range : set.ranges()) {
        auto& out = *loss.add_ranges();
        out.set_first(range.first);
        out.set_last(range.last);
    }
}

RangeSet sequencesOf(const std::vector<LostRow>& rows) {
    RangeSet set;
    for (const auto& row : rows) set.add(Range{row.sequence, row.sequence});
    return set;
}

/// Who lacks what; the name is empty where all lack the same.
std::map<std::string, RangeSet> lacking(const RangesTable& ranges, const RangeSet& rows) {
    std::map<std::string, RangeSet> result;
    bool isSame = true;
    for (const auto& uplink : ranges.uplinks()) {
        auto set = ranges.lackedBy(uplink, rows);
        isSame = isSame && set == rows;
        if (!set.empty()) result.emplace(uplink, std::move(set));
    }
    if (isSame) return {{std::string{}, rows}};
    return result;
}

NewRow lossRow(v1::Loss loss, const Moment& now) {
    auto event = newEvent(now, v1::SEVERITY_ALARM, lossText(loss));
    *event.mutable_loss() = std::move(loss);
    return rowOf(std::move(event));
}

NewRow lossRecord(const std::vector<LostRow>& rows, const RangeSet& lacked, v1::LossReason reason,
                  const Moment& now) {
    v1::Loss loss;
    auto named = lacked;
    auto oldest = WallTime::max();
    auto newest = WallTime::min();
    for (const auto& row : rows) {
        if (!lacked.contains(row.sequence)) continue;
        // Whichever it named: what is still held comes all the same.
        if (row.tellsLoss) named.add(Range{1, row.sequence});
        oldest = std::min(oldest, row.time);
        newest = std::max(newest, row.time);
        loss.set_count(loss.count() + 1);
    }
    setRanges(loss, std::move(named));
    loss.set_reason(reason);
    toTimestamp(oldest, *loss.mutable_oldest());
    toTimestamp(newest, *loss.mutable_newest());
    loss.set_priority(rows.front().priority);
    return lossRow(std::move(loss), now);
}

}  // namespace

NewRow storeEvent(const Moment& now, v1::Severity severity, v1::StoreKind kind, std::string text) {
    auto event = newEvent(now, severity, std::move(text));
    event.mutable_store()->set_kind(kind);
    return rowOf(std::move(event));
}

std::vector<NewRow> lossRecords(const std::vector<LostRow>& lost, v1::LossReason reason,
                                const RangesTable& ranges, const std::string& stream,
                                const Moment& now) {
    std::map<v1::Priority, std::vector<LostRow>> byPriority;
    for (const auto& row : lost) byPriority[row.priority].push_back(row);
    std::vector<NewRow> records;
    for (const auto& [priority, rows] : byPriority) {
        for (const auto& [uplink, lacked] : lacking(ranges, sequencesOf(rows))) {
            auto record = lossRecord(rows, lacked, reason, now);
            auto& loss = *record.record.mutable_event()->mutable_loss();
            loss.set_stream(stream);
            loss.set_uplink(uplink);
            records.push_back(std::move(record));
        }
    }
    return records;
}

void joinLoss(const v1::Loss& earlier, std::uint64_t sequence, NewRow& record) {
    auto& event = *record.record.mutable_event();
    auto& loss = *event.mutable_loss();
    auto named = rangesOf(loss);
    named.add(rangesOf(earlier));
    setRanges(loss, std::move(named));
    nameReplaced(sequence, record);
    loss.set_count(loss.count() + earlier.count());
    toTimestamp(std::min(fromTimestamp(loss.oldest()), fromTimestamp(earlier.oldest())),
                *loss.mutable_oldest());
    toTimestamp(std::max(fromTimestamp(loss.newest()), fromTimestamp(earlier.newest())),
                *loss.mutable_newest());
    event.set_text(lossText(loss));
}

void nameReplaced(std::uint64_t sequence, NewRow& record) {
    auto& loss = *record.record.mutable_event()->mutable_loss();
    auto named = rangesOf(loss);
    named.add(Range{sequence, sequence});
    setRanges(loss, std::move(named));
}

NewRow emptyLoss(const std::string& stream, const std::string& uplink, const Moment& now) {
    v1::Loss loss;
    loss.set_reason(v1::LOSS_QUOTA);
    loss.set_stream(stream);
    loss.set_uplink(uplink);
    loss.set_priority(v1::PRIORITY_ALARM);
    toTimestamp(now.wall, *loss.mutable_oldest());
    toTimestamp(now.wall, *loss.mutable_newest());
    return lossRow(std::move(loss), now);
}

std::vector<NewRow> earlierLossRecords(const std::string& stream, const RangeSet& rows,
                                       v1::LossReason reason, const Moment& now) {
    std::vector<NewRow> records;
    v1::Loss loss;
    const auto finish = [&] {
        loss.set_reason(reason);
        loss.set_stream(stream);
        records.push_back(lossRow(std::exchange(loss, {}), now));
    };
    for (const auto& range : rows.ranges()) {
        const bool isOpen = range.last == kMaximumSequence;
        auto& out = *loss.add_ranges();
        out.set_first(range.first);
        out.set_last(isOpen ? 0 : range.last);
        if (!isOpen) loss.set_count(loss.count() + range.last - range.first + 1);
        if (static_cast<std::size_t>(loss.ranges_size()) == kMaximumRanges) finish();
    }
    if (loss.ranges_size() > 0) finish();
    return records;
}

}  // namespace vitalgate::store
