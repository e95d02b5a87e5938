#include <array>

#include "adapters/simulator/glucose_context.hpp"
#include "adapters/simulator/recording_model.hpp"

// Glucose Service 1.0: 2A18, 2A34, 2A51, 2A52.
namespace vitalgate::simulator {

namespace {

const Uuid kService{0x1808};
const Uuid kMeasurement{0x2a18};
const Uuid kContext{0x2a34};
const Uuid kFeature{0x2a51};

constexpr double kAnyMantissa = 2045;
constexpr std::array kValues{ValueSpec{"glucose", true, 0, kAnyMantissa},
                             ValueSpec{"carbohydrate", false, 0, kAnyMantissa},
                             ValueSpec{"exercise", false, 0, 65535},
                             ValueSpec{"exercise-intensity", false, 0, 100},
                             ValueSpec{"medication", false, 0, kAnyMantissa},
                             ValueSpec{"medication-volume", false, 0, kAnyMantissa},
                             ValueSpec{"hba1c", false, 0, 100}};
constexpr std::array<std::string_view, 2> kUnits{"mg/dL", "mmol/L"};

/// 3.1.1.7: the lower half of an octet; the location is the upper.
constexpr std::array kTypes{
    ChoiceWord{"capillary-whole", 1},    ChoiceWord{"capillary-plasma", 2},
    ChoiceWord{"venous-whole", 3},       ChoiceWord{"venous-plasma", 4},
    ChoiceWord{"arterial-whole", 5},     ChoiceWord{"arterial-plasma", 6},
    ChoiceWord{"undetermined-whole", 7}, ChoiceWord{"undetermined-plasma", 8},
    ChoiceWord{"interstitial-fluid", 9}, ChoiceWord{"control-solution", 10}};
constexpr std::array kLocations{ChoiceWord{"finger", 1}, ChoiceWord{"alternate-site", 2},
                                ChoiceWord{"earlobe", 3}, ChoiceWord{"control-solution", 4},
                                ChoiceWord{"not-available", 15}};
constexpr std::uint8_t kCapillaryWhole = 1;
constexpr std::uint8_t kFinger = 1;
constexpr std::uint8_t kControlType = 10;
constexpr std::uint8_t kControlLocation = 4;

constexpr std::array kStatuses{
    StatusSpec{"battery-low", 0x001},          StatusSpec{"sensor-malfunction", 0x002},
    StatusSpec{"sample-insufficient", 0x004},  StatusSpec{"strip-insertion-error", 0x008},
    StatusSpec{"strip-type-incorrect", 0x010}, StatusSpec{"result-above-range", 0x020},
    StatusSpec{"result-below-range", 0x040},   StatusSpec{"temperature-high", 0x080},
    StatusSpec{"temperature-low", 0x100},      StatusSpec{"read-interrupted", 0x200},
    StatusSpec{"device-fault", 0x400},         StatusSpec{"time-fault", 0x800}};
/// All of them are detected (3.3).
constexpr std::uint16_t kFeatures = 0x03ff;

/// 3.1.1.1: the flags of a measurement.
enum Flag : std::uint8_t {
    offset = 0x01,
    concentration = 0x02,
    molPerLitre = 0x04,
    status = 0x08,
    contextFollows = 0x10
};
/// mg/dL and mmol/L as kg/L and mol/L.
constexpr int kToKilograms = -5;
constexpr int kToMoles = -3;

class Glucose final : public RecordingModel {
  public:
    explicit Glucose(const DeviceSettings& settings)
        : RecordingModel(settings.records, RecordAccess::Operators::every),
          inMoles_(settings.unit == "mmol/L"),
          offset_(settings.userTimeOffset) {}

    void describe(Database& database, std::vector<Characteristic> clock) const override {
        std::vector<Characteristic> all{{kMeasurement, {.notify = true}},
                                        {kContext, {.notify = true}},
                                        {kFeature, {.read = true}}};
        addAccess(all);
        all.insert(all.end(), clock.begin(), clock.end());
        database.add(kService, std::move(all));
    }
    [[nodiscard]] std::vector<Uuid> advertised() const override { return {kService}; }

    [[nodiscard]] AttResult<Bytes> read(const Uuid& characteristic, Duration age) const override {
        if (characteristic != kFeature) return Model::read(characteristic, age);
        return ByteWriter{}.u16(kFeatures).bytes();
    }

    Outputs measured(const Sample& sample, std::uint64_t number) override {
        const auto sequence = store().nextSequence();
        const auto context = encodeGlucoseContext(sample, sequence);
        Outputs out{{kMeasurement, encode(sample, sequence, context.has_value()), {number}}};
        if (context) out.push_back({kContext, *context, {number}});
        if (keeps()) store().add({number, sequence, out});
        return atOnce(std::move(out));
    }

  private:
    [[nodiscard]] Bytes encode(const Sample& sample, std::uint16_t sequence,
                               bool hasContext) const {
        int flags = concentration;
        if (offset_) flags |= offset;
        if (inMoles_) flags |= molPerLitre;
        if (sample.status != 0) flags |= status;
        if (hasContext) flags |= contextFollows;
        ByteWriter out;
        out.u8(static_cast<std::uint8_t>(flags)).u16(sequence);
        putTime(out, sample);
        const auto glucose = shifted(sample.get("glucose"), inMoles_ ? kToMoles : kToKilograms);
        out.u16(sfloat(glucose)).u8(typeAndLocation(sample));
        if (sample.status != 0) out.u16(static_cast<std::uint16_t>(sample.status));
        return out.bytes();
    }

    /// What the person sees is the base time and the offset.
    void putTime(ByteWriter& out, const Sample& sample) const {
        const auto ahead =
            std::chrono::duration_cast<std::chrono::minutes>(offset_.value_or(Duration{}));
        const auto base =
            sample.time ? toLocalDateTime(toLocal(*sample.time) - ahead) : LocalDateTime{};
        putDateTime(out, base);
        if (offset_) out.u16(static_cast<std::uint16_t>(ahead.count()));
    }

    static std::uint8_t typeAndLocation(const Sample& sample) {
        const bool isControl = sample.choice("control").value_or(0) != 0;
        const auto type =
            sample.choice("type").value_or(isControl ? kControlType : kCapillaryWhole);
        const auto location =
            sample.choice("location").value_or(isControl ? kControlLocation : kFinger);
        return static_cast<std::uint8_t>(location << 4 | type);
    }

    bool inMoles_;
    std::optional<Duration> offset_;
};

std::unique_ptr<Model> make(const DeviceSettings& settings) {
    return std::make_unique<Glucose>(settings);
}

/// What an entry may say of a record and of its context.
std::span<const ChoiceSpec> choices() {
    static const auto kAll = [] {
        static constexpr std::array kControl{ChoiceWord{"false", 0}, ChoiceWord{"true", 1}};
        std::vector<ChoiceSpec> all{
            {"type", kTypes}, {"location", kLocations}, {"control", kControl}};
        const auto context = glucoseContextChoices();
        all.insert(all.end(), context.begin(), context.end());
        return all;
    }();
    return kAll;
}

}  // namespace

ModelSpec glucoseSpec() {
    return {.word = "glucose",
            .values = kValues,
            .choices = choices(),
            .statuses = kStatuses,
            .units = kUnits,
            .clock = ClockKind::currentTime,
            .memory = 500,
            .make = make};
}

}  // namespace vitalgate::simulator
