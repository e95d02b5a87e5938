#include "adapters/profiles/glucose_control_point.hpp"
#include "adapters/profiles/record_access.hpp"
#include "adapters/session/command_results.hpp"
#include "adapters/session/session.hpp"

// The part of a conversation that runs commands: one after the other, between values.
namespace vitalgate::session {

namespace {

constexpr std::uint16_t kBatteryLevel = 0x2A19;
constexpr std::uint16_t kHeartRateControlPoint = 0x2A39;
constexpr std::uint16_t kMeasurementInterval = 0x2A21;
constexpr std::uint8_t kResetEnergy = 1;
/// Longer than any procedure takes; the caller has a limit of its own.
constexpr Duration kLongest = std::chrono::minutes{10};

/// Which records a command asks for; nothing if it does not say, or says what no device counts to.
std::optional<Bytes> recordRequest(const v1::FetchRecords& asked) {
    using profiles::RecordOperation;
    constexpr std::uint32_t kHighest = 0xFFFF;
    const auto number = [](std::uint32_t value) { return static_cast<std::uint16_t>(value); };
    switch (asked.which_case()) {
        case v1::FetchRecords::kAll:
            return profiles::allRecords(RecordOperation::report);
        case v1::FetchRecords::kCountOnly:
            return profiles::allRecords(RecordOperation::count);
        case v1::FetchRecords::kSinceNumber:
            if (asked.since_number() > kHighest) return std::nullopt;
            return profiles::recordsFrom(RecordOperation::report, number(asked.since_number()));
        case v1::FetchRecords::kRange: {
            const auto& [first, last] = std::pair(asked.range().first(), asked.range().last());
            if (first > last || last > kHighest) return std::nullopt;
            return profiles::recordsBetween(RecordOperation::report, number(first), number(last));
        }
        case v1::FetchRecords::WHICH_NOT_SET:
            break;
    }
    return std::nullopt;
}

}  // namespace

/// One kind of command, and the characteristic that it needs.
struct Session::DeviceCommand {
    v1::Command::KindCase kind;
    std::string_view word;
    std::uint16_t characteristic;
    bool ownPermission;  ///< as in the table of all kinds
    Run run;
};

std::span<const Session::DeviceCommand> Session::deviceCommands() {
    using v1::Command;
    static constexpr std::array kCommands{
        DeviceCommand{Command::kReadBattery, "read-battery", kBatteryLevel, false,
                      &Session::readBattery},
        DeviceCommand{Command::kSetClock, "set-clock", 0, false, &Session::setClockNow},
        DeviceCommand{Command::kFetchRecords, "fetch-records", profiles::kRecordAccess, false,
                      &Session::fetchAsked},
        DeviceCommand{Command::kStartMeasurement, "start-measurement",
                      profiles::kGlucoseControlPoint, false, &Session::startMeasurement},
        DeviceCommand{Command::kStopMeasurement, "stop-measurement", profiles::kGlucoseControlPoint,
                      false, &Session::stopMeasurement},
        DeviceCommand{Command::kResetEnergy, "reset-energy", kHeartRateControlPoint, false,
                      &Session::resetEnergy},
        DeviceCommand{Command::kCalibrate, "calibrate", profiles::kGlucoseControlPoint, true,
                      &Session::calibrate},
        DeviceCommand{Command::kSetAlertLimit, "set-alert-limit", profiles::kGlucoseControlPoint,
                      true, &Session::setAlertLimit},
        DeviceCommand{Command::kSetInterval, "set-interval", profiles::kGlucoseControlPoint, false,
                      &Session::setInterval},
        DeviceCommand{Command::kSetInterval, "set-interval", kMeasurementInterval, false,
                      &Session::setInterval},
    };
    return kCommands;
}

bool Session::isOffered(const DeviceCommand& row) const {
    if (row.kind == v1::Command::kSetClock)
        return settings_.setClock && database_.settableClock().has_value();
    const auto found = database_.find(row.characteristic);
    const bool reads = row.kind == v1::Command::kReadBattery;
    return found && (reads ? found->characteristic.canRead : found->characteristic.canWrite);
}

std::vector<v1::CommandSpec> Session::commands() const {
    std::vector<v1::CommandSpec> specs;
    for (const auto& row : deviceCommands()) {
        if (!isOffered(row)) continue;
        auto& spec = specs.emplace_back();
        spec.set_kind(std::string(row.word));
        spec.set_waits_for_device(true);
        spec.set_own_permission(row.ownPermission);
    }
    return specs;
}

asio::awaitable<v1::CommandResult> Session::execute(v1::Command command) {
    const auto self = shared_from_this();
    if (isOver_ || draining_) co_return notBegun();
    Job job{std::move(command), {}};
    jobs_.push_back(job);
    link_->interrupt();
    auto result = co_await job.result.wait(clock_, kLongest);
    if (!result) co_return failedResult(result.error());
    co_return std::move(*result);
}

asio::awaitable<Status> Session::runJobs() {
    while (!jobs_.empty() && !draining_) {
        const auto job = jobs_.front();
        jobs_.pop_front();
        // Whoever gave it was told that it was not run in time.
        if (job.result.isGiven()) continue;
        const auto rows = deviceCommands();
        const auto row = std::ranges::find_if(rows, [&](const DeviceCommand& each) {
            return each.kind == job.command.kind_case() && isOffered(each);
        });
        auto result = notSupported();
        const auto& notAfter = job.command.not_after();
        if (job.command.has_not_after() && clock_.wall() > fromTimestamp(notAfter)) {
            result = expired();
        } else if (row != rows.end()) {
            result = co_await (this->*row->run)(job.command);
        }
        job.result.set(std::move(result));
        if (broken_) co_return std::unexpected(*broken_);
    }
    co_return Status{};
}

void Session::refuseJobs() {
    isOver_ = true;
    for (const auto& job : std::exchange(jobs_, {})) {
        job.result.set(notBegun());
    }
}

asio::awaitable<v1::CommandResult> Session::readBattery(v1::Command /*command*/) {
    const auto battery = database_.find(kBatteryLevel);
    const auto value = co_await calls_.read(battery->characteristic);
    if (!value) co_return failedResult(value.error());
    const auto level = battery->spec->decode(*value, {});
    if (!level) co_return failedResult({ErrorKind::malformed, level.error().message});
    takeStatic(*battery, *value);
    describe();
    auto result = doneResult();
    if (descriptor_.has_battery_percent())
        result.set_battery_percent(descriptor_.battery_percent());
    co_return result;
}

asio::awaitable<v1::CommandResult> Session::setClockNow(v1::Command /*command*/) {
    std::optional<ClockFrame> compared;
    if (const auto clock = database_.clock()) {
        const auto shown = co_await readClock(*clock);
        if (!shown && endsConversation(shown.error())) co_return failedResult(shown.error());
        if (shown && !calendarFault(shown->time)) {
            compared = compareWith(*shown);
            deviceClock_.compare(*compared);
        }
    }
    // Whoever commands it wants it exact; but a hub that does not know the time gives none away.
    const auto ahead = compared ? std::optional(compared->ahead) : std::nullopt;
    const auto now = clock_.now();
    const bool isCertain = now.trust != ClockTrust::unsynchronised;
    if (!isCertain && !shouldSetClock(ahead, Duration::zero(), now))
        co_return failedResult({ErrorKind::unavailable, "the hub does not know the time itself"});
    const auto target = database_.settableClock();
    const auto set = co_await setClock(*target, compared);
    if (!set) co_return failedResult(set.error());
    if (clockNotSet_) co_return failedResult(*clockNotSet_);
    auto result = doneResult();
    if (const auto clock = deviceClock_.message()) *result.mutable_clock() = *clock;
    co_return result;
}

asio::awaitable<v1::CommandResult> Session::fetchAsked(v1::Command command) {
    const auto controlPoint = database_.find(profiles::kRecordAccess);
    auto request = recordRequest(command.fetch_records());
    if (!request) {
        co_return outOfRange("say all, since_number, range or count_only");
    }
    auto result = doneResult();
    if (command.fetch_records().count_only()) {
        const auto count = co_await countRecords(*controlPoint);
        if (!count) co_return failedResult(count.error());
        result.set_records(*count);
        co_return result;
    }
    const auto whole = co_await runFetch(*controlPoint, std::move(*request), false);
    if (!whole) co_return failedResult(whole.error());
    if (!*whole)
        co_return failedResult({ErrorKind::unsupported, "the device cannot choose records so"});
    result.set_records(fetched_);
    co_return result;
}

asio::awaitable<v1::CommandResult> Session::resetEnergy(v1::Command /*command*/) {
    const auto controlPoint = database_.find(kHeartRateControlPoint);
    Bytes request{kResetEnergy};
    const auto written = co_await calls_.write(controlPoint->characteristic, std::move(request));
    co_return written ? doneResult() : failedResult(written.error());
}

}  // namespace vitalgate::session
