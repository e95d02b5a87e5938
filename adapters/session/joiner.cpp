#include "adapters/session/joiner.hpp"

#include <algorithm>
#include <iterator>

namespace vitalgate::session {

namespace {

using profiles::Part;
using Kind = Part::Kind;

constexpr std::string_view kWeightKind = "weight";
/// A context with this reason tells that its record is none of glucose.
constexpr auto kNoGlucose = v1::REFUSED_UNKNOWN_FORMAT;

bool isOfScale(Kind kind) {
    return kind == Kind::weight || kind == Kind::composition;
}

/// Both say so.
bool isSameName(const Part& a, const Part& b) {
    return isOfScale(a.kind) == isOfScale(b.kind) && !a.event.empty() && a.event == b.event;
}

/// Some scales name the event in one of its values only; the two come one after the other.
bool mayBeSameEvent(const Part& a, const Part& b) {
    if (isOfScale(a.kind) != isOfScale(b.kind)) return false;
    const bool isUnnamed =
        isOfScale(a.kind) && a.kind != b.kind && (a.event.empty() || b.event.empty());
    return isUnnamed || a.event == b.event;
}

const v1::Observation* find(const v1::Reading& reading, const std::string& code) {
    const auto& all = reading.observations();
    const auto found = std::ranges::find(all, code, &v1::Observation::code);
    return found == all.end() ? nullptr : &*found;
}

/// The two give different numbers for the same thing: they are not one event.
bool contradicts(const v1::Reading& a, const v1::Reading& b) {
    return std::ranges::any_of(b.observations(), [&a](const v1::Observation& observation) {
        const auto* other = find(a, observation.code());
        return other != nullptr && other->has_value() && observation.has_value() &&
               other->value() != observation.value();
    });
}

/// `more` into `reading`, which keeps what it has.
void merge(v1::Reading& reading, const v1::Reading& more) {
    for (const auto& observation : more.observations()) {
        const auto* known = find(reading, observation.code());
        if (known == nullptr) *reading.add_observations() = observation;
    }
    for (const auto& word : more.status()) {
        const auto& words = reading.status();
        if (std::ranges::find(words, word) == words.end()) reading.add_status(word);
    }
    if (!reading.has_user_slot() && more.has_user_slot()) reading.set_user_slot(more.user_slot());
}

/// The weight is what a scale is for; a record is what its context is of.
bool isPrincipal(Kind kind) {
    return kind == Kind::weight || kind == Kind::glucose;
}

bool hasValue(const std::vector<Value>& values, const Value& value) {
    return std::ranges::any_of(values, [&value](const Value& each) {
        return each.characteristic == value.characteristic && each.bytes == value.bytes;
    });
}
bool hasValue(const Piece& piece, const Value& value) {
    return hasValue(piece.values, value);
}

void combine(Piece& piece, Piece more) {
    const bool leads =
        isPrincipal(more.measurement.part->kind) && !isPrincipal(piece.measurement.part->kind);
    if (leads) std::swap(piece, more);
    merge(piece.measurement.reading, more.measurement.reading);
    const bool hasWeight = more.measurement.reading.kind() == kWeightKind;
    if (hasWeight) piece.measurement.reading.set_kind(std::string(kWeightKind));
    if (!piece.measurement.deviceTime) {
        piece.measurement.deviceTime = more.measurement.deviceTime;
        piece.measurement.reading.set_device_time(more.measurement.reading.device_time());
    }
    std::ranges::move(more.values, std::back_inserter(piece.values));
}

}  // namespace

/// By its name; a piece without one belongs to what waits for it, unless several do: nobody can
/// tell whose it is then.
std::vector<Joiner::Waiting>::iterator Joiner::find(const Part& part) {
    const auto named = std::ranges::find_if(waiting_, [&part](const Waiting& each) {
        return isSameName(*each.piece.measurement.part, part);
    });
    if (named != waiting_.end()) return named;
    const auto mayBe = [&part](const Waiting& each) {
        return mayBeSameEvent(*each.piece.measurement.part, part);
    };
    const bool isOne = std::ranges::count_if(waiting_, mayBe) == 1;
    return isOne ? std::ranges::find_if(waiting_, mayBe) : waiting_.end();
}

/// Several weights wait for it.
bool Joiner::isAmbiguous(const Part& part) const {
    return part.event.empty() && std::ranges::count_if(waiting_, [&part](const Waiting& each) {
                                     return mayBeSameEvent(*each.piece.measurement.part, part);
                                 }) > 1;
}

Joiner::Waiting Joiner::begin(Piece piece, SteadyTime now) const {
    const auto& part = *piece.measurement.part;
    Waiting waiting;
    waiting.hasWeight = part.kind == Kind::weight;
    waiting.hasComposition = part.kind == Kind::composition;
    waiting.needsPacket = part.kind == Kind::composition && part.announced;
    waiting.needsContext = part.kind == Kind::glucose && part.announced;
    waiting.until = now + kPatience;
    waiting.piece = std::move(piece);
    return waiting;
}

void Joiner::add(Waiting& waiting, Piece piece) const {
    const auto kind = piece.measurement.part->kind;
    waiting.hasWeight = waiting.hasWeight || kind == Kind::weight;
    // The second packet bears the same flag as the first.
    waiting.needsPacket = kind == Kind::composition && !waiting.hasComposition
                              ? piece.measurement.part->announced
                              : waiting.needsPacket && kind != Kind::composition;
    waiting.hasComposition = waiting.hasComposition || kind == Kind::composition;
    waiting.needsContext = waiting.needsContext && kind != Kind::glucoseContext;
    combine(waiting.piece, std::move(piece));
}

bool Joiner::isWhole(const Waiting& waiting) const {
    const auto kind = waiting.piece.measurement.part->kind;
    if (kind == Kind::glucoseContext) return false;
    if (!isOfScale(kind)) return !waiting.needsContext;
    return !waiting.needsPacket && (!both_ || (waiting.hasWeight && waiting.hasComposition));
}

bool Joiner::isAnother(const Waiting& waiting, const Piece& piece) const {
    const auto kind = piece.measurement.part->kind;
    const bool isSecond = isPrincipal(kind) && isPrincipal(waiting.piece.measurement.part->kind);
    const bool isSurplus =
        kind == Kind::composition && waiting.hasComposition && !waiting.needsPacket;
    return isSecond || isSurplus ||
           contradicts(waiting.piece.measurement.reading, piece.measurement.reading);
}

std::vector<Piece> Joiner::take(Piece piece, SteadyTime now) {
    std::vector<Piece> out;
    if (const auto reason = refusalOf(*piece.measurement.part)) {
        piece.measurement.refused = reason;
        out.push_back(std::move(piece));
        return out;
    }
    if (isAmbiguous(*piece.measurement.part)) {
        piece.partial = true;
        out.push_back(std::move(piece));
        return out;
    }
    auto at = find(*piece.measurement.part);
    // The same again, as a device sends it that was not heard.
    const auto& value = piece.values.front();
    const bool isKnown = at != waiting_.end() ? hasValue(at->piece, value)
                                              : !isPrincipal(piece.measurement.part->kind) &&
                                                    hasValue(completed_, value);
    if (isKnown && piece.hasIdentity) return out;
    if (at != waiting_.end() && isAnother(*at, piece)) {
        out.push_back(giveOut(at, true));
        at = waiting_.end();
    }
    if (at == waiting_.end()) {
        if (auto completed = amended(piece)) {
            out.push_back(std::move(*completed));
            return out;
        }
        waiting_.push_back(begin(std::move(piece), now));
        at = std::prev(waiting_.end());
    } else {
        add(*at, std::move(piece));
    }
    if (isWhole(*at)) out.push_back(giveOut(at, false));
    if (waiting_.size() > kMaxWaiting) out.push_back(giveOut(waiting_.begin(), true));
    return out;
}

std::vector<Piece> Joiner::refuse(const Part& part, v1::MeasurementRefusal reason) {
    std::vector<Piece> out;
    const auto at = find(part);
    // It will not come any more.
    if (isOfScale(part.kind)) {
        if (at != waiting_.end() && !isAmbiguous(part)) out.push_back(giveOut(at, true));
        return out;
    }
    const bool isContext = part.kind == Kind::glucoseContext;
    if (isContext && reason != kNoGlucose) return out;
    refused_.push_back({part.kind, part.event, reason});
    if (refused_.size() > kMaxWaiting) refused_.pop_front();
    if (at == waiting_.end()) return out;
    auto piece = std::move(at->piece);
    waiting_.erase(at);
    piece.measurement.refused = reason;
    out.push_back(std::move(piece));
    return out;
}

std::optional<v1::MeasurementRefusal> Joiner::refusalOf(const Part& part) const {
    if (isOfScale(part.kind)) return std::nullopt;
    const auto at = std::ranges::find_if(refused_, [&part](const Refused& each) {
        return each.kind != part.kind && each.event == part.event;
    });
    return at == refused_.end() ? std::nullopt : std::optional(at->reason);
}

std::optional<Piece> Joiner::amended(Piece& late) {
    const auto at = std::ranges::find_if(incomplete_, [&late](const Piece& each) {
        const auto& part = *each.measurement.part;
        // The same kind again is another reading, or the same one read again.
        return isSameName(part, *late.measurement.part) &&
               !(isPrincipal(part.kind) && isPrincipal(late.measurement.part->kind)) &&
               !contradicts(each.measurement.reading, late.measurement.reading);
    });
    if (at == incomplete_.end()) return std::nullopt;
    Piece whole = std::move(*at);
    incomplete_.erase(at);
    auto before = std::make_shared<const Piece>(whole);
    completed_.push_back(late.values.front());
    combine(whole, std::move(late));
    whole.partial = false;
    whole.amends = std::move(before);
    return whole;
}

/// One of each: the same may be read, and given out, again.
void Joiner::remember(Piece piece) {
    if (piece.measurement.part->event.empty()) return;
    std::erase_if(incomplete_,
                  [&piece](const Piece& each) { return hasValue(each, piece.values.front()); });
    incomplete_.push_back(std::move(piece));
    if (incomplete_.size() > kMaxWaiting) incomplete_.erase(incomplete_.begin());
}

/// Several packets are one piece again.
void Joiner::recall(Piece piece) {
    piece.partial = true;
    if (!piece.measurement.part) return;
    const auto at = std::ranges::find_if(incomplete_, [&piece](const Piece& each) {
        return isSameName(*each.measurement.part, *piece.measurement.part) &&
               !isPrincipal(piece.measurement.part->kind);
    });
    if (at == incomplete_.end()) return remember(std::move(piece));
    combine(*at, std::move(piece));
}

std::vector<Value> Joiner::incomplete() const {
    std::vector<Value> values;
    for (const auto& each : incomplete_) {
        values.insert(values.end(), each.values.begin(), each.values.end());
    }
    return values;
}

Piece Joiner::giveOut(std::vector<Waiting>::iterator at, bool partial) {
    auto piece = std::move(at->piece);
    piece.partial = partial;
    waiting_.erase(at);
    if (partial) {
        remember(piece);
        return piece;
    }
    const auto& values = piece.values;
    completed_.insert(completed_.end(), values.begin(), values.end());
    while (completed_.size() > kMaxWaiting) completed_.erase(completed_.begin());
    // Read again, now with what was missing.
    const auto before = std::ranges::find_if(incomplete_, [&piece](const Piece& each) {
        return each.values.size() < piece.values.size() && hasValue(piece, each.values.front());
    });
    if (before != incomplete_.end()) {
        piece.amends = std::make_shared<const Piece>(std::move(*before));
        incomplete_.erase(before);
    }
    return piece;
}

std::vector<Piece> Joiner::expire(SteadyTime now) {
    std::vector<Piece> out;
    while (!waiting_.empty() && waiting_.front().until <= now) {
        out.push_back(giveOut(waiting_.begin(), true));
    }
    return out;
}

std::vector<Piece> Joiner::flush() {
    return expire(SteadyTime::max());
}

std::vector<Piece> Joiner::flushUnnamed() {
    std::vector<Piece> out;
    for (;;) {
        const auto at = std::ranges::find_if(waiting_, [](const Waiting& each) {
            return each.piece.measurement.part->event.empty();
        });
        if (at == waiting_.end()) return out;
        out.push_back(giveOut(at, true));
    }
}

std::optional<SteadyTime> Joiner::nextExpiry() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.front().until;
}

std::vector<Value> Joiner::waiting() const {
    std::vector<Value> values;
    for (const auto& each : waiting_) {
        values.insert(values.end(), each.piece.values.begin(), each.piece.values.end());
    }
    return values;
}

}  // namespace vitalgate::session
