#include "adapters/simulator/record_store.hpp"

#include <algorithm>

namespace vitalgate::simulator {

const Record* RecordStore::find(std::uint64_t number) const {
    const auto found = std::ranges::find(records_, number, &Record::number);
    return found == records_.end() ? nullptr : &*found;
}

bool RecordStore::hasUndelivered() const {
    return !std::ranges::all_of(records_, &Record::delivered);
}

void RecordStore::delivered(std::uint64_t number) {
    const auto found = std::ranges::find(records_, number, &Record::number);
    if (found != records_.end()) found->delivered = true;
}

void RecordStore::note(const Record& record, const std::string& why) {
    if (!record.delivered) lost_.emplace_back(record.number, why);
}

void RecordStore::trim(std::size_t limit) {
    while (records_.size() > limit) {
        note(records_.front(), "memory full");
        records_.pop_front();
    }
}

void RecordStore::remove(const std::function<bool(const Record&)>& isChosen) {
    std::erase_if(records_, [&](const Record& record) {
        if (!isChosen(record)) return false;
        note(record, "deleted");
        return true;
    });
}

void RecordStore::clear(std::string why) {
    for (const auto& record : records_) note(record, why);
    records_.clear();
    sequence_ = 0;
}

}  // namespace vitalgate::simulator
