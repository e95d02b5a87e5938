#include <array>

#include "adapters/simulator/body_composition.hpp"
#include "adapters/simulator/model.hpp"
#include "adapters/simulator/user_data.hpp"

// Weight Scale Service 1.0 (2A9D, 2A9E), with or without body composition and user data.
namespace vitalgate::simulator {

namespace {

const Uuid kService{0x181d};
const Uuid kMeasurement{0x2a9d};
const Uuid kFeature{0x2a9e};

constexpr std::array kWeightValues{ValueSpec{"weight", true, 0, 655.34},
                                   ValueSpec{"bmi", false, 0, 6553.5},
                                   ValueSpec{"height", false, 0, 6553.5}};
constexpr std::array<std::string_view, 2> kUnits{"kg", "lb"};

/// Time stamps, several users, body mass index; 0.005 kg or 0.01 lb (code 7), 0.001 m or 0.1 in
/// (code 3).
constexpr std::uint32_t kFeatures = 0x07U | 7U << 3 | 3U << 7;

/// 3.2.1: the flags of a measurement, and the value that says that it was not successful.
enum Flag : std::uint8_t { imperial = 1, time = 2, user = 4, bodyMassIndex = 8 };
constexpr std::uint16_t kUnsuccessful = 0xffff;

class WeightScale final : public Model {
  public:
    explicit WeightScale(const DeviceSettings& settings)
        : inPounds_(settings.unit == "lb"), own_(settings.scale), people_(settings.consents) {}

    void describe(Database& database, std::vector<Characteristic> clock) const override {
        std::vector<Characteristic> all;
        if (own_.hasWeight) all = {{kFeature, {.read = true}}, {kMeasurement, {.indicate = true}}};
        auto composition =
            own_.hasComposition ? compositionCharacteristics() : std::vector<Characteristic>{};
        auto& first = own_.hasWeight ? all : composition;
        first.insert(first.end(), clock.begin(), clock.end());
        if (own_.hasWeight) database.add(kService, std::move(all));
        if (own_.hasComposition) database.add(compositionService(), std::move(composition));
        if (people_.isThere()) UserData::describe(database);
    }
    [[nodiscard]] std::vector<Uuid> advertised() const override {
        std::vector<Uuid> out;
        if (own_.hasWeight) out.push_back(kService);
        if (own_.hasComposition) out.push_back(compositionService());
        return out;
    }

    [[nodiscard]] AttResult<Bytes> read(const Uuid& characteristic, Duration age) const override {
        if (characteristic == kFeature) return ByteWriter{}.u32(kFeatures).bytes();
        if (auto feature = readComposition(characteristic)) return std::move(*feature);
        if (auto own = people_.read(characteristic)) return std::move(*own);
        return Model::read(characteristic, age);
    }

    AttResult<Answer> write(const Uuid& characteristic, ByteView value,
                            const Request& request) override {
        auto own = people_.write(characteristic, value, request.isAnswering);
        return own ? std::move(*own) : Model::write(characteristic, value, request);
    }

    Outputs measured(const Sample& sample, std::uint64_t number) override {
        Outputs out;
        if (own_.hasWeight) out.push_back({kMeasurement, encode(sample), {number}});
        if (!own_.hasComposition) return out;
        const CompositionForm form{inPounds_, !own_.hasWeight, own_.inTwoPackets};
        for (auto& each : encodeComposition(sample, form, number)) out.push_back(std::move(each));
        return out;
    }

    [[nodiscard]] bool maySend(std::optional<std::uint8_t> whose) const override {
        if (!people_.isThere()) return true;
        return people_.user() && (!whose || whose == people_.user());
    }
    void disconnected() override { people_.disconnected(); }

  private:
    [[nodiscard]] Bytes encode(const Sample& sample) const {
        const auto* index = sample.find("bmi");
        const auto* height = sample.find("height");
        const bool hasIndex = index && height && !sample.failed;
        int flags = 0;
        if (inPounds_) flags |= imperial;
        if (sample.time) flags |= time;
        if (sample.user) flags |= user;
        if (hasIndex) flags |= bodyMassIndex;
        ByteWriter out;
        out.u8(static_cast<std::uint8_t>(flags)).u16(weight(sample.get("weight")));
        if (sample.time) putDateTime(out, *sample.time);
        if (sample.user) out.u8(*sample.user);
        if (hasIndex) {
            out.u16(scaled16(index->value, 0.1));
            out.u16(scaled16(height->value, inPounds_ ? 0.1 : 0.001));
        }
        return out.bytes();
    }

    [[nodiscard]] std::uint16_t weight(const Number& number) const {
        if (number.special != Special::none) return kUnsuccessful;
        return scaled16(number.value, inPounds_ ? 0.01 : 0.005);
    }

    bool inPounds_;
    WeightScaleSettings own_;
    UserData people_;
};

std::unique_ptr<Model> make(const DeviceSettings& settings) {
    return std::make_unique<WeightScale>(settings);
}

std::span<const ValueSpec> values() {
    static const auto kAll = [] {
        std::vector<ValueSpec> all(kWeightValues.begin(), kWeightValues.end());
        const auto more = compositionValues();
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }();
    return kAll;
}

}  // namespace

ModelSpec weightScaleSpec() {
    return {.word = "weight-scale",
            .values = values(),
            .units = kUnits,
            .clock = ClockKind::currentTime,
            .memory = 30,
            .make = make};
}

}  // namespace vitalgate::simulator
