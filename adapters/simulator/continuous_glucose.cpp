#include <array>

#include "adapters/simulator/glucose_control.hpp"
#include "adapters/simulator/recording_model.hpp"

// Continuous Glucose Monitoring Service 1.0.1: 2AA7 to 2AAC, 2A52.
namespace vitalgate::simulator {

namespace {

const Uuid kService{0x181f};
const Uuid kMeasurement{0x2aa7};
const Uuid kFeature{0x2aa8};
const Uuid kStatus{0x2aa9};
const Uuid kSessionStart{0x2aaa};
const Uuid kRunTime{0x2aab};

constexpr double kAnyMantissa = 2045;
constexpr std::array kValues{ValueSpec{"glucose", true, 0, kAnyMantissa},
                             ValueSpec{"trend", false, -kAnyMantissa, kAnyMantissa},
                             ValueSpec{"quality", false, 0, 100}};

/// Sensor Status Annunciation: three octets, status, calibration and temperature, warning.
constexpr std::array kStatuses{StatusSpec{"session-stopped", 0x000001},
                               StatusSpec{"battery-low", 0x000002},
                               StatusSpec{"sensor-type-incorrect", 0x000004},
                               StatusSpec{"sensor-malfunction", 0x000008},
                               StatusSpec{"device-alert", 0x000010},
                               StatusSpec{"device-fault", 0x000020},
                               StatusSpec{"time-synchronisation-required", 0x000100},
                               StatusSpec{"calibration-not-allowed", 0x000200},
                               StatusSpec{"calibration-recommended", 0x000400},
                               StatusSpec{"calibration-required", 0x000800},
                               StatusSpec{"temperature-high", 0x001000},
                               StatusSpec{"temperature-low", 0x002000},
                               StatusSpec{"below-patient-low", 0x010000},
                               StatusSpec{"above-patient-high", 0x020000},
                               StatusSpec{"below-hypo", 0x040000},
                               StatusSpec{"above-hyper", 0x080000},
                               StatusSpec{"fall-rate-exceeded", 0x100000},
                               StatusSpec{"rise-rate-exceeded", 0x200000},
                               StatusSpec{"result-below-range", 0x400000},
                               StatusSpec{"result-above-range", 0x800000}};
constexpr std::uint32_t kSessionStopped = 0x000001;

/// Flags of a measurement.
enum Flag : std::uint8_t {
    trend = 0x01,
    quality = 0x02,
    warningOctet = 0x20,
    calibrationOctet = 0x40,
    statusOctet = 0x80
};

/// Calibration, all alerts and detections, trend and quality; b12: E2E-CRC.
constexpr std::uint32_t kFeatures = 0x018fffU;
constexpr std::uint32_t kHasCrc = 0x001000U;
constexpr std::uint16_t kNoCrc = 0xffff;
/// Interstitial fluid, subcutaneous tissue.
constexpr std::uint8_t kTypeAndLocation = 0x59;

constexpr std::size_t kSessionStartOctets = 9;

class ContinuousGlucose final : public RecordingModel {
  public:
    explicit ContinuousGlucose(const DeviceSettings& settings)
        : RecordingModel(settings.records, RecordAccess::Operators::every,
                         settings.session.together),
          crc_(settings.crc),
          own_(settings.session),
          control_(settings.session.intervalMinutes, settings.crc),
          startedAt_(-settings.session.age) {}

    void describe(Database& database, std::vector<Characteristic> clock) const override {
        std::vector<Characteristic> all{{kMeasurement, {.notify = true}},
                                        {kFeature, {.read = true}},
                                        {kStatus, {.read = true}},
                                        {kSessionStart, {.read = true, .write = true}},
                                        {kRunTime, {.read = true}}};
        addAccess(all);
        all.push_back(GlucoseControl::characteristic());
        all.insert(all.end(), clock.begin(), clock.end());
        database.add(kService, std::move(all));
    }
    [[nodiscard]] std::vector<Uuid> advertised() const override { return {kService}; }

    [[nodiscard]] AttResult<Bytes> read(const Uuid& characteristic, Duration age) const override {
        if (characteristic == kFeature) return features();
        if (characteristic == kStatus) return sealed(status(age));
        if (characteristic == kSessionStart) return sealed(sessionStart());
        if (characteristic == kRunTime) return sealed(ByteWriter{}.u16(own_.runTimeHours).bytes());
        return Model::read(characteristic, age);
    }

    AttResult<Answer> write(const Uuid& characteristic, ByteView value,
                            const Request& request) override {
        if (characteristic == kSessionStart) return setTime(value, request.age);
        if (characteristic == GlucoseControl::kControlPoint) {
            auto answer = control_.write(value, request.isAnswering);
            if (control_.takeStart()) begin(request.age);
            return answer;
        }
        return RecordingModel::write(characteristic, value, request);
    }

    [[nodiscard]] bool measures() const override { return control_.isRunning(); }
    void reset(Duration age) override {
        Model::reset(age);
        begin(age);
    }

    Outputs measured(const Sample& sample, std::uint64_t number) override {
        const auto minutes = offset(sample.age);
        status_ = static_cast<std::uint32_t>(sample.status);
        Outputs out{{kMeasurement, encode(sample, minutes), {number}}};
        if (keeps()) store().add({number, minutes, out});
        return atOnce(std::move(out));
    }

  private:
    /// A session has begun: its collector has still to say when.
    void begin(Duration age) {
        startedAt_ = age;
        start_.reset();
        store().clear("session started");
    }

    /// Minutes since the session began.
    [[nodiscard]] std::uint16_t offset(Duration age) const {
        const auto passed = std::chrono::floor<std::chrono::minutes>(age - startedAt_).count();
        return static_cast<std::uint16_t>(std::min<std::int64_t>(passed, 0xffff));
    }

    [[nodiscard]] Bytes sealed(Bytes value) const {
        return crc_ ? withCrc(std::move(value)) : value;
    }

    /// It has the place of a CRC also where there is none.
    [[nodiscard]] Bytes features() const {
        ByteWriter out;
        out.u24(crc_ ? kFeatures | kHasCrc : kFeatures & ~kHasCrc).u8(kTypeAndLocation);
        return crc_ ? withCrc(out.bytes()) : out.u16(kNoCrc).bytes();
    }

    [[nodiscard]] Bytes status(Duration age) const {
        const auto stopped = control_.isRunning() ? 0 : kSessionStopped;
        return ByteWriter{}.u16(offset(age)).u24(status_ | stopped).bytes();
    }

    /// Zeros until a collector has written its time.
    [[nodiscard]] Bytes sessionStart() const {
        ByteWriter out;
        putDateTime(out, start_ ? toLocalDateTime(*start_) : LocalDateTime{});
        return out.u8(zone_).u8(daylightSaving_).bytes();
    }

    /// A collector writes what time it is: the session has begun so much before.
    AttResult<Answer> setTime(ByteView value, Duration age) {
        const auto checked = checkedCrc(value, kSessionStartOctets, crc_);
        if (!checked) return std::unexpected(checked.error());
        const auto year = static_cast<std::uint16_t>(value[0] | value[1] << 8);
        const LocalDateTime now{year, value[2], value[3], value[4], value[5], value[6]};
        if (!now.isComplete()) return std::unexpected(AttError::outOfRange);
        const auto passed = std::chrono::floor<std::chrono::seconds>(age - startedAt_);
        start_ = toLocal(now) - passed;
        zone_ = value[7];
        daylightSaving_ = value[8];
        return Answer{};
    }

    /// Octets of the annunciation that are zero are left out.
    [[nodiscard]] Bytes encode(const Sample& sample, std::uint16_t minutes) const {
        const auto octet = [&](unsigned shift) {
            return static_cast<std::uint8_t>(sample.status >> shift & 0xffU);
        };
        const auto* rate = sample.find("trend");
        const auto* percent = sample.find("quality");
        int flags = 0;
        if (rate) flags |= trend;
        if (percent) flags |= quality;
        if (octet(16) != 0) flags |= warningOctet;
        if (octet(8) != 0) flags |= calibrationOctet;
        if (octet(0) != 0) flags |= statusOctet;
        ByteWriter out;
        out.u8(static_cast<std::uint8_t>(flags)).u16(sfloat(sample.get("glucose"))).u16(minutes);
        for (const unsigned shift : {0U, 8U, 16U}) {
            if (octet(shift) != 0) out.u8(octet(shift));
        }
        if (rate) out.u16(sfloat(*rate));
        if (percent) out.u16(sfloat(*percent));
        const auto size = 1 + out.bytes().size() + (crc_ ? 2 : 0);
        return sealed(ByteWriter{}.u8(static_cast<std::uint8_t>(size)).octets(out.bytes()).bytes());
    }

    bool crc_;
    SessionSettings own_;
    GlucoseControl control_;
    Duration startedAt_;  ///< the device's age then
    std::optional<std::chrono::local_seconds> start_;
    std::uint8_t zone_ = 0;
    std::uint8_t daylightSaving_ = 0;
    std::uint32_t status_ = 0;  ///< of the last measurement
};

std::unique_ptr<Model> make(const DeviceSettings& settings) {
    return std::make_unique<ContinuousGlucose>(settings);
}

}  // namespace

ModelSpec continuousGlucoseSpec() {
    return {.word = "continuous-glucose",
            .values = kValues,
            .statuses = kStatuses,
            .clock = ClockKind::none,
            .memory = 2000,
            .make = make};
}

}  // namespace vitalgate::simulator
