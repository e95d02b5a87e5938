#include "adapters/session/glucose_session.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "adapters/profiles/decoding.hpp"
#include "adapters/profiles/glucose_control_point.hpp"
#include "adapters/profiles/glucose_sample.hpp"

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

bool GlucoseSession::hasCrc() const {
    const auto* profile = profiles::findService(Uuid(kService));
    const auto value = shared_.database.feature(*profile);
    const auto feature = profiles::glucoseFeature(value);
    return feature && feature->hasCrc;
}

std::optional<Endpoint> GlucoseSession::readableStart() const {
    auto start = shared_.database.find(profiles::kGlucoseSessionStart, kService);
    if (start && !start->characteristic.canRead) start.reset();
    return start;
}

asio::awaitable<Status> GlucoseSession::open() {
    if (!readableStart()) co_return Status{};
    const auto recalled = co_await recall();
    if (!recalled) co_return recalled;
    co_return co_await renew();
}

asio::awaitable<Status> GlucoseSession::openAnew() {
    start_.reset();
    co_return co_await renew();
}

/// Without a start of its own a session has the one that is known.
asio::awaitable<Status> GlucoseSession::renew() {
    const auto start = readableStart();
    if (!start) co_return Status{};
    isStartRecalled_ = start_.has_value();
    const auto read = co_await readStart();
    if (!read && endsConversation(read.error())) co_return read;
    if (!read) shared_.log.warning("session start: {}", read.error().message);
    const bool isUnset = read && (!start_ || calendarFault(*start_));
    if (isUnset && start->characteristic.canWrite) {
        const auto set = co_await setTime(*start);
        if (!set && endsConversation(set.error())) co_return set;
        if (!set) shared_.log.warning("session start not set: {}", set.error().message);
    }
    if (!start_ || calendarFault(*start_)) {
        start_.reset();
        shared_.log.warning(
            "the sensor's session has no start: its measurements get the time of receipt");
        co_return Status{};
    }
    co_return co_await compareClock();
}

asio::awaitable<Status> GlucoseSession::readStart() {
    const auto start = shared_.database.find(profiles::kGlucoseSessionStart, kService);
    const auto value = co_await shared_.calls.read(start->characteristic);
    if (!value) co_return std::unexpected(value.error());
    const auto decoded = profiles::decodeSessionStart(*value, hasCrc());
    if (!decoded) co_return fail(ErrorKind::malformed, "{}", decoded.error().message);
    takeStart(*decoded);
    co_return Status{};
}

void GlucoseSession::takeStart(const profiles::SessionStart& start) {
    start_ = start.time;
    isStartRecalled_ = false;
    if (calendarFault(start.time)) return;
    const auto utc = shared_.options.zone.toUtc(toLocal(start.time));
    const chr::seconds offset =
        start.utcOffset ? *start.utcOffset : shared_.options.zone.offset(utc);
    zone_ = TimeZone::fixed(chr::floor<chr::minutes>(offset));
}

/// For a connection in which the sensor does not tell it.
asio::awaitable<Status> GlucoseSession::recall() {
    const auto clock = co_await exchange_.recallText("session-clock");
    if (!clock) co_return std::unexpected(clock.error());
    clock_ = DeviceClock::fromBookmark(*clock, shared_.clock.now().boot);
    const auto start = co_await exchange_.recallText("session-start");
    if (!start) co_return std::unexpected(start.error());
    // It is a calendar's text as any other.
    const auto time = parseUtc(*start + "Z");
    if (time) {
        profiles::SessionStart known;
        const auto local = chr::floor<chr::seconds>(time->time_since_epoch());
        known.time = toLocalDateTime(chr::local_seconds{local});
        takeStart(known);
    }
    co_return Status{};
}

bool GlucoseSession::isAnother(const Value& value, const std::vector<SeenRecord>& records) {
    const auto origin = shared_.database.origin(value);
    const bool isSensor = origin && origin->profile->service == kService;
    if (!isSensor || records.empty() || !start_) return false;
    const bool isBehind = lastMinute_ && records.front().number < *lastMinute_;
    lastMinute_ = std::max(lastMinute_.value_or(0), records.back().number);
    // From here on it counts from another start than the one that is known.
    if (isBehind) lastMinute_.reset();
    return isBehind;
}

/// The collector writes its own time, and the sensor makes of it when the session began.
asio::awaitable<Status> GlucoseSession::setTime(Endpoint start) {
    // A session without a start is behind every hub.
    constexpr chr::milliseconds kBehind = -chr::days{365};
    const auto limit = shared_.options.setDeviceClocks;
    if (!shared_.settings.setClock || !shouldSetClock(kBehind, limit, shared_.clock.now()))
        co_return fail(ErrorKind::unavailable, "clocks are not set now");
    const auto wall = shared_.clock.wall();
    const auto& zone = shared_.options.zone;
    const auto local = toLocalDateTime(chr::floor<chr::seconds>(zone.toLocal(wall)));
    const auto offset = chr::floor<chr::minutes>(zone.offset(wall));
    auto value = profiles::encodeSessionStart(local, offset, chr::minutes{0}, hasCrc());
    const auto written = co_await shared_.calls.write(start.characteristic, std::move(value));
    if (!written) co_return written;
    shared_.log.info("the sensor's session has got its time");
    co_return co_await readStart();
}

/// The start and the minutes that have passed since tell what the sensor's clock shows.
asio::awaitable<Status> GlucoseSession::compareClock() {
    const auto status = shared_.database.find(profiles::kGlucoseStatus, kService);
    if (!status || !status->characteristic.canRead) co_return Status{};
    const auto value = co_await shared_.calls.read(status->characteristic);
    if (!value && endsConversation(value.error())) co_return std::unexpected(value.error());
    if (!value) co_return Status{};
    const auto decoded = profiles::decodeSessionStatus(*value, hasCrc());
    if (!decoded) {
        shared_.log.info("session status: {}", decoded.error().message);
        co_return Status{};
    }
    // Its minutes stand still.
    if (decoded->stopped) co_return Status{};
    const auto shown = toLocal(*start_) + chr::minutes{decoded->minutes};
    auto frame = compareClocks(shown, shared_.clock.now(), zone_);
    if (isStartRecalled_ && chr::abs(frame.ahead) > kOtherSession) {
        start_.reset();
        shared_.log.warning("the sensor has begun another session, and does not tell when");
        co_return Status{};
    }
    if (chr::abs(frame.ahead) <= kSameMinute) frame.ahead = chr::milliseconds{0};
    clock_.compare(frame);
    exchange_.describe();
    co_return Status{};
}

asio::awaitable<Result<Bytes>> GlucoseSession::ask(Bytes request) {
    const auto controlPoint = shared_.database.find(profiles::kGlucoseControlPoint, kService);
    if (!controlPoint) co_return fail(ErrorKind::unsupported, "it has no control point");
    const auto isAnswer = hasCrc() ? isGlucoseAnswer<true> : isGlucoseAnswer<false>;
    co_return co_await controlPoints_.ask(*controlPoint, std::move(request), isAnswer);
}

asio::awaitable<Status> GlucoseSession::readSetting(std::string name, Bytes request,
                                                    std::string unit) {
    const auto value = co_await ask(std::move(request));
    if (!value) co_return std::unexpected(value.error());
    const auto answer = profiles::decodeGlucoseAnswer(*value, hasCrc());
    if (!answer) co_return fail(ErrorKind::malformed, "{}", answer.error().message);
    if (answer->intervalMinutes) {
        noteSetting(name, profiles::decimal(*answer->intervalMinutes, 0), unit);
    } else if (answer->limitValue && *answer->limitValue) {
        noteSetting(name, **answer->limitValue, unit);
    }
    // A sensor without this limit says so, and is left alone with it.
    co_return Status{};
}

asio::awaitable<Status> GlucoseSession::readRunTime() {
    const auto runTime = shared_.database.find(profiles::kGlucoseRunTime, kService);
    if (!runTime || !runTime->characteristic.canRead) co_return Status{};
    const auto value = co_await shared_.calls.read(runTime->characteristic);
    if (!value) co_return std::unexpected(value.error());
    const auto hours = profiles::decodeRunTime(*value, hasCrc());
    if (!hours) co_return fail(ErrorKind::malformed, "{}", hours.error().message);
    const auto number = profiles::decimal(static_cast<std::int32_t>(hours->count()), 0);
    noteSetting("session-run-time", number, "h");
    co_return Status{};
}

std::optional<std::uint16_t> GlucoseSession::stepMinutes() const {
    if (recordStep_) return recordStep_;
    for (const auto& setting : shared_.descriptor.settings()) {
        const auto minutes = setting.value().value();
        if (setting.name() == kInterval && minutes >= 1 && minutes <= 240)
            return static_cast<std::uint16_t>(minutes);
    }
    return std::nullopt;
}

std::vector<Piece> GlucoseSession::gaps(const std::map<std::uint16_t, SeenRecord>& run,
                                        const std::optional<SeenRecord>& before) {
    if (!start_) return {};
    std::set<std::uint16_t> minutes;
    const auto start = start_->text();
    for (const auto& [minute, record] : run) {
        if (record.time == start) minutes.insert(minute);
    }
    if (before && before->time == start) minutes.insert(before->number);
    // Two records, as a sensor has them after a gap, tell nothing of what is usual.
    if (minutes.size() > kFewRecords) recordStep_ = usualStep(minutes);
    const auto step = stepMinutes().value_or(usualStep(minutes));
    std::vector<Piece> pieces;
    for (const auto& gap : gapsBetween(minutes, step)) pieces.push_back(gapPiece(gap));
    return pieces;
}

codes::Term GlucoseSession::observedTerm() const {
    const auto* profile = profiles::findService(Uuid(kService));
    const auto feature = profiles::glucoseFeature(shared_.database.feature(*profile));
    const auto term = feature ? profiles::glucoseTerm(feature->type) : std::nullopt;
    return term.value_or(codes::Term::glucoseInterstitial);
}

Piece GlucoseSession::gapPiece(const Gap& gap) const {
    const std::chrono::minutes lasting{gap.lastMinute - gap.firstMinute + 1};
    Piece piece;
    auto& measurement = piece.measurement;
    measurement.reading.set_kind("glucose-continuous");
    profiles::addObservation(measurement, observedTerm(), std::unexpected(v1::ABSENT_NOT_RECORDED),
                             "mg/dL");
    measurement.sessionMinutes = gap.firstMinute;
    measurement.deviceTime = toLocalDateTime(toLocal(*start_) + chr::minutes{gap.firstMinute});
    measurement.reading.set_duration_ms(
        static_cast<std::uint64_t>(chr::milliseconds{lasting}.count()));
    profiles::Embedded embedded;
    embedded.characteristic = profiles::kGlucoseRecords;
    embedded.payload = ByteWriter{}.u16(gap.firstMinute).u16(gap.lastMinute).bytes();
    measurement.embedded = std::move(embedded);
    Value value;
    value.characteristic = Uuid(profiles::kGlucoseRecords);
    value.received = shared_.clock.now();
    piece.values.push_back(std::move(value));
    return piece;
}

asio::awaitable<Status> GlucoseSession::readSettings() {
    const auto controlPoint = shared_.database.find(profiles::kGlucoseControlPoint, kService);
    if (!controlPoint || !controlPoint->characteristic.canIndicate) co_return Status{};
    const bool crc = hasCrc();
    const auto lasting = co_await readRunTime();
    if (!lasting && endsConversation(lasting.error())) co_return lasting;
    if (!lasting) shared_.log.info("session run time: {}", lasting.error().message);
    auto done =
        co_await readSetting(std::string(kInterval), profiles::getGlucoseInterval(crc), "min");
    for (const auto& row : kLimits) {
        if (!done) break;
        auto request = profiles::getGlucoseLimit(row.limit, crc);
        done = co_await readSetting(std::string(row.setting), std::move(request),
                                    std::string(row.unit));
    }
    exchange_.describe();
    co_return done;
}

void GlucoseSession::noteSetting(const std::string& name, const profiles::Decimal& number,
                                 const std::string& unit) {
    auto& settings = *shared_.descriptor.mutable_settings();
    const auto known = std::ranges::find(settings, name, &v1::Setting::name);
    auto& setting = known != settings.end() ? *known : *settings.Add();
    setting.set_name(name);
    setting.mutable_value()->set_value(number.value);
    setting.mutable_value()->set_decimals(number.decimals);
    setting.mutable_value()->set_unit(unit);
}

std::int64_t GlucoseSession::minutesAt(WallTime time) const {
    const auto& frame = clock_.current();
    const auto offset = frame ? frame->zoneOffset : zone_.offset(time);
    const auto ahead = frame ? frame->ahead : chr::milliseconds{0};
    const auto shown = chr::local_time<Duration>{time.time_since_epoch() + offset + ahead};
    return chr::floor<chr::minutes>(shown - toLocal(*start_)).count();
}

Bookmarks GlucoseSession::bookmarks() const {
    Bookmarks all;
    all["session-clock"] = clock_.bookmark();
    if (start_) all["session-start"] = start_->text();
    return all;
}

}  // namespace vitalgate::session
