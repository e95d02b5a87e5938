#include "adapters/session/device_commands.hpp"

#include <algorithm>
#include <array>

#include "adapters/profiles/glucose_control_point.hpp"
#include "adapters/profiles/record_access.hpp"
#include "adapters/session/command_results.hpp"

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
struct DeviceCommands::Row {
    v1::Command::KindCase kind;
    std::string_view word;
    std::uint16_t characteristic;
    bool ownPermission;  ///< as in the table of all kinds
    Run run;
};

std::span<const DeviceCommands::Row> DeviceCommands::rows() {
    using v1::Command;
    static constexpr std::array kCommands{
        Row{Command::kReadBattery, "read-battery", kBatteryLevel, false,
            runOwn<&DeviceCommands::readBattery>},
        Row{Command::kSetClock, "set-clock", 0, false, runOwn<&DeviceCommands::setClock>},
        Row{Command::kFetchRecords, "fetch-records", profiles::kRecordAccess, false,
            runOwn<&DeviceCommands::fetchRecords>},
        Row{Command::kStartMeasurement, "start-measurement", profiles::kGlucoseControlPoint, false,
            runGlucose<&GlucoseCommands::startMeasurement>},
        Row{Command::kStopMeasurement, "stop-measurement", profiles::kGlucoseControlPoint, false,
            runGlucose<&GlucoseCommands::stopMeasurement>},
        Row{Command::kResetEnergy, "reset-energy", kHeartRateControlPoint, false,
            runOwn<&DeviceCommands::resetEnergy>},
        Row{Command::kCalibrate, "calibrate", profiles::kGlucoseControlPoint, true,
            runGlucose<&GlucoseCommands::calibrate>},
        Row{Command::kSetAlertLimit, "set-alert-limit", profiles::kGlucoseControlPoint, true,
            runGlucose<&GlucoseCommands::setAlertLimit>},
        Row{Command::kSetInterval, "set-interval", profiles::kGlucoseControlPoint, false,
            runGlucose<&GlucoseCommands::setInterval>},
        Row{Command::kSetInterval, "set-interval", kMeasurementInterval, false,
            runGlucose<&GlucoseCommands::setInterval>},
    };
    return kCommands;
}

bool DeviceCommands::isOffered(const Row& row) const {
    if (row.kind == v1::Command::kSetClock)
        return shared_.settings.setClock && shared_.database.settableClock().has_value();
    const auto found = shared_.database.find(row.characteristic);
    const bool reads = row.kind == v1::Command::kReadBattery;
    return found && (reads ? found->characteristic.canRead : found->characteristic.canWrite);
}

std::vector<v1::CommandSpec> DeviceCommands::offered() const {
    std::vector<v1::CommandSpec> specs;
    for (const auto& row : rows()) {
        if (!isOffered(row)) continue;
        auto& spec = specs.emplace_back();
        spec.set_kind(std::string(row.word));
        spec.set_waits_for_device(true);
        spec.set_own_permission(row.ownPermission);
    }
    return specs;
}

asio::awaitable<v1::CommandResult> DeviceCommands::execute(v1::Command command) {
    if (isClosed_) co_return notBegun();
    Job job{std::move(command), {}};
    jobs_.push_back(job);
    shared_.link.interrupt();
    auto result = co_await job.result.wait(shared_.clock, kLongest);
    if (!result) co_return failedResult(result.error());
    co_return std::move(*result);
}

asio::awaitable<Status> DeviceCommands::run() {
    while (areWaiting()) {
        const auto job = jobs_.front();
        jobs_.pop_front();
        // Whoever gave it was told that it was not run in time.
        if (job.result.isGiven()) continue;
        auto result = co_await runOne(job.command);
        job.result.set(std::move(result));
        if (exchange_.broken()) co_return std::unexpected(*exchange_.broken());
    }
    co_return Status{};
}

asio::awaitable<v1::CommandResult> DeviceCommands::runOne(v1::Command command) {
    const auto& notAfter = command.not_after();
    if (command.has_not_after() && shared_.clock.wall() > fromTimestamp(notAfter))
        co_return expired();
    const auto all = rows();
    const auto row = std::ranges::find_if(
        all, [&](const Row& each) { return each.kind == command.kind_case() && isOffered(each); });
    if (row == all.end()) co_return notSupported();
    co_return co_await row->run(*this, std::move(command));
}

void DeviceCommands::refuse() {
    close();
    for (const auto& job : std::exchange(jobs_, {})) job.result.set(notBegun());
}

asio::awaitable<v1::CommandResult> DeviceCommands::readBattery(v1::Command /*command*/) {
    const auto battery = shared_.database.find(kBatteryLevel);
    const auto value = co_await shared_.calls.read(battery->characteristic);
    if (!value) co_return failedResult(value.error());
    const auto level = battery->spec->decode(*value, {});
    if (!level) co_return failedResult({ErrorKind::malformed, level.error().message});
    parts_.information.take(*battery, *value);
    exchange_.describe();
    auto result = doneResult();
    if (shared_.descriptor.has_battery_percent())
        result.set_battery_percent(shared_.descriptor.battery_percent());
    co_return result;
}

asio::awaitable<v1::CommandResult> DeviceCommands::setClock(v1::Command /*command*/) {
    const auto set = co_await parts_.clocks.setNow();
    if (!set) co_return failedResult(set.error());
    auto result = doneResult();
    if (const auto clock = parts_.clocks.clock().message()) *result.mutable_clock() = *clock;
    co_return result;
}

asio::awaitable<v1::CommandResult> DeviceCommands::fetchRecords(v1::Command command) {
    const auto controlPoint = shared_.database.find(profiles::kRecordAccess);
    auto request = recordRequest(command.fetch_records());
    if (!request) {
        co_return outOfRange("say all, since_number, range or count_only");
    }
    auto result = doneResult();
    if (command.fetch_records().count_only()) {
        const auto count = co_await parts_.records.count(*controlPoint);
        if (!count) co_return failedResult(count.error());
        result.set_records(*count);
        co_return result;
    }
    const auto whole = co_await parts_.records.fetchOnce(*controlPoint, std::move(*request));
    if (!whole) co_return failedResult(whole.error());
    if (!*whole)
        co_return failedResult({ErrorKind::unsupported, "the device cannot choose records so"});
    result.set_records(parts_.records.fetched());
    co_return result;
}

asio::awaitable<v1::CommandResult> DeviceCommands::resetEnergy(v1::Command /*command*/) {
    const auto controlPoint = shared_.database.find(kHeartRateControlPoint);
    Bytes request{kResetEnergy};
    const auto written =
        co_await shared_.calls.write(controlPoint->characteristic, std::move(request));
    co_return written ? doneResult() : failedResult(written.error());
}

}  // namespace vitalgate::session
