#include "adapters/session/record_mark.hpp"

#include <charconv>

namespace vitalgate::session {

namespace {

/// Numbers above it may wrap before the next connection.
constexpr std::uint16_t kMayWrap = 0xF000;

}  // namespace

RecordMark RecordMark::fromBookmark(const std::string& text) {
    RecordMark mark;
    Mark known;
    const auto* end = text.data() + text.size();
    const auto [next, error] = std::from_chars(text.data(), end, known.number);
    if (error != std::errc{} || (next != end && *next != ' ')) return mark;
    if (next != end) known.time.assign(next + 1, end);
    mark.known_ = std::move(known);
    return mark;
}

std::string RecordMark::bookmark() const {
    return known_ ? fmt::format("{} {}", known_->number, known_->time) : std::string();
}

std::optional<std::uint16_t> RecordMark::from() const {
    if (!known_ || known_->number >= kMayWrap) return std::nullopt;
    return known_->number;
}

void RecordMark::begin(bool whole, std::uint16_t step) {
    run_.clear();
    step_ = step;
    first_.reset();
    whole_ = whole;
    isSame_ = false;
    isInOrder_ = true;
}

void RecordMark::take(std::uint16_t number, const std::string& time) {
    const bool isNext = run_.contains(static_cast<std::uint16_t>(number - step_));
    if (!first_) {
        first_ = number;
    } else if (!isNext && !run_.contains(number)) {
        isInOrder_ = false;
    }
    run_.emplace(number, time);
    if (known_ && number == known_->number) isSame_ = isSame_ || time == known_->time;
    // Of a first record alone nobody can tell whether others come before it.
    const bool advances = isInOrder_ && (whole_ ? isNext && (!known_ || isSame_) : isSame_);
    if (!advances || (known_ && number <= known_->number)) return;
    known_ = Mark{number, time};
    isSame_ = true;
}

bool RecordMark::takeLive(std::uint16_t number, const std::string& time) {
    if (!known_ || known_->time.empty() || number <= known_->number) return true;
    if (number > known_->number + step_) return false;
    known_ = Mark{number, time};
    return true;
}

bool RecordMark::finish() {
    if (!whole_ && !isSame_) {
        known_.reset();
        return false;
    }
    if (run_.empty()) {
        known_.reset();
    } else {
        known_ = Mark{run_.rbegin()->first, run_.rbegin()->second};
    }
    return true;
}

}  // namespace vitalgate::session
