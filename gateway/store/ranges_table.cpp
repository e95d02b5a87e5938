#include "gateway/store/ranges_table.hpp"

#include <algorithm>
#include <array>

#include "gateway/store/meta_table.hpp"

namespace vitalgate::store {

namespace {

struct NamedSet {
    std::string_view name;
    RangeSet DeliverySets::* set;
};

constexpr std::array kSets{NamedSet{"sent", &DeliverySets::sent},
                           NamedSet{"stored", &DeliverySets::stored},
                           NamedSet{"again", &DeliverySets::again}};

void addLost(DeliverySets& sets, const RangeSet& lost) {
    sets.sent.add(lost);
    sets.stored.add(lost);
    sets.again.remove(lost);
}

void limit(DeliverySets& sets) {
    sets.sent.limitTo(RangesTable::kMaximumRanges);
    sets.stored.limitTo(RangesTable::kMaximumRanges);
    sets.again.widenTo(RangesTable::kMaximumRanges);
}

}  // namespace

Status RangesTable::load() {
    storedByAll_.reset();
    const auto known = readUplinks(database_);
    if (!known) return std::unexpected(known.error());
    for (const auto& uplink : *known) sets_[uplink];
    Query query(database_, R"(SELECT uplink, "set", first, last FROM ranges)");
    for (;;) {
        const auto row = query.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) break;
        const auto name = query.text(1);
        for (const auto& known_ : kSets) {
            if (known_.name != name) continue;
            (sets_[query.text(0)].*known_.set)
                .add(Range{query.unsignedInteger(2), query.unsignedInteger(3)});
        }
    }
    for (const auto& uplink : configured_) {
        if (sets_.try_emplace(uplink).second) changed_.insert(uplink);
    }
    return {};
}

DeliverySets RangesTable::get(const std::string& uplink) {
    const auto [at, isNew] = sets_.try_emplace(uplink);
    if (isNew) {
        changed_.insert(uplink);
        storedByAll_.reset();
    }
    return at->second;
}

void RangesTable::put(const std::string& uplink, DeliverySets sets) {
    addLost(sets, lost_);
    limit(sets);
    sets_[uplink] = std::move(sets);
    changed_.insert(uplink);
    storedByAll_.reset();
}

Status RangesTable::write(const RangeSet& lost) {
    for (const auto& [uplink, sets] : sets_) {
        if (lost.empty() && !changed_.contains(uplink)) continue;
        auto now = sets;
        addLost(now, lost);
        limit(now);
        if (auto written = writeOne(uplink, now); !written) return written;
    }
    return {};
}

Status RangesTable::writeOne(const std::string& uplink, const DeliverySets& sets) {
    auto done = knowUplink(database_, uplink);
    if (done) done = database_.run("DELETE FROM ranges WHERE uplink = ?1", uplink);
    for (const auto& [name, set] : kSets) {
        for (const auto& range : (sets.*set).ranges()) {
            if (!done) return done;
            done = database_.run(
                R"(INSERT INTO ranges(uplink, "set", first, last) VALUES(?1, ?2, ?3, ?4))", uplink,
                name, range.first, range.last);
        }
    }
    return done;
}

void RangesTable::committed(const RangeSet& lost) {
    changed_.clear();
    if (lost.empty()) return;
    storedByAll_.reset();
    lost_.add(lost);
    // Exact would be better, but this memory must not grow with every loss.
    lost_.limitTo(kMaximumRanges);
    for (auto& [uplink, sets] : sets_) {
        addLost(sets, lost);
        limit(sets);
    }
}

std::vector<std::string> RangesTable::uplinks() const {
    if (!configured_.empty()) return configured_;
    std::vector<std::string> known;
    for (const auto& [uplink, sets] : sets_) known.push_back(uplink);
    return known;
}

const RangeSet& RangesTable::storedByAll() const {
    if (!storedByAll_) storedByAll_ = common();
    return *storedByAll_;
}

RangeSet RangesTable::common() const {
    const auto known = uplinks();
    if (known.empty()) return {};
    auto all = sets_.at(known.front()).stored;
    for (const auto& uplink : known) all = all.commonWith(sets_.at(uplink).stored);
    return all;
}

RangeSet RangesTable::lackedBy(const std::string& uplink, const RangeSet& rows) const {
    auto lacking = rows;
    lacking.remove(sets_.at(uplink).stored);
    return lacking;
}

bool RangesTable::isSent(const std::string& concerned, std::uint64_t sequence) const {
    return std::ranges::any_of(uplinks(), [&](const std::string& uplink) {
        if (!concerned.empty() && concerned != uplink) return false;
        const auto& sets = sets_.at(uplink);
        return sets.sent.contains(sequence) || sets.stored.contains(sequence);
    });
}

}  // namespace vitalgate::store
