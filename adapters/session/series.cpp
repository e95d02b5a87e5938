#include "adapters/session/series.hpp"

#include <algorithm>
#include <cmath>

#include "adapters/profiles/number_formats.hpp"
#include "adapters/session/waiting_values.hpp"
#include "gateway/base/words.hpp"

namespace vitalgate::session {

namespace {

using std::chrono::milliseconds;

/// A step so many times the usual one is a gap.
constexpr double kGap = 1.5;

std::uint32_t sinceMs(const Value& first, const Value& value) {
    const auto passed =
        std::chrono::round<milliseconds>(value.received.uptime - first.received.uptime);
    return static_cast<std::uint32_t>(std::max<milliseconds::rep>(passed.count(), 0));
}

constexpr std::string_view kImplausible = "implausible";

/// What a value is of, not how good it is.
std::vector<std::string> kindWords(const v1::Observation& observation) {
    std::vector<std::string> words;
    std::ranges::copy_if(observation.status(), std::back_inserter(words),
                         [](const std::string& word) { return word != kImplausible; });
    return words;
}

bool isImplausible(const v1::Observation& observation) {
    return std::ranges::find(observation.status(), kImplausible) != observation.status().end();
}

/// One observation of a device is told from another by its code and its words ("fast", "slow").
bool isSame(const v1::Observation& a, const v1::Observation& b) {
    return a.code() == b.code() && kindWords(a) == kindWords(b);
}

bool isSample(const v1::Observation* observation) {
    return observation != nullptr && observation->has_value() && !isImplausible(*observation);
}

const v1::Observation* find(const v1::Reading& reading, const v1::Observation& like) {
    const auto& all = reading.observations();
    const auto found = std::ranges::find_if(
        all, [&like](const v1::Observation& each) { return isSame(each, like); });
    return found == all.end() ? nullptr : &*found;
}

void addSpan(v1::Samples& samples, std::uint32_t fromMs, std::uint32_t toMs, v1::Absent absent,
             const std::string& word) {
    if (!samples.spans().empty()) {
        auto& last = *samples.mutable_spans()->rbegin();
        const bool isSameReason = last.absent() == absent &&
                                  last.status_size() == (word.empty() ? 0 : 1) &&
                                  (word.empty() || last.status(0) == word);
        if (isSameReason && last.to_ms() == fromMs) return last.set_to_ms(toMs);
    }
    auto& span = *samples.add_spans();
    span.set_from_ms(fromMs);
    span.set_to_ms(toMs);
    span.set_absent(absent);
    if (!word.empty()) span.add_status(word);
}

void addWords(const v1::Reading& from, v1::Reading& to) {
    for (const auto& word : from.status()) {
        if (std::ranges::find(to.status(), word) == to.status().end()) to.add_status(word);
    }
}

}  // namespace

std::optional<Piece> Series::take(Piece piece) {
    const auto& value = piece.values.front();
    std::optional<Piece> complete;
    const bool isLong =
        !values_.empty() && value.received.uptime - values_.front().received.uptime >= interval_;
    const auto octets = toText({value}).size();
    if (isLong || octets_ + octets > kMostOctets) complete = flush();
    octets_ += octets;
    values_.push_back(value);
    entries_.push_back({sinceMs(values_.front(), value), std::move(piece.measurement)});
    return complete;
}

std::optional<SteadyTime> Series::begin() const {
    if (values_.empty()) return std::nullopt;
    return values_.front().received.uptime;
}

std::optional<SteadyTime> Series::due() const {
    if (values_.empty()) return std::nullopt;
    return values_.front().received.uptime + interval_;
}

/// The median distance of two values.
std::uint32_t Series::usualStepMs() const {
    std::vector<std::uint32_t> steps;
    for (std::size_t i = 1; i < entries_.size(); ++i) {
        steps.push_back(entries_[i].atMs - entries_[i - 1].atMs);
    }
    if (steps.empty()) return 0;
    const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
    std::ranges::nth_element(steps, middle);
    return *middle;
}

/// No value is missing or refused: the times of arrival differ by the radio's delays alone.
bool Series::isEven(std::uint32_t stepMs) const {
    if (stepMs == 0) return false;
    for (std::size_t i = 1; i < entries_.size(); ++i) {
        const double step = entries_[i].atMs - entries_[i - 1].atMs;
        if (step > stepMs * kGap || step < stepMs / 2.0) return false;
    }
    return std::ranges::none_of(
        entries_, [](const Entry& entry) { return entry.measurement.refused.has_value(); });
}

void Series::addGaps(v1::Samples& samples, const v1::Observation& of) const {
    const auto step = usualStepMs();
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        const auto& [atMs, measurement] = entries_[i];
        const auto nextMs = i + 1 < entries_.size() ? entries_[i + 1].atMs : atMs + step;
        const bool isGap = step > 0 && nextMs - atMs > step * kGap;
        const auto untilMs = isGap ? atMs + step : nextMs;
        const auto* observation = find(measurement.reading, of);
        if (measurement.refused) {
            const auto& name = v1::MeasurementRefusal_Name(*measurement.refused);
            addSpan(samples, atMs, untilMs, v1::ABSENT_UNSPECIFIED, enumWord(name, "REFUSED_"));
        } else if (!isSample(observation)) {
            const auto absent =
                observation != nullptr ? observation->absent() : v1::ABSENT_NOT_RECORDED;
            const bool wasSaid = observation != nullptr && isImplausible(*observation);
            addSpan(samples, atMs, untilMs, absent, std::string(wasSaid ? kImplausible : ""));
        }
        if (isGap) addSpan(samples, untilMs, nextMs, v1::ABSENT_NOT_RECORDED, {});
    }
}

/// One of each kind that came, without its result.
void Series::addObservations(v1::Reading& reading) const {
    for (const auto& entry : entries_) {
        addWords(entry.measurement.reading, reading);
        for (const auto& observation : entry.measurement.reading.observations()) {
            if (find(reading, observation) != nullptr) continue;
            auto& made = *reading.add_observations();
            made = observation;
            made.clear_result();
            made.clear_decimals();
            made.clear_reported();
            made.clear_status();
            for (auto& word : kindWords(observation)) made.add_status(std::move(word));
        }
    }
}

void Series::addNoSamples(v1::Observation& made) const {
    const bool wasSaid = std::ranges::any_of(entries_, [&made](const Entry& entry) {
        const auto* observation = find(entry.measurement.reading, made);
        return observation != nullptr && isImplausible(*observation);
    });
    made.set_absent(wasSaid ? v1::ABSENT_UNSPECIFIED : v1::ABSENT_NOT_RECORDED);
    if (wasSaid) made.add_status(std::string(kImplausible));
}

void Series::addSamples(v1::Observation& made, std::uint32_t stepMs, bool even) const {
    std::vector<std::pair<std::uint32_t, const v1::Observation*>> found;
    std::uint32_t decimals = 0;
    for (const auto& entry : entries_) {
        const auto* observation = find(entry.measurement.reading, made);
        if (!isSample(observation)) continue;
        found.emplace_back(entry.atMs, observation);
        decimals = std::max(decimals, observation->decimals());
    }
    if (found.empty()) return addNoSamples(made);
    auto& samples = *made.mutable_samples();
    samples.set_decimals(decimals);
    samples.set_scale(profiles::decimal(1, -static_cast<int>(decimals)).value);
    const bool isPeriodic = even && found.size() == entries_.size();
    if (isPeriodic) samples.set_period_ms(stepMs);
    for (const auto& [atMs, observation] : found) {
        const auto raw = std::round(observation->value() / samples.scale());
        samples.add_raw(static_cast<std::int32_t>(raw));
        if (!isPeriodic) samples.add_at_ms(atMs);
    }
    if (!isPeriodic) addGaps(samples, made);
}

std::optional<Piece> Series::flush() {
    if (values_.empty()) return std::nullopt;
    Piece out;
    const auto good = std::ranges::find_if(
        entries_, [](const Entry& entry) { return !entry.measurement.refused; });
    if (good == entries_.end()) {
        out.measurement = std::move(entries_.front().measurement);
    } else {
        out.measurement.reading.set_kind(good->measurement.reading.kind());
        out.measurement.reading.set_duration_ms(entries_.back().atMs + usualStepMs());
        auto& reading = out.measurement.reading;
        addObservations(reading);
        const auto step = usualStepMs();
        const bool even = isEven(step);
        for (auto& made : *reading.mutable_observations()) addSamples(made, step, even);
    }
    out.measurement.continuous = true;
    out.values.push_back(std::move(values_.front()));
    values_.clear();
    octets_ = 0;
    entries_.clear();
    return out;
}

}  // namespace vitalgate::session
