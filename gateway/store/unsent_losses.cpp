#include "gateway/store/unsent_losses.hpp"

#include <algorithm>

#include "gateway/store/meta_table.hpp"
#include "gateway/store/store_events.hpp"

namespace vitalgate::store {

namespace {

/// In table `meta`, so that they are found again after a restart without a search through the log.
std::string nameOf(const v1::Loss& loss) {
    return fmt::format("loss/{}/{}", static_cast<int>(loss.priority()), loss.uplink());
}

/// Nothing if it is not there, or does not open.
Result<std::optional<v1::Loss>> readLoss(LogTable& log, std::uint64_t sequence) {
    Fetch fetch;
    fetch.next = sequence;
    fetch.last = sequence;
    const auto ended = log.step(fetch);
    if (!ended) return std::unexpected(ended.error());
    v1::Record record;
    if (fetch.rows.empty() || !record.ParseFromString(fetch.rows.front().bytes) ||
        !record.event().has_loss()) {
        return std::optional<v1::Loss>{};
    }
    return record.event().loss();
}

bool isSameKind(const v1::Loss& left, const v1::Loss& right) {
    return left.reason() == right.reason() && left.stream() == right.stream() &&
           left.priority() == right.priority() && left.uplink() == right.uplink();
}

}  // namespace

Result<RangeSet> UnsentLosses::join(std::vector<NewRow>& records, const Moment& now) {
    RangeSet replaced;
    for (std::size_t i = 0; i < records.size(); ++i) {
        const auto sequence = joinOne(records[i]);
        if (!sequence) return std::unexpected(sequence.error());
        if (*sequence == 0) continue;
        replaced.add(Range{*sequence, *sequence});
        tellOthers(*sequence, std::string{records[i].record.event().loss().uplink()}, records, now);
    }
    return replaced;
}

/// The sequence of the record that was taken out; 0 if there is none.
Result<std::uint64_t> UnsentLosses::joinOne(NewRow& record) {
    const auto& loss = record.record.event().loss();
    const auto sequence = readNumber(database_, nameOf(loss));
    if (!sequence) return sequence;
    // A message with the earlier record may be under way. If it arrives, the service is told the
    // same truth twice, which does no harm.
    if (*sequence == 0 || ranges_.isSent(loss.uplink(), *sequence)) return std::uint64_t{0};
    const auto earlier = readLoss(log_, *sequence);
    if (!earlier) return std::unexpected(earlier.error());
    if (!*earlier || !isSameKind(**earlier, loss)) return std::uint64_t{0};
    const auto erased = log_.erase(*sequence);
    if (!erased) return std::unexpected(erased.error());
    joinLoss(**earlier, *sequence, record);
    return *sequence;
}

/// A record that concerned one uplink had a sequence in the stream of all.
void UnsentLosses::tellOthers(std::uint64_t sequence, const std::string& concerned,
                              std::vector<NewRow>& records, const Moment& now) {
    if (concerned.empty()) return;
    const RangeSet replaced(Range{sequence, sequence});
    for (const auto& uplink : ranges_.uplinks()) {
        if (uplink == concerned || ranges_.lackedBy(uplink, replaced).empty()) continue;
        const auto tells = [&](const NewRow& row) {
            const auto& told = row.record.event().loss().uplink();
            return told.empty() || told == uplink;
        };
        auto record = std::ranges::find_if(records, tells);
        if (record == records.end()) {
            const std::string stream{records.front().record.event().loss().stream()};
            record = records.insert(records.end(), emptyLoss(stream, uplink, now));
        }
        nameReplaced(sequence, *record);
    }
}

Status UnsentLosses::remember(const NewRow& record) {
    return writeNumber(database_, nameOf(record.record.event().loss()), record.record.sequence());
}

}  // namespace vitalgate::store
