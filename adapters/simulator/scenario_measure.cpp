#include <fmt/ranges.h>

#include <algorithm>

#include "adapters/simulator/body_composition.hpp"
#include "adapters/simulator/model.hpp"
#include "adapters/simulator/scenario_device.hpp"

namespace vitalgate::simulator {

namespace {

/// Measurements that a device has from before the start.
constexpr std::int64_t kMostPast = 100'000;

void readTimes(MapReader& map, Measure& out) {
    const bool hasFirst = map.read("at", out.first, parseSpan);
    const bool hasEvery = map.read("every", out.every, parseSpan);
    out.times = hasEvery ? 0 : 1;
    const bool hasTimes = map.read("times", out.times, [](std::string_view text) {
        return parseWhole<std::uint64_t>(text, 1, 1'000'000'000);
    });
    if (!map.node().find("at") && !map.node().find("every")) {
        map.missing("at", "is required, or every");
    }
    if (hasTimes && !hasEvery) map.missing("times", "needs every");
    if (!hasFirst && hasEvery) out.first = *out.every;
    if (out.every && *out.every < std::chrono::milliseconds{1}) {
        map.missing("every", "is below 1ms");
    }
}

/// So many values at equal distances as the time that is given holds.
void readStream(MapReader& map, Measure& out) {
    Duration lasting{};
    if (!map.read("for", lasting, parseSpan)) return;
    if (map.node().find("times")) map.missing("for", "and times cannot both be given");
    if (!out.every) out.every = std::chrono::seconds{1};
    out.continuous = true;
    out.times = lasting >= *out.every ? static_cast<std::uint64_t>(lasting / *out.every) : 1;
}

Result<NumberRange> parseWithin(std::string_view text, const ValueSpec& spec) {
    auto range = parseRange(text);
    const bool isOutside = range && range->special == Special::none &&
                           (range->low < spec.low || range->high > spec.high);
    if (!isOutside) return range;
    return fail(ErrorKind::invalid, "is not within {} to {}", spec.low, spec.high);
}

void readValues(MapReader& map, const ModelSpec& model, Measure& out) {
    for (const auto& spec : model.values) {
        const auto* node = map.node().find(spec.name);
        if (!node && spec.required && !out.failed) {
            map.missing(spec.name, "is required, or failed: true");
        }
        if (node && node->isList() && spec.many) {
            map.each(spec.name, [&](std::string_view text) -> Status {
                const auto range = parseWithin(text, spec);
                if (!range) return std::unexpected(range.error());
                out.lists[std::string(spec.name)].push_back(*range);
                return {};
            });
            continue;
        }
        NumberRange range;
        const bool given = map.read(spec.name, range,
                                    [&](std::string_view text) { return parseWithin(text, spec); });
        if (given) out.values.emplace(spec.name, range);
    }
}

void readChoices(MapReader& map, const ModelSpec& model, Measure& out) {
    for (const auto& spec : model.choices) {
        std::uint8_t value = 0;
        const auto parse = [&](std::string_view text) -> Result<std::uint8_t> {
            const auto found = std::ranges::find(spec.words, text, &ChoiceWord::word);
            if (found != spec.words.end()) return found->value;
            std::vector<std::string_view> words;
            for (const auto& each : spec.words) words.push_back(each.word);
            return fail(ErrorKind::invalid, "\"{}\" is not one of: {}", text,
                        fmt::join(words, ", "));
        };
        if (map.read(spec.name, value, parse)) out.choices[std::string(spec.name)] = value;
    }
}

/// What goes together, by the model.
void checkOximeter(MapReader& map, const OximeterSettings& device, const Measure& measure) {
    if (measure.continuous && !device.continuous) map.missing("for", "needs mode: continuous");
    if (!measure.continuous && !device.spotCheck) map.missing("for", "is required in this mode");
    for (const std::string kind : {"fast-", "slow-"}) {
        const bool hasSaturation = measure.values.contains(kind + "saturation");
        const bool hasPulse = measure.values.contains(kind + "pulse");
        if (hasSaturation != hasPulse)
            map.missing(kind + "saturation", "needs the pulse, and back");
        if (hasSaturation && !measure.continuous) map.missing(kind + "saturation", "needs for");
    }
}

void checkScale(MapReader& map, const WeightScaleSettings& device, const Measure& measure) {
    if (device.hasComposition) {
        if (!measure.failed && !measure.values.contains("fat")) {
            map.missing("fat", "is required with composition, or failed: true");
        }
        return;
    }
    for (const auto& each : compositionValues()) {
        if (measure.values.contains(each.name)) map.missing(each.name, "needs composition: true");
    }
}

/// Only what is stored can have been measured before.
void checkPast(MapReader& map, const ModelSpec& model, const DeviceSettings& device,
               const Measure& measure) {
    if (measure.first >= Duration::zero()) return;
    if (!device.records.kept || measure.continuous) {
        map.missing("at", "is before the start, which needs records");
    } else if (measure.first < -std::chrono::hours{24 * 366}) {
        map.missing("at", "is more than a year before the start");
    } else if (measure.every && -measure.first / *measure.every > kMostPast) {
        map.missing("at", "makes more than 100000 measurements before the start");
    } else if (model.word == "continuous-glucose" && measure.first < -device.session.age) {
        map.missing("at", "is before the session, which is session-age old");
    }
}

void check(MapReader& map, const ModelSpec& model, const DeviceSettings& device,
           const Measure& measure) {
    checkPast(map, model, device, measure);
    if (model.word == "pulse-oximeter") checkOximeter(map, device.oximeter, measure);
    if (model.word == "weight-scale") checkScale(map, device.scale, measure);
}

Status knownStatus(const ModelSpec& model, std::string_view word) {
    if (std::ranges::find(model.statuses, word, &StatusSpec::word) != model.statuses.end()) {
        return {};
    }
    std::vector<std::string_view> words;
    for (const auto& each : model.statuses) words.push_back(each.word);
    return fail(ErrorKind::invalid, "\"{}\" is no status of this model ({})", word,
                words.empty() ? "it has none" : fmt::format("{}", fmt::join(words, ", ")));
}

void readPayload(MapReader& map, const DeviceSettings& device, Measure& out) {
    map.read("characteristic", out.characteristic, Uuid::parse);
    map.read("hex", out.payload, [](std::string_view text) { return fromHex(text); });
    if (!out.characteristic) return map.missing("characteristic", "is required");
    for (const auto& service : device.services) {
        if (std::ranges::find(service.characteristics, *out.characteristic,
                              &Characteristic::uuid) != service.characteristics.end()) {
            return;
        }
    }
    map.missing("characteristic", "does not stand in services");
}

Measure readMeasure(MapReader& map, const ModelSpec& model, const DeviceSettings& device) {
    Measure out;
    readTimes(map, out);
    if (model.word == "pulse-oximeter") readStream(map, out);
    if (model.word == "replay") {
        readPayload(map, device, out);
        map.done();
        return out;
    }
    map.read("user", out.user, [](std::string_view text) { return parseWhole<int>(text, 0, 255); });
    if (out.user && !device.slots.empty() && !device.slots.contains(*out.user)) {
        map.missing("user", "does not stand in users");
    }
    map.read("failed", out.failed, parseYesNo);
    readValues(map, model, out);
    readChoices(map, model, out);
    map.each("status", [&](std::string_view word) {
        out.statuses.emplace_back(word);
        return knownStatus(model, word);
    });
    check(map, model, device, out);
    map.done();
    return out;
}

}  // namespace

std::vector<Measure> readMeasures(MapReader& device, const ModelSpec& model,
                                  const DeviceSettings& settings) {
    std::vector<Measure> out;
    const auto* list = device.take("measure");
    if (!list) return out;
    if (!list->isList()) {
        device.problem(*list, "measure", "must be a list");
        return out;
    }
    for (std::size_t i = 0; i < list->items.size(); ++i) {
        MapReader map(list->items[i], fmt::format("{}[{}]", device.pathOf("measure"), i + 1),
                      device.problems());
        out.push_back(readMeasure(map, model, settings));
    }
    return out;
}

}  // namespace vitalgate::simulator
