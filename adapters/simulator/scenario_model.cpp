#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "adapters/simulator/model.hpp"
#include "adapters/simulator/scenario_device.hpp"

namespace vitalgate::simulator {

namespace {

Result<std::uint32_t> parseCount(std::string_view text) {
    return parseWhole<std::uint32_t>(text, 0, 1'000'000);
}

Result<std::uint8_t> parsePacked(std::string_view text) {
    return parseWhole<std::uint8_t>(text, 1, 10);
}

void readUnit(MapReader& device, const ModelSpec& model, DeviceSettings& out) {
    if (model.units.empty()) return;
    out.unit = model.units.front();
    device.read("unit", out.unit, [&](std::string_view text) -> Result<std::string> {
        if (std::ranges::find(model.units, text) != model.units.end()) return std::string(text);
        return fail(ErrorKind::invalid, "\"{}\" is not one of: {}", text,
                    fmt::join(model.units, ", "));
    });
}

void readFaults(MapReader& map, RecordAccessFaults& out) {
    map.read("ignore", out.ignore, parseCount);
    map.read("unanswered", out.unanswered, parseCount);
    map.read("busy", out.busy, parseCount);
    map.read("wrong-request", out.wrongRequest, parseCount);
    map.read("doubled", out.doubled, parseCount);
    map.read("reverse", out.reverse, parseYesNo);
    map.read("no-ge", out.noAtLeast, parseYesNo);
    map.read("disconnect-after", out.disconnectAfter,
             [](std::string_view text) { return parseWhole<std::uint32_t>(text, 1, 1'000'000); });
    const bool hasTimes = map.read("times", out.disconnectTimes, parseCount);
    if (hasTimes && !out.disconnectAfter) map.missing("times", "needs disconnect-after");
}

/// `out.records` has the model's own habit already.
void readRecords(MapReader& device, DeviceSettings& out) {
    auto& records = out.records;
    device.read("records", records.kept, parseYesNo);
    device.read("live", records.live, parseYesNo);
    auto map = device.below("record-access");
    if (!map) return;
    readFaults(*map, records.faults);
    const bool resets = map->read("reset-at", records.resetAt, parseSpan);
    if (resets && *records.resetAt < Duration::zero()) {
        map->missing("reset-at", "is before the start");
    }
    map->done();
    if (!records.kept) device.missing("record-access", "needs records: true");
}

void readTimeOffset(MapReader& device, DeviceSettings& out) {
    constexpr std::chrono::minutes kMost{32767};
    const bool given = device.read("user-time-offset", out.userTimeOffset, parseSpan);
    if (given && (*out.userTimeOffset > kMost || *out.userTimeOffset < -kMost)) {
        device.missing("user-time-offset", "is more than 32767 minutes");
    }
}

void readBloodPressure(MapReader& device, DeviceSettings& out) {
    device.read("enhanced", out.enhanced, parseYesNo);
    out.records.kept = out.enhanced;
    readRecords(device, out);
    device.read("crc", out.crc, parseYesNo);
    readTimeOffset(device, out);
    device.read("intermediate", out.cuffPressures,
                [](std::string_view text) { return parseWhole<std::uint8_t>(text, 0, 100); });
    if (out.enhanced) return;
    if (out.records.kept) device.missing("records", "needs enhanced: true");
    if (out.userTimeOffset) device.missing("user-time-offset", "needs enhanced: true");
}

void readThermometer(MapReader& device, DeviceSettings& out) {
    auto& own = out.thermometer;
    device.read("site", own.site, [](std::string_view text) -> Result<std::uint8_t> {
        if (const auto site = temperatureSite(text)) return *site;
        return fail(ErrorKind::invalid,
                    "\"{}\" is no site; write for example ear, mouth or tympanum", text);
    });
    device.read("intermediate", own.intermediate,
                [](std::string_view text) { return parseWhole<std::uint8_t>(text, 0, 100); });
    device.read("interval", own.intervalSeconds,
                [](std::string_view text) -> Result<std::uint16_t> {
                    const auto span = parseSpan(text);
                    if (!span) return std::unexpected(span.error());
                    const auto seconds = std::chrono::floor<std::chrono::seconds>(*span).count();
                    if (seconds >= 0 && seconds <= 65535)
                        return static_cast<std::uint16_t>(seconds);
                    return fail(ErrorKind::invalid, "\"{}\" is not within 0s to 65535s", text);
                });
}

void readScale(MapReader& device, DeviceSettings& out) {
    auto& own = out.scale;
    std::size_t word = 0;
    device.read("composition", word,
                [](std::string_view text) { return parseWord(text, {"false", "true", "alone"}); });
    own.hasComposition = word > 0;
    own.hasWeight = word < 2;
    std::uint8_t packets = 1;
    device.read("packets", packets,
                [](std::string_view text) { return parseWhole<std::uint8_t>(text, 1, 2); });
    own.inTwoPackets = packets == 2;
    if (own.inTwoPackets && !own.hasComposition) device.missing("packets", "needs composition");
}

void readGlucose(MapReader& device, DeviceSettings& out) {
    out.records.kept = true;
    readRecords(device, out);
    readTimeOffset(device, out);
}

void readContinuousGlucose(MapReader& device, DeviceSettings& out) {
    out.records.kept = true;
    out.records.live = true;
    readRecords(device, out);
    device.read("crc", out.crc, parseYesNo);
    auto& own = out.session;
    device.read("session-age", own.age, parseSpan);
    if (own.age < Duration::zero()) device.missing("session-age", "must not be negative");
    device.read("run-time", own.runTimeHours, [](std::string_view text) -> Result<std::uint16_t> {
        const auto span = parseSpan(text);
        if (!span) return std::unexpected(span.error());
        const auto hours = std::chrono::floor<std::chrono::hours>(*span).count();
        if (hours >= 0 && hours <= 65535) return static_cast<std::uint16_t>(hours);
        return fail(ErrorKind::invalid, "\"{}\" is not within 0h to 65535h", text);
    });
    device.read("interval", own.intervalMinutes, [](std::string_view text) -> Result<std::uint8_t> {
        const auto span = parseSpan(text);
        if (!span) return std::unexpected(span.error());
        const auto minutes = std::chrono::floor<std::chrono::minutes>(*span).count();
        if (minutes >= 0 && minutes <= 255) return static_cast<std::uint8_t>(minutes);
        return fail(ErrorKind::invalid, "\"{}\" is not within 0m to 255m", text);
    });
    device.read("together", own.together, parsePacked);
}

void readOximeter(MapReader& device, DeviceSettings& out) {
    std::size_t word = 0;
    device.read("mode", word, [](std::string_view text) {
        return parseWord(text, {"spot-check", "continuous", "both"});
    });
    out.oximeter.spotCheck = word != 1;
    out.oximeter.continuous = word != 0;
    readRecords(device, out);
    if (out.records.kept && !out.oximeter.spotCheck) device.missing("records", "needs spot-check");
}

/// "indicate", "notify", or {read: OCTETS}.
std::optional<Flags> readProperties(const config::Node& node, std::string path, Bytes& value,
                                    config::Problems& problems) {
    if (node.isMap()) {
        MapReader map(node, std::move(path), problems);
        if (!map.read("read", value, [](std::string_view text) { return fromHex(text); })) {
            map.missing("read", "is required: what is read");
        }
        map.done();
        return Flags{.read = true};
    }
    const auto kind = parseWord(node.text, {"indicate", "notify"});
    if (!kind) {
        problems.add(node.place, path, kind.error().message);
        return std::nullopt;
    }
    return Flags{.notify = *kind == 1, .indicate = *kind == 0};
}

void readServices(MapReader& device, DeviceSettings& out) {
    device.entries("services", [&](const config::Node::Entry& entry, std::string path) {
        const auto service = Uuid::parse(entry.key);
        if (!service) device.problems().add(entry.place, path, service.error().message);
        ReplayService replay{service.value_or(Uuid{}), {}, {}};
        for (const auto& item : entry.value.entries) {
            const auto uuid = Uuid::parse(item.key);
            if (!uuid) device.problems().add(item.place, path, uuid.error().message);
            Bytes value;
            const auto flags = readProperties(item.value, path, value, device.problems());
            if (!uuid || !flags) continue;
            replay.characteristics.push_back({*uuid, *flags});
            if (flags->read) replay.values[*uuid] = std::move(value);
        }
        out.services.push_back(std::move(replay));
    });
}

struct Reader {
    std::string_view model;
    void (*read)(MapReader& device, DeviceSettings& out);
};
constexpr std::array kReaders{Reader{"blood-pressure", readBloodPressure},
                              Reader{"thermometer", readThermometer},
                              Reader{"weight-scale", readScale},
                              Reader{"glucose", readGlucose},
                              Reader{"continuous-glucose", readContinuousGlucose},
                              Reader{"pulse-oximeter", readOximeter},
                              Reader{"replay", readServices}};

}  // namespace

void readModelKeys(MapReader& device, const ModelSpec& model, DeviceSettings& out) {
    readUnit(device, model, out);
    const auto reader = std::ranges::find(kReaders, model.word, &Reader::model);
    if (reader != kReaders.end()) reader->read(device, out);
    if (!out.consents.empty() && model.word != "weight-scale") {
        device.missing("users", "consent: only a weight-scale asks for it");
    }
}

}  // namespace vitalgate::simulator
