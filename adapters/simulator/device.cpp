#include "adapters/simulator/device.hpp"

#include <algorithm>
#include <cmath>

namespace vitalgate::simulator {

namespace {

const Uuid kDeviceInformation{0x180a};
const Uuid kBatteryService{0x180f};
const Uuid kBatteryLevel{0x2a19};
const Uuid kCurrentTimeService{0x1805};
const Uuid kCurrentTime{0x2a2b};
const Uuid kDateTime{0x2a08};

constexpr std::size_t kCurrentTimeOctets = 10;
constexpr std::size_t kDateTimeOctets = 7;
constexpr std::uint8_t kManualUpdate = 1;

bool contains(const std::vector<Uuid>& list, const Uuid& uuid) {
    return std::ranges::find(list, uuid) != list.end();
}

/// How well a pairing of this kind protects.
Security strength(PairingDemand demand) {
    return demand == PairingDemand::passkey ? Security::authenticated : Security::encrypted;
}

}  // namespace

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
      signalDbm_(settings_.advertise.signalDbm) {
    describe();
}

void Device::describe() {
    const auto& info = settings_.information;
    const std::pair<std::uint16_t, const std::string*> texts[] = {
        {0x2a29, &info.manufacturer}, {0x2a24, &info.model},    {0x2a25, &info.serial},
        {0x2a26, &info.firmware},     {0x2a27, &info.hardware}, {0x2a28, &info.software}};
    std::vector<Characteristic> given;
    for (const auto& [uuid, text] : texts) {
        if (text->empty()) continue;
        const auto octets = asBytes(*text);
        constants_[Uuid{uuid}] = Bytes(octets.begin(), octets.end());
        given.push_back({Uuid{uuid}, {.read = true}});
    }
    if (settings_.advertise.connectable) database_.add(kDeviceInformation, std::move(given));
    if (settings_.battery) {
        constants_[kBatteryLevel] = Bytes{*settings_.battery};
        database_.add(kBatteryService, {{kBatteryLevel, {.read = true, .notify = true}}});
    }
    const Flags clockFlags{.read = true, .write = settings_.clock.settable};
    std::vector<Characteristic> dateTime;
    if (settings_.clock.kind == ClockKind::currentTime) {
        database_.add(kCurrentTimeService, {{kCurrentTime, clockFlags}});
    } else if (settings_.clock.kind == ClockKind::dateTime) {
        dateTime.push_back({kDateTime, clockFlags});
    }
    model_->describe(database_, std::move(dateTime));
}

void Device::start() {
    schedules_.reserve(settings_.measures.size());
    for (const auto& each : settings_.measures) {
        schedules_.push_back({&each, each.times, {}});
        plan(schedules_.back(), each.first);
    }
    for (const auto& away : settings_.advertise.away) {
        journeys_.push_back(clock_.after(away.at, [this] { leave(); }));
        journeys_.push_back(clock_.after(away.at + away.lasting, [this] { comeBack(); }));
    }
    if (settings_.advertise.when == AdvertiseWhen::always) openWindow();
}

void Device::plan(Schedule& schedule, Duration delay) {
    schedule.timer = clock_.after(delay, [this, &schedule] {
        const auto& every = schedule.measure->every;
        const bool isLast = !every || (schedule.left > 0 && --schedule.left == 0);
        if (!isLast) plan(schedule, *every);
        measure(*schedule.measure);
    });
}

Number Device::drawNumber(const NumberRange& range) {
    if (range.special != Special::none) return {0, 0, range.special};
    const double unit = std::pow(10.0, -range.decimals);
    const auto steps = static_cast<std::uint64_t>(std::llround((range.high - range.low) / unit));
    const auto step = steps == 0 ? 0 : random_.next() % (steps + 1);
    return {range.low + static_cast<double>(step) * unit, range.decimals, Special::none};
}

Sample Device::draw(const Measure& measure) {
    Sample sample;
    sample.failed = measure.failed;
    for (const auto& [name, range] : measure.values) sample.values[name] = drawNumber(range);
    for (const auto& status : spec_.statuses) {
        if (std::ranges::find(measure.statuses, status.word) == measure.statuses.end()) continue;
        sample.status = static_cast<std::uint16_t>(sample.status | status.bits);
    }
    if (settings_.clock.kind != ClockKind::none) sample.time = calendar_.now();
    if (measure.user) {
        const auto slot = settings_.slots.find(*measure.user);
        sample.user =
            slot != settings_.slots.end() ? slot->second : static_cast<std::uint8_t>(*measure.user);
    }
    return sample;
}

void Device::measure(const Measure& measure) {
    const auto number = ++count_;
    const auto sample = draw(measure);
    const auto characteristic = measure.characteristic.value_or(model_->measurement());
    if (sample.time && measure.user) {
        ledger_.write(name(), "measured",
                      {{"n", number},
                       {"user", static_cast<std::uint64_t>(*measure.user)},
                       {"deviceTime", sample.time->text()}});
    } else if (sample.time && !measure.characteristic) {
        ledger_.write(name(), "measured", {{"n", number}, {"deviceTime", sample.time->text()}});
    } else {
        ledger_.write(name(), "measured", {{"n", number}});
    }
    auto value = measure.characteristic ? measure.payload : model_->encode(sample);
    remember({number, database_.find(characteristic), std::move(value)});
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
    const std::size_t first = link_ && link_->inFlight ? 1 : 0;
    while (memory_.size() > limit && memory_.size() > first) {
        const auto oldest = memory_.begin() + static_cast<std::ptrdiff_t>(first);
        ledger_.write(name(), "missed", {{"n", oldest->number}, {"why", std::string(why)}});
        memory_.erase(oldest);
    }
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
    if (settings_.advertise.when == AdvertiseWhen::always || !memory_.empty()) openWindow();
}

void Device::advertise() {
    packets_ = clock_.after(settings_.advertise.every, [this] { advertise(); });
    signalDbm_ = settings_.advertise.signalDbm + static_cast<int>(random_.next() % 5) - 2;
    radio_.advertised(*this);
}

bool Device::connect() {
    if (!advertising_ || link_ || !settings_.advertise.connectable) return false;
    stopAdvertising();
    link_.emplace();
    ledger_.write(name(), "connected");
    if (endsAt(Step::connect)) return true;
    afterDelivery();
    return true;
}

void Device::resolved() {
    if (link_) endsAt(Step::resolve);
}

void Device::disconnect(std::string_view reason) {
    if (!link_) return;
    link_.reset();
    idle_.cancel();
    if (bond_ == Security::open) subscribed_.clear();
    ledger_.write(name(), "disconnected", {{"why", std::string(reason)}});
    if (settings_.advertise.when == AdvertiseWhen::always || !memory_.empty()) openWindow();
    if (settings_.advertise.when == AdvertiseWhen::always) trim(settings_.memory, "not connected");
}

void Device::end(std::string_view reason) {
    disconnect(reason);
    radio_.closed(*this);
}

bool Device::endsAt(Step step) {
    const auto& rule = settings_.disconnect;
    if (rule.at != step || (rule.times > 0 && endings_ >= rule.times)) return false;
    ++endings_;
    end(rule.reason);
    return true;
}

Security Device::security() const {
    return link_ ? link_->security : Security::open;
}

AttResult<void> Device::permit(const Characteristic& characteristic,
                               const std::vector<Uuid>& refused) const {
    if (!link_) return std::unexpected(AttError::unlikely);
    if (contains(settings_.pairing.encrypt, characteristic.uuid) &&
        link_->security < strength(settings_.pairing.demand)) {
        return std::unexpected(AttError::insufficientAuthentication);
    }
    if (contains(refused, characteristic.uuid)) return std::unexpected(settings_.refuse.error);
    return {};
}

AttResult<Bytes> Device::read(const Characteristic& characteristic) {
    if (!characteristic.flags.read) return std::unexpected(AttError::readNotPermitted);
    if (endsAt(Step::read)) return std::unexpected(AttError::unlikely);
    if (const auto allowed = permit(characteristic, settings_.refuse.read); !allowed) {
        return std::unexpected(allowed.error());
    }
    const auto& uuid = characteristic.uuid;
    if (const auto constant = constants_.find(uuid); constant != constants_.end()) {
        return constant->second;
    }
    if (uuid == kCurrentTime) {
        return currentTime(calendar_.now(), calendar_.fractions256(), adjustReason_);
    }
    if (uuid == kDateTime) {
        ByteWriter out;
        putDateTime(out, calendar_.now());
        return out.bytes();
    }
    return model_->read(uuid);
}

AttResult<void> Device::write(const Characteristic& characteristic, ByteView value) {
    if (!characteristic.flags.write) return std::unexpected(AttError::writeNotPermitted);
    if (endsAt(Step::write)) return std::unexpected(AttError::unlikely);
    if (auto allowed = permit(characteristic, settings_.refuse.write); !allowed) return allowed;
    const bool isClock = characteristic.uuid == kCurrentTime || characteristic.uuid == kDateTime;
    auto done =
        isClock ? writeClock(characteristic, value) : model_->write(characteristic.uuid, value);
    if (done) {
        ledger_.write(name(), "effect",
                      {{"characteristic", characteristic.uuid.shortText()}, {"hex", toHex(value)}});
    }
    return done;
}

AttResult<void> Device::writeClock(const Characteristic& characteristic, ByteView value) {
    const bool isCurrentTime = characteristic.uuid == kCurrentTime;
    if (value.size() != (isCurrentTime ? kCurrentTimeOctets : kDateTimeOctets)) {
        return std::unexpected(AttError::invalidLength);
    }
    const auto year = static_cast<std::uint16_t>(value[0] | value[1] << 8);
    const LocalDateTime time{year, value[2], value[3], value[4], value[5], value[6]};
    if (!time.isComplete()) return std::unexpected(AttError::outOfRange);
    calendar_.set(time);
    adjustReason_ = kManualUpdate;
    return {};
}

AttResult<void> Device::subscribe(const Characteristic& characteristic, bool on) {
    if (!characteristic.hasConfiguration()) return std::unexpected(AttError::invalidHandle);
    if (!on && !link_) {
        subscribed_.erase(characteristic.handle);
        return {};
    }
    if (endsAt(Step::subscribe)) return std::unexpected(AttError::unlikely);
    if (auto allowed = permit(characteristic, settings_.refuse.notify); !allowed) return allowed;
    if (on) {
        subscribed_.insert(characteristic.handle);
    } else {
        subscribed_.erase(characteristic.handle);
    }
    pump();
    return {};
}

PairingResult Device::pair(std::optional<std::uint32_t> passkey) {
    const auto& pairing = settings_.pairing;
    pairingAsked();
    if (pairing.demand == PairingDemand::refuse || !link_) return PairingResult::refused;
    if (pairing.demand == PairingDemand::passkey && passkey != pairing.passkey) {
        return PairingResult::wrongPasskey;
    }
    bonded();
    return PairingResult::bonded;
}

void Device::pairingAsked() {
    static constexpr std::string_view kWords[] = {"none", "just-works", "passkey", "refuse"};
    const auto demand = static_cast<std::size_t>(settings_.pairing.demand);
    ledger_.write(name(), "pairing", {{"demand", std::string(kWords[demand])}});
}

void Device::bonded() {
    setBond();
    const std::string level = bond_ == Security::authenticated ? "authenticated" : "encrypted";
    ledger_.write(name(), "bonded", {{"level", level}});
    secured();
}

void Device::adoptBond(bool exists) {
    if (exists == (bond_ != Security::open)) return;
    if (exists) return setBond();
    bond_ = Security::open;
    bondEnds_.cancel();
    subscribed_.clear();
}

void Device::setBond() {
    bond_ = strength(settings_.pairing.demand);
    const auto& lasting = settings_.pairing.forgetAfter;
    if (lasting) bondEnds_ = clock_.after(*lasting, [this] { forgetBond(); });
}

/// As a device does whose battery was changed.
void Device::forgetBond() {
    ledger_.write(name(), "erased");
    bond_ = Security::open;
    subscribed_.clear();
    if (link_) end("by-device");
    radio_.erased(*this);
}

void Device::secured() {
    if (!link_) return;
    link_->security = strength(settings_.pairing.demand);
    pump();
}

bool Device::encrypt() {
    if (!link_ || bond_ == Security::open) return false;
    link_->security = bond_;
    pump();
    return true;
}

void Device::pump() {
    if (!link_ || link_->inFlight || memory_.empty()) return;
    const auto& next = memory_.front();
    if (!subscribed_.contains(next.characteristic->handle)) return;
    link_->inFlight = true;
    idle_.cancel();
    ledger_.write(name(), "offered",
                  {{"n", next.number},
                   {"characteristic", next.characteristic->uuid.shortText()},
                   {"hex", toHex(next.value)}});
    radio_.send(*this, *next.characteristic, next.value, next.number);
}

void Device::confirmed() {
    if (!link_ || !link_->inFlight) return;
    link_->inFlight = false;
    ++link_->values;
    memory_.pop_front();
    const auto& rule = settings_.disconnect;
    const bool mayEnd = rule.times == 0 || endings_ < rule.times;
    if (rule.afterValues && mayEnd && link_->values >= *rule.afterValues) {
        ++endings_;
        return end(rule.reason);
    }
    pump();
    afterDelivery();
}

void Device::afterDelivery() {
    if (!link_ || link_->inFlight || !memory_.empty() || !settings_.disconnect.whenDone) return;
    idle_ = clock_.after(*settings_.disconnect.whenDone, [this] { end("by-device"); });
}

void Device::taken(std::uint64_t number, const Characteristic& characteristic) {
    ledger_.write(name(), "taken",
                  {{"n", number}, {"characteristic", characteristic.uuid.shortText()}});
}

}  // namespace vitalgate::simulator
