#include <array>

#include "adapters/simulator/recording_model.hpp"

// Pulse Oximeter Service 1.0: 2A5E, 2A5F, 2A60, 2A52.
namespace vitalgate::simulator {

namespace {

const Uuid kService{0x1822};
const Uuid kSpotCheck{0x2a5e};
const Uuid kContinuous{0x2a5f};
const Uuid kFeature{0x2a60};

constexpr double kAnyMantissa = 2045;
constexpr std::array kValues{ValueSpec{"saturation", true, 0, kAnyMantissa},
                             ValueSpec{"pulse", true, 0, kAnyMantissa},
                             ValueSpec{"perfusion", false, 0, kAnyMantissa},
                             ValueSpec{"fast-saturation", false, 0, kAnyMantissa},
                             ValueSpec{"fast-pulse", false, 0, kAnyMantissa},
                             ValueSpec{"slow-saturation", false, 0, kAnyMantissa},
                             ValueSpec{"slow-pulse", false, 0, kAnyMantissa}};

/// Measurement Status has the lower 16 bits, Device and Sensor Status the 24 above; one more is a
/// flag of the measurement.
constexpr unsigned kSensorShift = 16;
constexpr std::uint64_t kFromStorage = 1ULL << 9U;
constexpr std::uint64_t kClockNotSet = 1ULL << 40U;

constexpr StatusSpec ofMeasurement(std::string_view word, unsigned bit) {
    return {word, 1ULL << bit};
}
constexpr StatusSpec ofSensor(std::string_view word, unsigned bit) {
    return {word, 1ULL << (kSensorShift + bit)};
}
constexpr std::array kStatuses{ofMeasurement("measurement-ongoing", 5),
                               ofMeasurement("early-estimate", 6),
                               ofMeasurement("validated", 7),
                               ofMeasurement("fully-qualified", 8),
                               ofMeasurement("from-storage", 9),
                               ofMeasurement("demonstration", 10),
                               ofMeasurement("test", 11),
                               ofMeasurement("calibrating", 12),
                               ofMeasurement("measurement-unavailable", 13),
                               ofMeasurement("questionable-measurement", 14),
                               ofMeasurement("invalid-measurement", 15),
                               ofSensor("extended-display-update", 0),
                               ofSensor("equipment-malfunction", 1),
                               ofSensor("signal-irregular", 2),
                               ofSensor("signal-inadequate", 3),
                               ofSensor("signal-poor", 4),
                               ofSensor("low-perfusion", 5),
                               ofSensor("signal-erratic", 6),
                               ofSensor("signal-non-pulsatile", 7),
                               ofSensor("questionable-pulse", 8),
                               ofSensor("signal-analysis-ongoing", 9),
                               ofSensor("sensor-interference", 10),
                               ofSensor("sensor-not-on-person", 11),
                               ofSensor("unknown-sensor", 12),
                               ofSensor("sensor-displaced", 13),
                               ofSensor("sensor-malfunction", 14),
                               ofSensor("sensor-disconnected", 15),
                               StatusSpec{"clock-not-set", kClockNotSet}};

/// 3.1.1 and 3.2.1: the flags of the two kinds of value.
enum SpotFlag : std::uint8_t {
    spotTime = 0x01,
    spotStatus = 0x02,
    spotSensor = 0x04,
    spotPerfusion = 0x08,
    spotClockNotSet = 0x10
};
enum StreamFlag : std::uint8_t {
    streamFast = 0x01,
    streamSlow = 0x02,
    streamStatus = 0x04,
    streamSensor = 0x08,
    streamPerfusion = 0x10
};

/// 3.3: what it has. Storage is there with records.
constexpr std::uint16_t kFeatures = 0x007b;
constexpr std::uint16_t kStorage = 0x0004;
constexpr std::uint16_t kMeasurementStates = 0xffe0;
constexpr std::uint32_t kSensorStates = 0x00ffff;

class PulseOximeter final : public RecordingModel {
  public:
    explicit PulseOximeter(const DeviceSettings& settings)
        : RecordingModel(settings.records, RecordAccess::Operators::all), own_(settings.oximeter) {}

    void describe(Database& database, std::vector<Characteristic> clock) const override {
        std::vector<Characteristic> all;
        if (own_.spotCheck) all.push_back({kSpotCheck, {.indicate = true}});
        if (own_.continuous) all.push_back({kContinuous, {.notify = true}});
        all.push_back({kFeature, {.read = true}});
        addAccess(all);
        all.insert(all.end(), clock.begin(), clock.end());
        database.add(kService, std::move(all));
    }
    [[nodiscard]] std::vector<Uuid> advertised() const override { return {kService}; }

    [[nodiscard]] AttResult<Bytes> read(const Uuid& characteristic, Duration age) const override {
        if (characteristic != kFeature) return Model::read(characteristic, age);
        const int features = keeps() ? kFeatures | kStorage : kFeatures;
        return ByteWriter{}
            .u16(static_cast<std::uint16_t>(features))
            .u16(kMeasurementStates)
            .u24(kSensorStates)
            .bytes();
    }

    Outputs measured(const Sample& sample, std::uint64_t number) override {
        if (sample.continuous) return {{kContinuous, encodeStream(sample), {number}}};
        if (keeps()) {
            const auto stored = encodeSpot(sample, sample.status | kFromStorage);
            store().add({number, store().nextSequence(), {{kSpotCheck, stored, {number}}}});
        }
        return atOnce({{kSpotCheck, encodeSpot(sample, sample.status), {number}}});
    }

  private:
    static void putPair(ByteWriter& out, const Number& saturation, const Number& pulse) {
        out.u16(sfloat(saturation)).u16(sfloat(pulse));
    }
    static std::uint16_t measurementStatus(std::uint64_t status) {
        return static_cast<std::uint16_t>(status & 0xffffU);
    }
    static std::uint32_t sensorStatus(std::uint64_t status) {
        return static_cast<std::uint32_t>(status >> kSensorShift & 0xffffffU);
    }

    [[nodiscard]] static Bytes encodeSpot(const Sample& sample, std::uint64_t status) {
        const auto* perfusion = sample.failed ? nullptr : sample.find("perfusion");
        int flags = 0;
        if (sample.time) flags |= spotTime;
        if (measurementStatus(status) != 0) flags |= spotStatus;
        if (sensorStatus(status) != 0) flags |= spotSensor;
        if (perfusion) flags |= spotPerfusion;
        if ((status & kClockNotSet) != 0) flags |= spotClockNotSet;
        ByteWriter out;
        out.u8(static_cast<std::uint8_t>(flags));
        putPair(out, sample.get("saturation"), sample.get("pulse"));
        if (sample.time) putDateTime(out, *sample.time);
        if (measurementStatus(status) != 0) out.u16(measurementStatus(status));
        if (sensorStatus(status) != 0) out.u24(sensorStatus(status));
        if (perfusion) out.u16(sfloat(*perfusion));
        return out.bytes();
    }

    [[nodiscard]] static Bytes encodeStream(const Sample& sample) {
        const auto* perfusion = sample.failed ? nullptr : sample.find("perfusion");
        const bool hasFast = sample.find("fast-saturation") != nullptr;
        const bool hasSlow = sample.find("slow-saturation") != nullptr;
        int flags = 0;
        if (hasFast) flags |= streamFast;
        if (hasSlow) flags |= streamSlow;
        if (measurementStatus(sample.status) != 0) flags |= streamStatus;
        if (sensorStatus(sample.status) != 0) flags |= streamSensor;
        if (perfusion) flags |= streamPerfusion;
        ByteWriter out;
        out.u8(static_cast<std::uint8_t>(flags));
        putPair(out, sample.get("saturation"), sample.get("pulse"));
        if (hasFast) putPair(out, sample.get("fast-saturation"), sample.get("fast-pulse"));
        if (hasSlow) putPair(out, sample.get("slow-saturation"), sample.get("slow-pulse"));
        if (measurementStatus(sample.status) != 0) out.u16(measurementStatus(sample.status));
        if (sensorStatus(sample.status) != 0) out.u24(sensorStatus(sample.status));
        if (perfusion) out.u16(sfloat(*perfusion));
        return out.bytes();
    }

    OximeterSettings own_;
};

std::unique_ptr<Model> make(const DeviceSettings& settings) {
    return std::make_unique<PulseOximeter>(settings);
}

}  // namespace

ModelSpec pulseOximeterSpec() {
    return {.word = "pulse-oximeter",
            .values = kValues,
            .statuses = kStatuses,
            .clock = ClockKind::currentTime,
            .memory = 100,
            .make = make};
}

}  // namespace vitalgate::simulator
