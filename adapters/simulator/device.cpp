#include "adapters/simulator/device.hpp"

#include <algorithm>
#include <cmath>

namespace vitalgate::simulator {

Device::Device(DeviceSettings settings, std::uint64_t seed, Clock& clock, Ledger& ledger,
               Radio& radio)
    : settings_(std::move(settings)),
      spec_(*findModel(settings_.model)),
      model_(spec_.make(settings_)),
      clock_(clock),
      ledger_(ledger),
      radio_(radio),
      random_(seed),
      calendar_(settings_.clock, clock),
      deviceTime_(calendar_.zoneOffset()),
      switchedOn_(clock.steady()),
      signalDbm_(settings_.advertise.signalDbm) {
    describe();
}

void Device::start() {
    schedules_.reserve(settings_.measures.size());
    for (const auto& each : settings_.measures) {
        schedules_.push_back({&each, each.times, {}});
        const auto next = recall(schedules_.back());
        if (next) plan(schedules_.back(), *next);
    }
    for (const auto& away : settings_.advertise.away) {
        journeys_.push_back(clock_.after(away.at, [this] { leave(); }));
        journeys_.push_back(clock_.after(away.at + away.lasting, [this] { comeBack(); }));
    }
    const auto& resetAt = settings_.records.resetAt;
    if (resetAt) journeys_.push_back(clock_.after(*resetAt, [this] { reset(); }));
    if (settings_.advertise.when == AdvertiseWhen::always) openWindow();
}

/// Measures what was to be measured before the start, with the times of then. When the next one is
/// due; nothing if there is none.
std::optional<Duration> Device::recall(Schedule& schedule) {
    const auto& every = schedule.measure->every;
    auto due = schedule.measure->first;
    while (due < Duration::zero()) {
        measure(*schedule.measure, due);
        if (!every || (schedule.left > 0 && --schedule.left == 0)) return std::nullopt;
        due += *every;
    }
    return due;
}

void Device::plan(Schedule& schedule, Duration delay) {
    schedule.timer = clock_.after(delay, [this, &schedule] {
        const auto& every = schedule.measure->every;
        const bool isLast = !every || (schedule.left > 0 && --schedule.left == 0);
        if (!isLast) plan(schedule, *every);
        measure(*schedule.measure, Duration::zero());
    });
}

Number Device::drawNumber(const NumberRange& range) {
    if (range.special != Special::none) return {0, 0, range.special};
    const double unit = std::pow(10.0, -range.decimals);
    const auto steps = static_cast<std::uint64_t>(std::llround((range.high - range.low) / unit));
    const auto step = steps == 0 ? 0 : random_.next() % (steps + 1);
    return {range.low + static_cast<double>(step) * unit, range.decimals, Special::none};
}

Sample Device::draw(const Measure& measure, Duration ago) {
    Sample sample;
    sample.failed = measure.failed;
    sample.continuous = measure.continuous;
    sample.choices = measure.choices;
    sample.age = age() + ago;
    for (const auto& [name, range] : measure.values) sample.values[name] = drawNumber(range);
    for (const auto& [name, ranges] : measure.lists) {
        for (const auto& range : ranges) sample.lists[name].push_back(drawNumber(range));
    }
    for (const auto& status : spec_.statuses) {
        if (std::ranges::find(measure.statuses, status.word) == measure.statuses.end()) continue;
        sample.status |= status.bits;
    }
    if (settings_.clock.kind != ClockKind::none) {
        const auto shift = std::chrono::floor<std::chrono::seconds>(ago);
        sample.time = toLocalDateTime(toLocal(calendar_.now()) + shift);
    }
    if (measure.user) {
        const auto slot = settings_.slots.find(*measure.user);
        sample.user =
            slot != settings_.slots.end() ? slot->second : static_cast<std::uint8_t>(*measure.user);
    }
    return sample;
}

void Device::measure(const Measure& measure, Duration ago) {
    if (!model_->measures() || (measure.continuous && !link_)) return;
    const auto number = ++count_;
    const auto sample = draw(measure, ago);
    auto outputs = measure.characteristic
                       ? Outputs{{*measure.characteristic, measure.payload, {number}}}
                       : model_->measured(sample, number);
    noteMeasured(measure, sample, number);
    deliver(measure, sample, number, std::move(outputs));
}

void Device::noteMeasured(const Measure& measure, const Sample& sample, std::uint64_t number) {
    std::vector<Ledger::Field> fields{{"n", number}};
    if (measure.user) fields.push_back({"user", static_cast<std::uint64_t>(*measure.user)});
    if (sample.time && !measure.characteristic) {
        fields.push_back({"deviceTime", sample.time->text()});
    }
    const auto* store = model_->records();
    const auto* record = store ? store->find(number) : nullptr;
    if (record) fields.push_back({"record", std::uint64_t{record->key}});
    ledger_.write(name(), "measured", fields);
}

/// What is stored, or one of a stream, is sent to whoever listens now, and not kept for others.
void Device::deliver(const Measure& measure, const Sample& sample, std::uint64_t number,
                     Outputs outputs) {
    const bool isKeptHere = !measure.continuous && !model_->records();
    Pending pending{number, sample.user, {}};
    bool goes = false;
    for (auto& output : outputs) {
        if (isKeptHere && !output.numbers.empty()) {
            pending.values.push_back(std::move(output));
        } else if (link_ && canGo(output) && model_->maySend(sample.user)) {
            goes = goes || !output.numbers.empty();
            link_->now.push_back(std::move(output));
        }
    }
    if (!pending.values.empty()) return remember(std::move(pending));
    if (measure.continuous && !goes) {
        ledger_.write(name(), "missed", {{"n", number}, {"why", "nobody has subscribed"}});
    }
    idle_.cancel();
    stored();
    pump();
    afterDelivery();
}

/// In the device's own store.
void Device::stored() {
    auto* store = model_->records();
    if (!store) return;
    store->trim(settings_.memory);
    reportLost();
    const bool calls = !link_ && store->hasUndelivered() &&
                       settings_.advertise.when == AdvertiseWhen::afterMeasurement;
    if (calls) openWindow();
}

void Device::reset() {
    ledger_.write(name(), "reset");
    model_->reset(age());
    reportLost();
}

void Device::reportLost() {
    auto* store = model_->records();
    if (!store) return;
    for (const auto& [number, why] : store->takeLost()) {
        ledger_.write(name(), "missed", {{"n", number}, {"why", why}});
    }
}

void Device::remember(Pending pending) {
    memory_.push_back(std::move(pending));
    trim(std::max<std::size_t>(settings_.memory, 1), "memory full");
    idle_.cancel();
    if (link_) {
        pump();
    } else if (settings_.advertise.when == AdvertiseWhen::afterMeasurement) {
        openWindow();
    }
    const bool waits = link_ ? !link_->inFlight : settings_.advertise.when == AdvertiseWhen::always;
    if (waits) trim(settings_.memory, link_ ? "nobody has subscribed" : "not connected");
}

void Device::trim(std::size_t limit, std::string_view why) {
    const std::size_t first = link_ && link_->inFlight && link_->flightIsKept ? 1 : 0;
    while (memory_.size() > limit && memory_.size() > first) {
        const auto oldest = memory_.begin() + static_cast<std::ptrdiff_t>(first);
        ledger_.write(name(), "missed", {{"n", oldest->number}, {"why", std::string(why)}});
        memory_.erase(oldest);
    }
}

bool Device::hasUnsent() const {
    const auto* store = model_->records();
    return !memory_.empty() || (store && store->hasUndelivered());
}

void Device::openWindow() {
    if (link_ || away_ > 0) return;
    const bool wasOpen = std::exchange(advertising_, true);
    if (settings_.advertise.when == AdvertiseWhen::afterMeasurement) {
        window_ = clock_.after(settings_.advertise.window, [this] { closeWindow(); });
    }
    if (wasOpen) return;
    const auto jitter = random_.below(settings_.advertise.every);
    packets_ = clock_.after(jitter, [this] { advertise(); });
}

void Device::closeWindow() {
    stopAdvertising();
    trim(settings_.memory, "no connection while advertising");
}

void Device::stopAdvertising() {
    packets_.cancel();
    window_.cancel();
    if (std::exchange(advertising_, false)) radio_.silenced(*this);
}

/// Out of range.
void Device::leave() {
    if (away_++ > 0) return;
    stopAdvertising();
    if (link_) end("link-lost");
}

void Device::comeBack() {
    if (--away_ > 0) return;
    if (settings_.advertise.when == AdvertiseWhen::always || hasUnsent()) openWindow();
}

void Device::advertise() {
    packets_ = clock_.after(settings_.advertise.every, [this] { advertise(); });
    signalDbm_ = settings_.advertise.signalDbm + static_cast<int>(random_.next() % 5) - 2;
    radio_.advertised(*this);
}

}  // namespace vitalgate::simulator
