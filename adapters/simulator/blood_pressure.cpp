#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <string_view>

#include "adapters/simulator/recording_model.hpp"

// Blood Pressure Service 1.1.1: 2A35, 2A36, 2A49; of an enhanced device 2B34 to 2B36 and 2A52 too.
namespace vitalgate::simulator {

namespace {

const Uuid kService{0x1810};
const Uuid kMeasurement{0x2a35};
const Uuid kIntermediate{0x2a36};
const Uuid kFeature{0x2a49};
const Uuid kEnhancedMeasurement{0x2b34};
const Uuid kEnhancedIntermediate{0x2b35};
const Uuid kRecord{0x2b36};
constexpr std::uint16_t kEnhancedUuid = 0x2b34;

/// How far above the systolic pressure the values before it are, each: the cuff lets off its air.
constexpr double kStepMmHg = 10;
constexpr double kStepKilopascal = 1.5;

constexpr double kAnyMantissa = 2045;
constexpr std::array kValues{
    ValueSpec{"systolic", true, 0, kAnyMantissa}, ValueSpec{"diastolic", true, 0, kAnyMantissa},
    ValueSpec{"mean", false, 0, kAnyMantissa}, ValueSpec{"pulse", false, 0, kAnyMantissa}};
/// Measurement Status (3.1.1.7).
constexpr std::array kStatuses{
    StatusSpec{"body-movement", 0x01},     StatusSpec{"cuff-loose", 0x02},
    StatusSpec{"irregular-pulse", 0x04},   StatusSpec{"pulse-above-range", 0x08},
    StatusSpec{"pulse-below-range", 0x10}, StatusSpec{"improper-position", 0x20}};
constexpr std::array<std::string_view, 2> kUnits{"mmHg", "kPa"};

/// Body movement, cuff fit, irregular pulse, pulse range and position are detected.
constexpr std::uint16_t kDetections = 0x001f;
constexpr std::uint16_t kHasCrc = 0x0040;
constexpr std::uint16_t kHasUserFacingTime = 0x0100;

/// The flags of a measurement; the last two are of an enhanced one.
enum Flag : std::uint8_t {
    kilopascal = 0x01,
    time = 0x02,
    pulse = 0x04,
    user = 0x08,
    status = 0x10,
    userFacingTime = 0x20,
    since2000 = 0x40
};

/// Segmentation Header of a record: first, last, and a counter that rolls on.
constexpr std::uint8_t kFirst = 0x01;
constexpr std::uint8_t kLast = 0x02;
constexpr unsigned kCounterShift = 2;
constexpr std::uint8_t kCounterEnd = 64;
/// What a record has besides its header in one segment: a notification of 20 octets is enough.
constexpr std::size_t kSegment = 18;

constexpr std::array<std::string_view, 3> kPressures{"systolic", "diastolic", "mean"};
constexpr std::array<std::string_view, 1> kCuffPressure{"systolic"};

bool hasPulse(const Sample& sample) {
    // A failed measurement has its pulse and status fields too: real cuffs send all of them.
    return sample.failed || sample.find("pulse") != nullptr;
}

class BloodPressure final : public RecordingModel {
  public:
    explicit BloodPressure(const DeviceSettings& settings)
        : RecordingModel(settings.records, RecordAccess::Operators::every),
          inKilopascal_(settings.unit == "kPa"),
          enhanced_(settings.enhanced),
          crc_(settings.crc),
          cuffPressures_(settings.cuffPressures),
          offset_(settings.userTimeOffset.value_or(Duration{})) {}

    void describe(Database& database, std::vector<Characteristic> clock) const override {
        std::vector<Characteristic> all{{kMeasurement, {.indicate = true}},
                                        {kFeature, {.read = true}}};
        if (enhanced_) all.push_back({kEnhancedMeasurement, {.indicate = true}});
        if (cuffPressures_ > 0) {
            all.push_back({kIntermediate, {.notify = true}});
            if (enhanced_) all.push_back({kEnhancedIntermediate, {.notify = true}});
        }
        if (keeps()) all.push_back({kRecord, {.notify = true}});
        addAccess(all);
        all.insert(all.end(), clock.begin(), clock.end());
        database.add(kService, std::move(all));
    }
    [[nodiscard]] std::vector<Uuid> advertised() const override { return {kService}; }

    [[nodiscard]] AttResult<Bytes> read(const Uuid& characteristic, Duration age) const override {
        if (characteristic != kFeature) return Model::read(characteristic, age);
        int features = kDetections;
        if (keeps() && crc_) features |= kHasCrc;
        if (enhanced_) features |= kHasUserFacingTime;
        return ByteWriter{}.u16(static_cast<std::uint16_t>(features)).bytes();
    }

    Outputs measured(const Sample& sample, std::uint64_t number) override {
        Output output{kMeasurement, encode(sample), {number}};
        if (enhanced_) {
            output.plain = PlainValue{kMeasurement, std::move(output.value)};
            output.characteristic = kEnhancedMeasurement;
            output.value = encodeEnhanced(sample, kPressures);
        }
        if (keeps()) {
            const auto sequence = store().nextSequence();
            store().add({number, sequence, segments(sequence, encodeEnhanced(sample, kPressures))});
        }
        auto outputs = onTheWay(sample);
        std::ranges::move(atOnce({std::move(output)}), std::back_inserter(outputs));
        return outputs;
    }

  private:
    [[nodiscard]] int commonFlags(const Sample& sample) const {
        int flags = status;
        if (inKilopascal_) flags |= kilopascal;
        if (sample.time) flags |= time;
        if (hasPulse(sample)) flags |= pulse;
        if (sample.user) flags |= user;
        return flags;
    }
    static void putPressures(ByteWriter& out, const Sample& sample,
                             std::span<const std::string_view> names) {
        for (const auto name : names) out.u16(sfloat(sample.get(name)));
    }
    static void putDetails(ByteWriter& out, const Sample& sample) {
        if (hasPulse(sample)) out.u16(sfloat(sample.get("pulse")));
        if (sample.user) out.u8(*sample.user);
        out.u16(static_cast<std::uint16_t>(sample.status));
    }

    /// The pressure of the cuff stands in the place of the systolic one, and nothing is known of
    /// the others; an enhanced value does not have them at all.
    [[nodiscard]] Outputs onTheWay(const Sample& sample) const {
        Outputs out;
        for (int left = cuffPressures_; left > 0; --left) {
            auto early = sample;
            early.status = 0;
            auto pressure = sample.get(kCuffPressure[0]);
            pressure.value += left * (inKilopascal_ ? kStepKilopascal : kStepMmHg);
            early.values = {{std::string(kCuffPressure[0]), pressure}};
            Output output{kIntermediate, encode(early)};
            if (enhanced_) {
                output.plain = PlainValue{kIntermediate, std::move(output.value)};
                output.characteristic = kEnhancedIntermediate;
                output.value = encodeEnhanced(early, kCuffPressure);
            }
            out.push_back(std::move(output));
        }
        return out;
    }

    [[nodiscard]] Bytes encode(const Sample& sample) const {
        ByteWriter out;
        out.u8(static_cast<std::uint8_t>(commonFlags(sample)));
        putPressures(out, sample, kPressures);
        if (sample.time) putDateTime(out, *sample.time);
        putDetails(out, sample);
        return out.bytes();
    }

    /// Times are seconds: the inner clock's, and what the person sees.
    [[nodiscard]] Bytes encodeEnhanced(const Sample& sample,
                                       std::span<const std::string_view> pressures) const {
        const auto ahead = std::chrono::duration_cast<std::chrono::seconds>(offset_).count();
        const auto seen = sample.time ? secondsSince2000(*sample.time) : 0;
        int flags = commonFlags(sample) | since2000;
        if (sample.time) flags |= userFacingTime;
        ByteWriter out;
        out.u8(static_cast<std::uint8_t>(flags));
        putPressures(out, sample, pressures);
        if (sample.time) out.u32(seen - static_cast<std::uint32_t>(ahead));
        putDetails(out, sample);
        if (sample.time) out.u32(seen);
        return out.bytes();
    }

    /// The CRC is that of the record as it is in one piece, with a header that says first and last.
    Outputs segments(std::uint16_t sequence, const Bytes& value) {
        const auto header = static_cast<std::uint8_t>(counter_ << kCounterShift | kFirst | kLast);
        ByteWriter whole;
        whole.u8(header).u16(sequence).u16(kEnhancedUuid).octets(value);
        const auto record = crc_ ? withCrc(whole.bytes()) : whole.bytes();
        const auto carried = ByteView(record).subspan(1);
        Outputs out;
        for (std::size_t at = 0; at < carried.size(); at += kSegment) {
            const auto part = carried.subspan(at, std::min(kSegment, carried.size() - at));
            int own = counter_ << kCounterShift;
            if (at == 0) own |= kFirst;
            if (at + kSegment >= carried.size()) own |= kLast;
            counter_ = static_cast<std::uint8_t>((counter_ + 1) % kCounterEnd);
            ByteWriter segment;
            segment.u8(static_cast<std::uint8_t>(own)).octets(part);
            out.push_back({kRecord, segment.bytes()});
        }
        return out;
    }

    bool inKilopascal_;
    bool enhanced_;
    bool crc_;
    std::uint8_t cuffPressures_;
    Duration offset_;
    std::uint8_t counter_ = 0;  ///< of segments
};

std::unique_ptr<Model> make(const DeviceSettings& settings) {
    return std::make_unique<BloodPressure>(settings);
}

}  // namespace

ModelSpec bloodPressureSpec() {
    return {.word = "blood-pressure",
            .values = kValues,
            .statuses = kStatuses,
            .units = kUnits,
            .clock = ClockKind::currentTime,
            .memory = 30,
            .make = make};
}

}  // namespace vitalgate::simulator
