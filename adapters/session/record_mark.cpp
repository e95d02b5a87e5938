#include "adapters/session/record_mark.hpp"

#include <sstream>
#include <utility>

namespace vitalgate::session {

namespace {

/// Numbers above it may wrap before the next connection.
constexpr std::uint16_t kMayWrap = 0xF000;
constexpr const char* kNoTime = "-";

std::optional<std::uint16_t> takeNumber(std::istream& words) {
    // A stream takes -1 for an unsigned number too.
    std::int32_t number = 0;
    if (!(words >> number) || !std::in_range<std::uint16_t>(number)) return std::nullopt;
    return static_cast<std::uint16_t>(number);
}

}  // namespace

RecordMark RecordMark::fromBookmark(const std::string& text) {
    RecordMark mark;
    std::istringstream words(text);
    const auto number = takeNumber(words);
    std::string time;
    words >> time;
    const auto check = takeNumber(words);
    if (!number || !check) return mark;
    if (time == kNoTime) time.clear();
    mark.known_ = SeenRecord{*number, std::move(time), *check};
    mark.unknownBelow_ = takeNumber(words);
    return mark;
}

std::string RecordMark::bookmark() const {
    if (!known_) return {};
    const auto& [number, time, check] = *known_;
    auto text = fmt::format("{} {} {}", number, time.empty() ? kNoTime : time, check);
    if (unknownBelow_) text += fmt::format(" {}", *unknownBelow_);
    return text;
}

std::optional<std::uint16_t> RecordMark::from() const {
    if (!known_ || known_->number >= kMayWrap) return std::nullopt;
    return known_->number;
}

std::optional<std::uint16_t> RecordMark::upTo() const {
    if (!unknownBelow_ || *unknownBelow_ == 0) return std::nullopt;
    return static_cast<std::uint16_t>(*unknownBelow_ - 1);
}

void RecordMark::begin(Run run, std::uint16_t step) {
    run_.clear();
    step_ = step;
    first_.reset();
    kind_ = run;
    isSame_ = false;
    isInOrder_ = true;
}

void RecordMark::take(const SeenRecord& record) {
    const auto number = record.number;
    const bool isNext = run_.contains(static_cast<std::uint16_t>(number - step_));
    if (!first_) {
        first_ = number;
    } else if (!isNext && !run_.contains(number)) {
        isInOrder_ = false;
    }
    run_.insert_or_assign(number, record);
    if (kind_ == Run::below) return;
    if (known_ && number == known_->number) isSame_ = isSame_ || record == *known_;
    // Of a first record alone nobody can tell whether others come before it.
    const bool isAll = kind_ == Run::all;
    const bool advances = isInOrder_ && (isAll ? isNext && (!known_ || isSame_) : isSame_);
    if (!advances || (known_ && number <= known_->number)) return;
    // The device may go on below its first one.
    if (isAll && !known_) unknownBelow_ = first_;
    known_ = record;
    isSame_ = true;
}

bool RecordMark::takeLive(const SeenRecord& record) {
    if (!known_ || record.time.empty() || record.number <= known_->number) return true;
    if (record.number > known_->number + step_) return false;
    known_ = record;
    return true;
}

bool RecordMark::finish() {
    if (kind_ == Run::below) {
        unknownBelow_.reset();
        return true;
    }
    const bool isAll = kind_ == Run::all;
    if (!isAll && !isSame_) {
        known_.reset();
        unknownBelow_.reset();
        return false;
    }
    if (isAll) unknownBelow_.reset();
    if (run_.empty()) {
        known_.reset();
    } else {
        known_ = run_.rbegin()->second;
    }
    return true;
}

}  // namespace vitalgate::session
