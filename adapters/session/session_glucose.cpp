#include "adapters/profiles/continuous_glucose.hpp"
#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/glucose_control_point.hpp"
#include "adapters/profiles/glucose_sample.hpp"
#include "adapters/session/gaps.hpp"
#include "adapters/session/session.hpp"

// The part of a conversation that a continuous glucose sensor needs (Continuous Glucose Monitoring
// Service 1.0.1): its measurements count minutes from a start that the collector has given.
namespace vitalgate::session {

namespace {

namespace chr = std::chrono;

constexpr std::uint16_t kService = 0x181F;
/// The sensor's own time is known to a minute, and to the time that an answer takes.
constexpr chr::milliseconds kSameMinute = chr::seconds{90};

/// A start that is only remembered is that of another session if the minutes do not lead to now.
constexpr chr::milliseconds kOtherSession = chr::hours{1};

constexpr std::string_view kInterval = "communication-interval";
constexpr std::size_t kFewRecords = 3;

struct LimitName {
    profiles::GlucoseLimit limit;
    std::string_view setting;
    std::string_view unit;
};
constexpr std::array kLimits{
    LimitName{profiles::GlucoseLimit::patientHigh, "alert-patient-high", "mg/dL"},
    LimitName{profiles::GlucoseLimit::patientLow, "alert-patient-low", "mg/dL"},
    LimitName{profiles::GlucoseLimit::hypo, "alert-hypo", "mg/dL"},
    LimitName{profiles::GlucoseLimit::hyper, "alert-hyper", "mg/dL"},
    LimitName{profiles::GlucoseLimit::fallRate, "alert-fall-rate", "mg/dL/min"},
    LimitName{profiles::GlucoseLimit::riseRate, "alert-rise-rate", "mg/dL/min"},
};

template <bool hasCrc>
bool isGlucoseAnswer(ByteView value, std::uint8_t request) {
    const auto answer = profiles::decodeGlucoseAnswer(value, hasCrc);
    return answer && answer->operation == request;
}

}  // namespace

bool Session::glucoseHasCrc() const {
    const auto* profile = profiles::findService(Uuid(kService));
    const auto value = database_.feature(*profile);
    const auto feature = profiles::glucoseFeature(value);
    return feature && feature->hasCrc;
}

asio::awaitable<Status> Session::openGlucoseSession() {
    const auto start = database_.find(profiles::kGlucoseSessionStart, kService);
    if (!start || !start->characteristic.canRead) co_return Status{};
    const auto recalled = co_await recallSession();
    if (!recalled) co_return recalled;
    co_return co_await renewGlucoseSession();
}

/// Without a start of its own a session has the one that is known.
asio::awaitable<Status> Session::renewGlucoseSession() {
    const auto start = database_.find(profiles::kGlucoseSessionStart, kService);
    if (!start || !start->characteristic.canRead) co_return Status{};
    isStartRecalled_ = sessionStart_.has_value();
    const auto read = co_await readSessionStart();
    if (!read && endsConversation(read.error())) co_return read;
    if (!read) log_.warning("session start: {}", read.error().message);
    const bool isUnset = read && (!sessionStart_ || calendarFault(*sessionStart_));
    if (isUnset && start->characteristic.canWrite) {
        const auto set = co_await startSessionTime(*start);
        if (!set && endsConversation(set.error())) co_return set;
        if (!set) log_.warning("session start not set: {}", set.error().message);
    }
    if (!sessionStart_ || calendarFault(*sessionStart_)) {
        sessionStart_.reset();
        log_.warning("the sensor's session has no start: its measurements get the time of receipt");
        co_return Status{};
    }
    co_return co_await compareSessionClock();
}

asio::awaitable<Status> Session::readSessionStart() {
    const auto start = database_.find(profiles::kGlucoseSessionStart, kService);
    const auto value = co_await calls_.read(start->characteristic);
    if (!value) co_return std::unexpected(value.error());
    const auto decoded = profiles::decodeSessionStart(*value, glucoseHasCrc());
    if (!decoded) co_return fail(ErrorKind::malformed, "{}", decoded.error().message);
    takeSessionStart(*decoded);
    co_return Status{};
}

void Session::takeSessionStart(const profiles::SessionStart& start) {
    sessionStart_ = start.time;
    isStartRecalled_ = false;
    if (calendarFault(start.time)) return;
    const auto utc = options_.zone.toUtc(toLocal(start.time));
    const chr::seconds offset = start.utcOffset ? *start.utcOffset : options_.zone.offset(utc);
    sessionZone_ = TimeZone::fixed(chr::floor<chr::minutes>(offset));
}

/// For a connection in which the sensor does not tell it.
asio::awaitable<Status> Session::recallSession() {
    const auto clock = co_await recallText("session-clock");
    if (!clock) co_return std::unexpected(clock.error());
    sessionClock_ = DeviceClock::fromBookmark(*clock, clock_.now().boot);
    const auto start = co_await recallText("session-start");
    if (!start) co_return std::unexpected(start.error());
    // It is a calendar's text as any other.
    const auto time = parseUtc(*start + "Z");
    if (time) {
        profiles::SessionStart known;
        const auto local = chr::floor<chr::seconds>(time->time_since_epoch());
        known.time = toLocalDateTime(chr::local_seconds{local});
        takeSessionStart(known);
    }
    co_return Status{};
}

/// A sensor that was started anew, by whomever, counts from 0 again.
bool Session::isOfNewSession(const Value& value, const std::vector<SeenRecord>& records) {
    const auto origin = database_.origin(value);
    const bool isLive = origin && origin->profile->service == kService && !fetching_;
    if (!isLive || records.empty() || !sessionStart_) return false;
    const bool isBehind = lastMinute_ && records.front().number < *lastMinute_;
    lastMinute_ = std::max(lastMinute_.value_or(0), records.back().number);
    return isBehind;
}

/// The collector writes its own time, and the sensor makes of it when the session began.
asio::awaitable<Status> Session::startSessionTime(Endpoint start) {
    // A session without a start is behind every hub.
    constexpr chr::milliseconds kBehind = -chr::days{365};
    const auto limit = options_.setDeviceClocks;
    if (!settings_.setClock || !shouldSetClock(kBehind, limit, clock_.now()))
        co_return fail(ErrorKind::unavailable, "clocks are not set now");
    const auto wall = clock_.wall();
    const auto& zone = options_.zone;
    const auto local = toLocalDateTime(chr::floor<chr::seconds>(zone.toLocal(wall)));
    const auto offset = chr::floor<chr::minutes>(zone.offset(wall));
    auto value = profiles::encodeSessionStart(local, offset, chr::minutes{0}, glucoseHasCrc());
    const auto written = co_await calls_.write(start.characteristic, std::move(value));
    if (!written) co_return written;
    log_.info("the sensor's session has got its time");
    co_return co_await readSessionStart();
}

/// The start and the minutes that have passed since tell what the sensor's clock shows.
asio::awaitable<Status> Session::compareSessionClock() {
    const auto status = database_.find(profiles::kGlucoseStatus, kService);
    if (!status || !status->characteristic.canRead) co_return Status{};
    const auto value = co_await calls_.read(status->characteristic);
    if (!value && endsConversation(value.error())) co_return std::unexpected(value.error());
    if (!value) co_return Status{};
    const auto decoded = profiles::decodeSessionStatus(*value, glucoseHasCrc());
    if (!decoded) {
        log_.info("session status: {}", decoded.error().message);
        co_return Status{};
    }
    // Its minutes stand still.
    if (decoded->stopped) co_return Status{};
    const auto shown = toLocal(*sessionStart_) + chr::minutes{decoded->minutes};
    auto frame = compareClocks(shown, clock_.now(), sessionZone_);
    if (isStartRecalled_ && chr::abs(frame.ahead) > kOtherSession) {
        sessionStart_.reset();
        log_.warning("the sensor has begun another session, and does not tell when");
        co_return Status{};
    }
    if (chr::abs(frame.ahead) <= kSameMinute) frame.ahead = chr::milliseconds{0};
    sessionClock_.compare(frame);
    describe();
    co_return Status{};
}

asio::awaitable<Result<Bytes>> Session::askGlucose(Bytes request) {
    const auto controlPoint = database_.find(profiles::kGlucoseControlPoint, kService);
    if (!controlPoint) co_return fail(ErrorKind::unsupported, "it has no control point");
    const auto isAnswer = glucoseHasCrc() ? isGlucoseAnswer<true> : isGlucoseAnswer<false>;
    co_return co_await ask(*controlPoint, std::move(request), isAnswer);
}

asio::awaitable<Status> Session::readSetting(std::string name, Bytes request, std::string unit) {
    const auto value = co_await askGlucose(std::move(request));
    if (!value) co_return std::unexpected(value.error());
    const auto answer = profiles::decodeGlucoseAnswer(*value, glucoseHasCrc());
    if (!answer) co_return fail(ErrorKind::malformed, "{}", answer.error().message);
    if (answer->intervalMinutes) {
        addSetting(name, profiles::decimal(*answer->intervalMinutes, 0), unit);
    } else if (answer->limitValue && *answer->limitValue) {
        addSetting(name, **answer->limitValue, unit);
    }
    // A sensor without this limit says so, and is left alone with it.
    co_return Status{};
}

asio::awaitable<Status> Session::readRunTime() {
    const auto runTime = database_.find(profiles::kGlucoseRunTime, kService);
    if (!runTime || !runTime->characteristic.canRead) co_return Status{};
    const auto value = co_await calls_.read(runTime->characteristic);
    if (!value) co_return std::unexpected(value.error());
    const auto hours = profiles::decodeRunTime(*value, glucoseHasCrc());
    if (!hours) co_return fail(ErrorKind::malformed, "{}", hours.error().message);
    const auto number = profiles::decimal(static_cast<std::int32_t>(hours->count()), 0);
    addSetting("session-run-time", number, "h");
    co_return Status{};
}

/// The distance of records: as they came, else as the sensor is set.
std::optional<std::uint16_t> Session::glucoseStepMinutes() const {
    if (recordStep_) return recordStep_;
    for (const auto& setting : descriptor_.settings()) {
        const auto minutes = setting.value().value();
        if (setting.name() == kInterval && minutes >= 1 && minutes <= 240)
            return static_cast<std::uint16_t>(minutes);
    }
    return std::nullopt;
}

/// After a run that was complete: where records are missing the sensor has none. Each gap is a
/// reading of its own, the same whenever it is found.
Append Session::gapsOf(const std::optional<SeenRecord>& before) {
    const auto mark = marks_.find(kService);
    if (mark == marks_.end() || !sessionStart_) return {};
    std::set<std::uint16_t> minutes;
    const auto start = sessionStart_->text();
    for (const auto& [minute, record] : mark->second.run()) {
        if (record.time == start) minutes.insert(minute);
    }
    if (before && before->time == start) minutes.insert(before->number);
    // Two records, as a sensor has them after a gap, tell nothing of what is usual.
    if (minutes.size() > kFewRecords) recordStep_ = usualStep(minutes);
    const auto step = glucoseStepMinutes().value_or(usualStep(minutes));
    std::vector<Piece> pieces;
    for (const auto& gap : gapsBetween(minutes, step)) pieces.push_back(gapPiece(gap));
    return appendOf(context(), pieces);
}

codes::Term Session::observedTerm() const {
    const auto* profile = profiles::findService(Uuid(kService));
    const auto feature = profiles::glucoseFeature(database_.feature(*profile));
    const auto term = feature ? profiles::glucoseTerm(feature->type) : std::nullopt;
    return term.value_or(codes::Term::glucoseInterstitial);
}

Piece Session::gapPiece(const Gap& gap) const {
    const std::chrono::minutes lasting{gap.lastMinute - gap.firstMinute + 1};
    Piece piece;
    auto& measurement = piece.measurement;
    measurement.reading.set_kind("glucose-continuous");
    profiles::addObservation(measurement, observedTerm(), std::unexpected(v1::ABSENT_NOT_RECORDED),
                             "mg/dL");
    measurement.sessionMinutes = gap.firstMinute;
    measurement.deviceTime =
        toLocalDateTime(toLocal(*sessionStart_) + chr::minutes{gap.firstMinute});
    measurement.reading.set_duration_ms(
        static_cast<std::uint64_t>(chr::milliseconds{lasting}.count()));
    profiles::Embedded embedded;
    embedded.characteristic = profiles::kGlucoseRecords;
    embedded.payload = ByteWriter{}.u16(gap.firstMinute).u16(gap.lastMinute).bytes();
    measurement.embedded = std::move(embedded);
    Value value;
    value.characteristic = Uuid(profiles::kGlucoseRecords);
    value.received = clock_.now();
    piece.values.push_back(std::move(value));
    return piece;
}

/// They are read alone: only an authorised command changes them.
asio::awaitable<Status> Session::readGlucoseLimits() {
    const auto controlPoint = database_.find(profiles::kGlucoseControlPoint, kService);
    if (!controlPoint || !controlPoint->characteristic.canIndicate) co_return Status{};
    const bool hasCrc = glucoseHasCrc();
    const auto lasting = co_await readRunTime();
    if (!lasting && endsConversation(lasting.error())) co_return lasting;
    if (!lasting) log_.info("session run time: {}", lasting.error().message);
    auto done =
        co_await readSetting(std::string(kInterval), profiles::getGlucoseInterval(hasCrc), "min");
    for (const auto& row : kLimits) {
        if (!done) break;
        auto request = profiles::getGlucoseLimit(row.limit, hasCrc);
        done = co_await readSetting(std::string(row.setting), std::move(request),
                                    std::string(row.unit));
    }
    describe();
    co_return done;
}

void Session::addSetting(const std::string& name, const profiles::Decimal& number,
                         const std::string& unit) {
    auto& settings = *descriptor_.mutable_settings();
    const auto known = std::ranges::find(settings, name, &v1::Setting::name);
    auto& setting = known != settings.end() ? *known : *settings.Add();
    setting.set_name(name);
    setting.mutable_value()->set_value(number.value);
    setting.mutable_value()->set_decimals(number.decimals);
    setting.mutable_value()->set_unit(unit);
}

}  // namespace vitalgate::session
